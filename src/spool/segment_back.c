/* History: back from the end of a segment, record by record. */
#include <errno.h>
#include <stdlib.h>

#include "base/slice.h"
#include "spool/segment.h"

#define FIRST_LOOK 4096
#define LARGEST_LOOK 65536
/* How many records are counted between two looks at the clock. */
#define CLOCK_EVERY 128
/* What counting a record costs, in bytes read: even a blank line takes time. */
#define RECORD_COST 32

/*
 * Count back over the records in ${whole}, which ends where ${back} stands and
 * begins after a record; ${before} is the byte in front of it.  Stop when the
 * slice is over or nothing is lacking any more.
 */
static void
count(enum record_form form, const struct span *whole, int before,
    struct segment_back *back)
{
	const uint64_t base = back->end - whole->len;
	size_t end = whole->len;
	unsigned n = 0;

	while (end > 0 && back->lacking > 0) {
		size_t start, blank = record_blank_tail(whole->bytes, end);
		struct record rec;

		/*
		 * There may be any number of blank lines: pass over all but
		 * one.
		 */
		if (form == RECORD_LINE && blank > 2)
			end -= blank - 2;
		start = record_last_end(form, whole->bytes, end - 1, before);

		if (record_parse(form, whole->bytes + start, end - start,
			start == 0 && before == -1, &rec))
			back->lacking--;
		end = start;
		if (++n % CLOCK_EVERY == 0 && slice_is_over())
			break;
	}
	slice_charge((size_t)n * RECORD_COST);
	back->end = back->at = base + end;
}

/* Take the whole records in the ${len} bytes before where ${back} stands. */
static void
take_window(const struct segment *seg, const uint8_t *bytes, size_t len,
    int before, struct segment_back *back)
{
	struct span whole = { bytes, len };
	size_t first = 0;

	/* The first bytes may be the rest of a record, which is not counted. */
	if (before != -1) {
		first = record_find_end(seg->form, bytes, len, before, 0);
		whole.bytes += first;
		whole.len -= first;
	}
	if (first > 0)
		before = bytes[first - 1];
	if (whole.len > 0)
		count(seg->form, &whole, before, back);
	/* A record that is longer than a look is passed over as a whole. */
	else if (back->look >= LARGEST_LOOK)
		back->at = back->end - len;
	if (back->look < LARGEST_LOOK)
		back->look *= 4;
}

/* Look for the start of a long record in the ${len} bytes before back->at. */
static void
pass_long(const struct segment *seg, const uint8_t *bytes, size_t len,
    int before, struct segment_back *back)
{
	size_t found = record_last_end(seg->form, bytes, len, before);

	back->at -= len - found;
	if (found == 0 && back->at > 0)
		return;
	back->end = back->at;
	back->lacking--;
}

static int
step(const struct segment *seg, struct segment_back *back)
{
	size_t len = back->look;
	uint8_t *bytes;
	int before;

	if (slice_take(len) != 0)
		return -1;
	if ((bytes = malloc(len)) == NULL)
		return -1;
	if (segment_look_back(seg, back->at, bytes, &len, &before) != 0) {
		free(bytes);
		return -1;
	}
	if (back->at == back->end)
		take_window(seg, bytes, len, before, back);
	else
		pass_long(seg, bytes, len, before, back);
	free(bytes);
	return 0;
}

int
segment_back(struct segment *seg, struct segment_back *back)
{
	if (back->look == 0) {
		if (segment_tail_offset(seg, &back->end) != 0)
			return -1;
		back->at = back->end;
		back->look = FIRST_LOOK;
	}
	while (back->lacking > 0 && back->end > 0) {
		if (step(seg, back) != 0)
			return -1;
	}
	return 0;
}
