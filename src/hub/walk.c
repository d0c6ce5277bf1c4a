#include <errno.h>
#include <string.h>

#include "hub/walk.h"
#include "source/channel_log.h"
#include "spool/rewrite.h"
#include "spool/rotation.h"

/* The tail of ${seg}; its start if it has none, so that all is unread. */
static int
end_of(struct segment *seg, struct position *out)
{
	if (seg == NULL || segment_tail(seg, out) == 0)
		return 0;
	if (errno != EFBIG && errno != ESTALE)
		return -1;
	return segment_position(seg, 0, out);
}

/* The segment before ${seg} with one more reference; NULL: none, or a hole. */
static struct segment *
find_before(struct channel *channel, struct segment *seg)
{
	struct segment *before = NULL;

	if (seg == channel->segment)
		return segment_ref(channel->before);
	if (channel_before(channel, seg, &before) == SERIES_HOLE) {
		segment_unref(before);
		before = NULL;
	}
	return before;
}

int
walk_enter(struct channel *channel, struct cursor *cursor, struct segment *seg,
    const struct position *at)
{
	struct segment *before = find_before(channel, seg);
	struct position end;

	if (end_of(before, &end) != 0) {
		segment_unref(before);
		return -1;
	}
	cursor_go(cursor, seg, at);
	cursor_set_before(cursor, before, &end);
	segment_unref(before);
	return 0;
}

int
walk_to_start(
    struct channel *channel, struct cursor *cursor, struct segment *seg)
{
	struct position at;

	if (segment_position(seg, 0, &at) != 0)
		return -1;
	return walk_enter(channel, cursor, seg, &at);
}

int
walk_to_tail(
    struct channel *channel, struct cursor *cursor, struct segment *seg)
{
	struct position at;

	if (segment_tail(seg, &at) != 0)
		return -1;
	return walk_enter(channel, cursor, seg, &at);
}

int
walk_to_oldest(struct channel *channel, struct cursor *cursor)
{
	struct segment *seg;
	int rc;

	if (channel->segment == NULL)
		return 0;
	/* That none is known to come before may be so for a step of a rotation.
	 */
	if ((seg = channel_oldest(channel)) == NULL)
		return -1;
	rc = walk_to_start(channel, cursor, seg);
	segment_unref(seg);
	return rc;
}

int
walk_back(struct channel *channel, struct cursor *cursor, uint64_t records)
{
	struct segment *seg = segment_ref(channel->segment);
	struct position at;
	int rc;

	for (;;) {
		struct segment *before;

		rc = segment_back(seg, &records, &at);
		if (rc != 0 || records == 0 ||
		    (before = find_before(channel, seg)) == NULL)
			break;
		segment_unref(seg);
		seg = before;
	}
	if (rc == 0)
		rc = walk_enter(channel, cursor, seg, &at);
	segment_unref(seg);
	return rc;
}

/*
 * Whether ${seg}, of which ${copy} is a copy, was cut since.  Before it is, it
 * has all that the copy has, or more.
 */
static bool
is_cut(struct segment *seg, struct segment *copy)
{
	struct position end;
	uint64_t size;

	if (segment_size(copy, &size) != 0 ||
	    segment_position(copy, size, &end) != 0)
		return false;
	return segment_holds(seg, &end) == 0;
}

bool
walk_was_cut(struct channel *channel, const struct cursor *cursor)
{
	struct segment *copy = channel->before;

	return cursor->segment == channel->segment && copy != NULL &&
	    copy != cursor->before && segment_is_copy(copy, cursor->segment) &&
	    is_cut(cursor->segment, copy);
}

void
walk_changed(struct channel *channel, struct cursor *cursor)
{
	struct segment *copy =
	    channel_find_copy(channel, cursor->segment, &cursor->at);
	const struct position at = cursor->at;

	/* Who has not come as far as here yet is told when it does. */
	cursor->segment->was_cut = true;
	/* What it has not seen of the file's old bytes is in there. */
	if (copy == NULL || walk_enter(channel, cursor, copy, &at) != 0)
		cursor_lose(cursor, GAP_REPLACED, cursor->segment);
	segment_unref(copy);
}

/* What comes before ${*seg} is its copy: go there if it was cut since. */
static bool
is_of_copy(struct segment *seg, struct segment *copy, const struct position *at)
{
	return segment_is_copy(copy, seg) && is_cut(seg, copy) &&
	    segment_holds(copy, at) == 1;
}

/* As segment_before, with the position in ${out}. */
static int
place_before(struct segment *before, const struct segment *seg,
    const struct mark *mark, struct position *out)
{
	uint64_t offset;
	int rc = segment_before(before, seg, mark, &offset);

	if (rc == 1 && segment_position(before, offset, out) != 0)
		return errno == ESTALE ? 0 : -1;
	return rc;
}

/*
 * Put ${cursor} at ${mark} in ${seg}, having read as much of the segment before
 * as the mark says.  Return 1, or 0 if that is not what it was, or -1.
 */
static int
enter_as_marked(struct channel *channel, struct cursor *cursor,
    struct segment *seg, const struct mark *mark)
{
	struct segment *before = find_before(channel, seg), *older;
	struct position end;
	int rc = 1;

	if (before != NULL && mark->before != 0)
		rc = place_before(before, seg, mark, &end);
	if (rc == 0 && is_of_copy(seg, before, &mark->at)) {
		rc = enter_as_marked(channel, cursor, before, mark);
		segment_unref(before);
		return rc;
	}
	/* The copy is being made, and nothing is cut yet. */
	if (rc == 0 && segment_is_copy(before, seg) && !is_cut(seg, before)) {
		older = find_before(channel, before);
		segment_unref(before);
		before = older;
		rc = before == NULL ? 1 : place_before(before, seg, mark, &end);
	}
	if (rc == 1 && mark->before == 0)
		rc = end_of(before, &end) == 0 ? 1 : -1;
	if (rc == 1) {
		cursor_go(cursor, seg, &mark->at);
		cursor_set_before(cursor, before, &end);
	}
	segment_unref(before);
	return rc;
}

int
walk_resume(
    struct channel *channel, struct cursor *cursor, const struct mark *mark)
{
	struct segment *seg = NULL;
	int rc = 1;

	if (channel->segment == NULL) {
		cursor_lose(cursor, GAP_EXPIRED, NULL);
		return 0;
	}
	switch (channel_locate(channel, &mark->at, &seg)) {
	case CHANNEL_FOUND:
		rc = enter_as_marked(channel, cursor, seg, mark);
		if (rc == 0)
			cursor_lose(cursor, GAP_REPLACED, NULL);
		break;
	case CHANNEL_EXPIRED:
		cursor_lose(cursor, GAP_EXPIRED, NULL);
		break;
	case CHANNEL_REPLACED:
		cursor_lose(cursor, GAP_REPLACED, seg);
		break;
	case CHANNEL_ERROR:
		rc = -1;
	}
	segment_unref(seg);
	return rc == -1 ? -1 : 0;
}

/* Go on to ${next}, which took the name of the cursor's removed segment. */
static enum walk
go_on_to_other(
    struct channel *channel, struct cursor *cursor, struct segment *next)
{
	struct position at;

	switch (rewrite_judge(cursor->segment, &cursor->at, next)) {
	case REWRITE_UNKNOWN:
		return WALK_STAYS;
	case REWRITE_GREW:
		if (segment_position(next, cursor->at.offset, &at) != 0 ||
		    walk_enter(channel, cursor, next, &at) != 0)
			return WALK_ERROR;
		return WALK_MOVED;
	case REWRITE_OTHER:
		cursor_lose(cursor, GAP_REPLACED, next);
		return WALK_MOVED;
	case REWRITE_NONE:
		break;
	}
	return walk_to_start(channel, cursor, next) == 0 ? WALK_MOVED :
							   WALK_ERROR;
}

/*
 * Whether ${seg}, which comes right before ${next}, is a copy of a file that
 * was cut then.  Of several copies each is younger than the one before it, but
 * all are younger than the file that they are copies of.
 */
static bool
is_copy(struct channel *channel, const struct segment *seg,
    const struct segment *next)
{
	return segment_is_copy(seg, next) ||
	    (channel->segment != NULL &&
		segment_is_copy(seg, channel->segment));
}

/* Go on to ${next}, the segment that comes right behind the cursor's. */
static enum walk
go_on_to(struct channel *channel, struct cursor *cursor, struct segment *next)
{
	struct segment *seg = segment_ref(cursor->segment);
	const struct position end = cursor->at;
	struct position at;
	enum walk walk = WALK_MOVED;

	if (next->was_cut || is_copy(channel, seg, next)) {
		/*
		 * What it had before, or what was written between copying and
		 * cutting, is lost.
		 */
		cursor_lose(cursor, GAP_REPLACED, next);
	} else if (seg->is_removed &&
	    segment_id_equal(&seg->newer, &next->id)) {
		walk = go_on_to_other(channel, cursor, next);
	} else if (segment_position(next, 0, &at) != 0) {
		walk = WALK_ERROR;
	} else {
		cursor_go(cursor, next, &at);
		cursor_set_before(cursor, seg, &end);
	}
	segment_unref(seg);
	return walk;
}

/* Find the segment behind that of ${cursor}. */
static enum series_step
find_next(
    struct channel *channel, const struct cursor *cursor, struct segment **out)
{
	enum series_step step = channel_after(channel, cursor->segment, out);
	struct rotation_report report;

	/* Whoever was renaming may have been killed at it. */
	if ((step != SERIES_BUSY && step != SERIES_HOLE) ||
	    rotation_complete(channel->folder->path, false, &report) !=
		ROTATION_DONE)
		return step;
	if (step == SERIES_HOLE)
		segment_unref(*out);
	return channel_after(channel, cursor->segment, out);
}

enum walk
walk_on(struct channel *channel, struct cursor *cursor)
{
	struct segment *next = NULL;
	enum walk walk = WALK_MOVED;

	if (cursor->segment == channel->segment)
		return WALK_STAYS;
	switch (find_next(channel, cursor, &next)) {
	case SERIES_NEXT:
		walk = go_on_to(channel, cursor, next);
		break;
	case SERIES_HOLE:
		cursor_lose(cursor, GAP_EXPIRED, next);
		break;
	case SERIES_NONE:
		return WALK_STAYS;
	case SERIES_BUSY:
		return WALK_LATER;
	case SERIES_NOT_IN:
		/* Whoever rotates removes what is too old. */
		cursor_lose(cursor,
		    channel_has_older(channel) ? GAP_EXPIRED : GAP_REPLACED,
		    NULL);
		break;
	case SERIES_ERROR:
		if (errno != EACCES)
			return WALK_ERROR;
		/* What comes next is not for us to read. */
		cursor_lose(cursor, GAP_EXPIRED, channel->segment);
	}
	segment_unref(next);
	return walk;
}
