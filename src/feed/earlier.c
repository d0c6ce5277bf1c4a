#include <errno.h>

#include "feed/earlier.h"
#include "spool/channel_log.h"

int
earlier_is_cut(struct segment *seg, struct segment *copy)
{
	struct position end;
	uint64_t size;
	int holds;

	if (segment_size(copy, &size) != 0 ||
	    segment_position(copy, size, &end) != 0)
		return -1;
	holds = segment_holds(seg, &end);
	return holds == -1 ? -1 : !holds;
}

int
earlier_numbered(
    struct channel *channel, struct segment *seg, struct segment **out)
{
	*out = NULL;
	if (seg == channel->segment) {
		*out = segment_ref(channel->before);
		return 0;
	}
	switch (channel_log_before(channel, seg, out)) {
	case SERIES_HOLE:
		segment_drop(out);
		return 0;
	case SERIES_MORE:
		errno = EAGAIN;
		return -1;
	case SERIES_ERROR:
		/* A segment that we may not read counts as none. */
		return errno == EACCES ? 0 : -1;
	default:
		return 0;
	}
}

int
earlier_find(struct channel *channel, struct segment *seg, struct segment **out)
{
	struct segment *copy;
	int rc = earlier_numbered(channel, seg, out);

	if (rc != 0 || *out == NULL || !segment_is_copy(*out, seg) ||
	    earlier_is_cut(seg, *out) != 0)
		return rc;
	/*
	 * A copy of what is not cut yet may still be in the making, and has
	 * nothing that ${seg} has not: what came before the copying did so
	 * before both.
	 */
	copy = *out;
	rc = earlier_numbered(channel, copy, out);
	segment_drop(&copy);
	return rc;
}
