#include <errno.h>
#include <stdlib.h>

#include "base/slice.h"
#include "spool/segment.h"

#define FIRST_LOOK 4096
#define LARGEST_LOOK 65536
/*
 * How far from its end a file is searched, more than any max_record: if no
 * record ends there, it is no channel to begin in.
 */
#define TAIL_LIMIT (17 << 20)

/* Make the check of the bytes before ${upto}. */
static int
check_of(const struct segment *seg, uint64_t upto, uint32_t *out)
{
	uint8_t bytes[SEGMENT_CHECK_BYTES];
	size_t len = sizeof(bytes);

	if (upto < len)
		len = (size_t)upto;
	if (segment_read(seg, bytes, len, upto - len) != 0)
		return -1;
	*out = segment_check(NULL, 0, bytes, len);
	return 0;
}

/* Forget what is known of a file that was cut or written anew since. */
static int
renew(struct segment *seg, uint64_t size)
{
	static const struct segment_tail nothing = { .upto = 0 };
	struct segment_tail *tail = &seg->tail;
	uint32_t check = 0;

	if (size < tail->goal)
		tail->goal = 0;
	if (tail->upto == 0)
		return 0;
	if (size >= tail->upto && check_of(seg, tail->upto, &check) != 0 &&
	    errno != ESTALE)
		return -1;
	if (size < tail->upto || check != tail->check)
		*tail = nothing;
	return 0;
}

/* Look for an end in the ${look} bytes before the place that was reached. */
static int
step_back(
    const struct segment *seg, struct segment_tail *tail, size_t look, bool *is)
{
	uint8_t *bytes = malloc(look);
	size_t len = look, found;
	int before, rc = -1;

	if (bytes == NULL)
		return -1;
	if (slice_take(look) == 0 &&
	    segment_look_back(seg, tail->at, bytes, &len, &before) == 0) {
		found = record_last_end(seg->form, bytes, len, before);
		*is = found > 0;
		tail->at -= len - found;
		rc = 0;
	}
	free(bytes);
	return rc;
}

/* Go on with the search, down to what is known or as far as TAIL_LIMIT. */
static int
search(const struct segment *seg, struct segment_tail *tail)
{
	uint64_t stop = tail->upto;
	size_t look = FIRST_LOOK;
	bool is_found = false;

	if (stop == 0 && tail->goal > TAIL_LIMIT)
		stop = tail->goal - TAIL_LIMIT;
	while (tail->at > stop && !is_found) {
		if (tail->goal - tail->at >= LARGEST_LOOK)
			look = LARGEST_LOOK;
		if (step_back(seg, tail, look, &is_found) != 0)
			return -1;
	}
	if (is_found || stop == 0) {
		tail->end = is_found ? tail->at : 0;
		tail->is_endless = false;
	} else if (tail->upto == 0) {
		tail->is_endless = true;
	}
	return 0;
}

int
segment_tail_offset(struct segment *seg, uint64_t *out)
{
	struct segment_tail *tail = &seg->tail;
	uint64_t size;

	if (segment_size(seg, &size) != 0 || renew(seg, size) != 0)
		return -1;
	*out = 0;
	if (size == 0)
		return 0;
	/*
	 * Only what the file has grown by is searched, maybe in several slices.
	 */
	if (size > tail->upto) {
		if (tail->goal == 0)
			tail->goal = tail->at = size;
		if (search(seg, tail) != 0 ||
		    check_of(seg, tail->goal, &tail->check) != 0)
			return -1;
		tail->upto = tail->goal;
		tail->goal = 0;
	}
	if (tail->is_endless) {
		errno = EFBIG;
		return -1;
	}
	*out = tail->end;
	return 0;
}

int
segment_tail(struct segment *seg, struct position *out)
{
	uint64_t offset;

	if (segment_tail_offset(seg, &offset) != 0)
		return -1;
	return segment_position(seg, offset, out);
}
