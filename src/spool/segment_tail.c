/* Looking for records from the end of a segment. */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "spool/segment.h"

#define FIRST_LOOK 4096
#define LARGEST_LOOK (1 << 20)
/*
 * Where no record ends in so many bytes, more than any max_record, the file is
 * no channel to begin in.
 */
#define TAIL_LIMIT (17 << 20)
/* A record that is longer than this is not passed, on the way back. */
#define PASSED_LIMIT (16 << 20)
/* How far back records are looked for: 1000 of the default max_record. */
#define BACK_LIMIT ((uint64_t)64 << 20)
/* How many other places are looked at that a short code might mean. */
#define OTHERS 4

/*
 * Read the ${*len} bytes before ${end} and the byte in front of them, which is
 * put in ${before} (-1 at the start of the file).
 */
static int
look_back(const struct segment *seg, uint64_t end, uint8_t *bytes, size_t *len,
    int *before)
{
	uint8_t byte;

	if (*len > end)
		*len = (size_t)end;
	*before = -1;
	if (*len < end) {
		if (segment_read(seg, &byte, 1, end - *len - 1) != 0)
			return -1;
		*before = byte;
	}
	return segment_read(seg, bytes, *len, end - *len);
}

/* The offset behind the last record end before ${end}, or -1, also EFBIG. */
static int
last_end(const struct segment *seg, uint64_t end, uint64_t *out)
{
	uint64_t stop = end > TAIL_LIMIT ? end - TAIL_LIMIT : 0;
	/* Mostly untouched: the first look is nearly always enough. */
	uint8_t *bytes = malloc(LARGEST_LOOK);
	size_t look = FIRST_LOOK, found = 0;
	int rc = -1;

	if (bytes == NULL)
		return -1;
	while (end > stop && found == 0) {
		size_t len = look;
		int before;

		if (look_back(seg, end, bytes, &len, &before) != 0)
			goto done;
		found = record_last_end(seg->form, bytes, len, before);
		end -= len - found;
		if (look < LARGEST_LOOK)
			look *= 4;
	}
	if (found == 0 && stop > 0) {
		errno = EFBIG;
		goto done;
	}
	*out = end;
	rc = 0;
done:
	free(bytes);
	return rc;
}

static int
tail_offset(const struct segment *seg, uint64_t *out)
{
	uint64_t size;

	if (segment_size(seg, &size) != 0)
		return -1;
	return last_end(seg, size, out);
}

/* Codes begin elsewhere in each file, so that of another they make no sense. */
static uint64_t
code_start(const struct segment *seg)
{
	return hash_mix(seg->id.ino) % MARK_BEFORE_RANGE + 1;
}

uint64_t
segment_before_code(const struct segment *seg, uint64_t offset)
{
	return code_start(seg) + offset;
}

/* Whether a record ends at ${offset}, and the last at ${tail}; or -1. */
static int
is_end(struct segment *seg, uint64_t tail, uint64_t offset)
{
	uint8_t end[2];
	size_t len = offset > 1 ? 2 : 1;

	if (offset == tail || offset == 0)
		return 1;
	if (segment_read(seg, end, len, offset - len) != 0)
		return errno == ESTALE ? 0 : -1;
	return record_is_end(seg->form, len > 1 ? end[0] : -1, end[len - 1]);
}

/* Whether nothing can have been written to ${seg} since ${newer} was made. */
static bool
is_settled(const struct segment *seg, const struct segment *newer)
{
	struct stat st;

	if (segment_is_copy(seg, newer))
		return true;
	return fstat(seg->fd, &st) == 0 &&
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec <
	    newer->id.birth_ns;
}

/* A short code fits a place in every so many bytes: take the last. */
static int
find_short(struct segment *seg, const struct segment *newer, uint64_t code,
    uint64_t tail, uint64_t *out)
{
	uint64_t grown =
	    (segment_before_code(seg, tail) + MARK_BEFORE_RANGE - code) %
	    MARK_BEFORE_RANGE;
	uint64_t at = tail - grown;
	int rc;

	if (grown > tail)
		return 0;
	*out = at;
	if ((rc = is_end(seg, tail, at)) != 1 || is_settled(seg, newer))
		return rc;
	for (int i = 0; i < OTHERS && at >= MARK_BEFORE_RANGE; i++) {
		at -= MARK_BEFORE_RANGE;
		if ((rc = is_end(seg, tail, at)) != 0)
			return rc == 1 ? 0 : -1;
	}
	return 1;
}

int
segment_before(struct segment *seg, const struct segment *newer,
    const struct mark *mark, uint64_t *out)
{
	uint64_t tail;

	if (tail_offset(seg, &tail) != 0)
		return errno == EFBIG ? 0 : -1;
	if (!mark->is_long)
		return find_short(seg, newer, mark->before, tail, out);
	if (mark->before < segment_before_code(seg, 0) ||
	    mark->before > segment_before_code(seg, tail))
		return 0;
	*out = mark->before - segment_before_code(seg, 0);
	return is_end(seg, tail, *out);
}

int
segment_tail(struct segment *seg, struct position *out)
{
	uint64_t offset;

	if (tail_offset(seg, &offset) != 0)
		return -1;
	return segment_position(seg, offset, out);
}

/*
 * Find the start of the record that is ${records} back from the end of
 * ${bytes}, which start and end behind a record; ${before} is the byte in front
 * of them.  Return it as an index, or ${len} if there are not so many.
 */
static size_t
count_back(enum record_form form, const struct span *bytes, int before,
    uint64_t *records)
{
	size_t end = bytes->len;

	while (end > 0) {
		size_t start =
		    record_last_end(form, bytes->bytes, end - 1, before);
		struct record rec;

		if (record_parse(form, bytes->bytes + start, end - start,
			start == 0 && before == -1, &rec) &&
		    --*records == 0)
			return start;
		end = start;
	}
	return bytes->len;
}

/*
 * Look for the start among the ${len} bytes before ${tail}.  Return 1 with it
 * in ${out}, 0 with the earliest start in sight there, or -1.
 */
static int
back_within(const struct segment *seg, uint64_t tail, struct span *look,
    uint64_t *records, uint64_t *out)
{
	uint8_t *bytes = malloc(look->len + 1);
	size_t first = 0, found;
	struct span whole;
	int before, rc = -1;

	if (bytes == NULL)
		return -1;
	if (look_back(seg, tail, bytes, &look->len, &before) != 0)
		goto done;
	/* The first bytes may be the rest of a record: not counted. */
	if (before != -1)
		first = record_find_end(seg->form, bytes, look->len, before, 0);
	whole.bytes = bytes + first;
	whole.len = look->len - first;
	if (first > 0)
		before = bytes[first - 1];
	found = count_back(seg->form, &whole, before, records);
	*out = tail - whole.len;
	rc = found < whole.len;
	if (rc == 1)
		*out += found;
done:
	free(bytes);
	return rc;
}

/*
 * Look for the start of the record that is ${*records} before ${end}, the end
 * of one.  ${*look} bytes are looked at, and more the next time.  Return as
 * back_within.
 */
static int
step_back(const struct segment *seg, uint64_t end, size_t *look,
    uint64_t *records, uint64_t *start)
{
	struct span bytes = { NULL, *look };
	int rc = back_within(seg, end, &bytes, records, start);

	/* One that is longer than that is looked for as a whole. */
	if (*look < LARGEST_LOOK || *start == end)
		*look *= 4;
	return rc;
}

int
segment_back(struct segment *seg, uint64_t *records, struct position *out)
{
	size_t look = FIRST_LOOK;
	uint64_t tail, start, lacking = *records;
	int rc = 0;

	if (tail_offset(seg, &tail) != 0)
		return -1;
	start = tail;
	while (rc == 0 && start > 0 && look <= PASSED_LIMIT &&
	    tail - start < BACK_LIMIT) {
		uint64_t end = start;

		rc = step_back(seg, end, &look, &lacking, &start);
	}
	if (rc == -1 || segment_position(seg, start, out) != 0)
		return -1;
	/* What was too far away to look for is not lacking. */
	*records = start == 0 ? lacking : 0;
	return 0;
}
