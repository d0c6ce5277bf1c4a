/* What an event id says of the segment before the one that is read. */
#include <sys/stat.h>

#include <errno.h>

#include "base/hash.h"
#include "spool/segment.h"

/* How many other places are looked at that a short code might mean. */
#define OTHERS 4

/*
 * Return the code of offset 0.  It is another one in each file, so that the
 * codes of one file make no sense in another.
 */
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

/*
 * Return whether a record ends at ${offset}, where the last ends at ${tail}; or
 * -1.
 */
static int
is_end(const struct segment *seg, uint64_t tail, uint64_t offset)
{
	return offset == tail ? 1 : segment_is_end(seg, offset);
}

/*
 * Return whether nothing can have been written to ${seg} since ${newer} was
 * made.
 */
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

/*
 * Find what place a short code means.  It fits one in every MARK_BEFORE_RANGE
 * bytes: take the last, unless ${seg} may have grown since and another fits,
 * too.
 */
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

	if (segment_tail_offset(seg, &tail) != 0)
		return errno == EFBIG ? 0 : -1;
	if (!mark->is_long)
		return find_short(seg, newer, mark->before, tail, out);
	if (mark->before < segment_before_code(seg, 0) ||
	    mark->before > segment_before_code(seg, tail))
		return 0;
	*out = mark->before - segment_before_code(seg, 0);
	return is_end(seg, tail, *out);
}
