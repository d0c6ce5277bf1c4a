#include <errno.h>
#include <string.h>

#include "base/slice.h"
#include "feed/earlier.h"
#include "feed/walk.h"
#include "spool/rewrite.h"
#include "spool/rotation.h"

/* How often a search begins anew because files were changed meanwhile. */
#define RESTARTS 3
/* How many copies of a file that was cut are looked at for a reader of it. */
#define COPIES_MOST 8

/* Find the tail of ${seg}; its start if it has none, so that all is unread. */
static int
end_of(struct segment *seg, struct position *out)
{
	if (seg == NULL || segment_tail(seg, out) == 0)
		return 0;
	if (errno != EFBIG && errno != ESTALE)
		return -1;
	return segment_position(seg, 0, out);
}

int
walk_enter(struct channel *channel, struct cursor *cursor, struct segment *seg,
    const struct position *at)
{
	struct segment *before;
	struct position end;

	if (earlier_find(channel, seg, &before) != 0)
		return -1;
	if (end_of(before, &end) != 0) {
		segment_drop(&before);
		return -1;
	}
	cursor_go(cursor, seg, at);
	cursor_set_before(cursor, before, &end);
	segment_drop(&before);
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
	int rc = -1;

	if (channel->segment == NULL)
		return 0;
	/* A rotation may rename the files meanwhile: then look again. */
	for (int i = 0; i <= RESTARTS && rc == -1; i++) {
		rc = channel_find_oldest(channel, &seg);
		if (rc == -1 && errno != ESTALE)
			return -1;
	}
	if (rc == -1) {
		errno = EBUSY;
		return -1;
	}
	rc = walk_to_start(channel, cursor, seg);
	segment_drop(&seg);
	return rc;
}

void
walk_search_end(struct walk_search *search)
{
	segment_drop(&search->seg);
	memset(search, 0, sizeof(*search));
}

/*
 * Files were changed while ${search} went on.  Return -1 with EAGAIN: it begins
 * anew; or 0: it did so too often, and the place is lost.
 */
static int
search_again(struct walk_search *search, struct cursor *cursor)
{
	segment_drop(&search->seg);
	memset(&search->copies, 0, sizeof(search->copies));
	if (search->restarts++ < RESTARTS) {
		errno = EAGAIN;
		return -1;
	}
	cursor_lose(cursor, GAP_UNKNOWN, NULL);
	return 0;
}

/* Look back in the segment of ${search}, as far as the budget goes. */
static int
back_in_segment(struct walk_search *search)
{
	if (segment_back(search->seg, &search->back) == 0)
		return 0;
	/* No record ends in sight: as after segment_tail, all is unread. */
	if (errno == EFBIG) {
		search->back.end = 0;
		return 0;
	}
	if (errno != EDQUOT)
		return -1;
	/* History begins where the budget ended, at the tail at the latest. */
	search->is_short = true;
	search->back.lacking = 0;
	slice_forgive();
	return segment_back(search->seg, &search->back);
}

/* Go back from segment to segment, until nothing is lacking or none is left. */
static int
back_in_channel(struct channel *channel, struct walk_search *search)
{
	for (;;) {
		const uint64_t *lacking = &search->back.lacking;
		struct segment *before;

		if (back_in_segment(search) != 0)
			return -1;
		if (*lacking == 0)
			return 0;
		if (earlier_find(channel, search->seg, &before) != 0) {
			if (errno != EDQUOT)
				return -1;
			search->is_short = true;
			return 0;
		}
		if (before == NULL)
			return 0;
		segment_drop(&search->seg);
		search->seg = before;
		search->back = (struct segment_back){ .lacking = *lacking };
	}
}

int
walk_back(struct channel *channel, struct cursor *cursor, uint64_t records,
    struct walk_search *search)
{
	struct position at;

	if (search->seg == NULL) {
		search->seg = segment_ref(channel->segment);
		search->back = (struct segment_back){ .lacking = records };
	}
	if (back_in_channel(channel, search) == 0 &&
	    segment_position(search->seg, search->back.end, &at) == 0 &&
	    walk_enter(channel, cursor, search->seg, &at) == 0)
		return 0;
	return errno == ESTALE ? search_again(search, cursor) : -1;
}

bool
walk_was_cut(struct channel *channel, const struct cursor *cursor)
{
	struct segment *copy = channel->before;

	return cursor->segment == channel->segment && copy != NULL &&
	    copy != cursor->before && segment_is_copy(copy, cursor->segment) &&
	    earlier_is_cut(cursor->segment, copy) == 1;
}

int
walk_changed(struct channel *channel, struct cursor *cursor)
{
	struct channel_copies copies = { .most = COPIES_MOST };
	const struct position at = cursor->at;
	struct segment *copy = NULL;
	int rc;

	/* Viewers still before this point get the gap when they reach it. */
	cursor->segment->was_cut = true;
	rc = channel_find_copy(
	    channel, cursor->segment, &cursor->at, &copies, &copy);
	/* The copy has those of the old bytes that were not seen yet. */
	if (copy != NULL)
		rc = walk_enter(channel, cursor, copy, &at);
	if (rc != 0 && errno == EAGAIN) {
		segment_drop(&copy);
		errno = EAGAIN;
		return -1;
	}
	if (rc != 0 || copy == NULL)
		cursor_lose(cursor, GAP_REPLACED, cursor->segment);
	segment_drop(&copy);
	return 0;
}

/* Whether ${copy} was made of ${seg} before that was cut, and holds ${at}. */
static bool
is_of_copy(struct segment *seg, struct segment *copy, const struct position *at)
{
	return segment_is_copy(copy, seg) && earlier_is_cut(seg, copy) == 1 &&
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
 * Find the segment before ${seg} that ${mark} speaks of, and so far as it says
 * that this was read.  Return 1, or 0 if it does not speak of that one, or -1.
 * In ${*before} is a reference, or NULL, whatever is returned.
 */
static int
find_marked(struct channel *channel, struct segment *seg,
    const struct mark *mark, struct segment **before, struct position *end)
{
	if (mark->before == 0)
		return earlier_find(channel, seg, before) == 0 ? 1 : -1;
	if (earlier_numbered(channel, seg, before) != 0)
		return -1;
	return *before == NULL ? 1 : place_before(*before, seg, mark, end);
}

/*
 * As find_marked, where ${*before} is not the one: a copy that was not cut yet,
 * or is empty, has come between ${seg} and the segment before that.
 */
static int
find_behind_copy(struct channel *channel, struct segment *seg,
    const struct mark *mark, struct segment **before, struct position *end)
{
	struct segment *copy = *before;
	int rc;

	if (earlier_is_cut(seg, copy) != 0)
		return 0;
	rc = earlier_numbered(channel, copy, before);
	segment_drop(&copy);
	if (rc != 0 || *before == NULL)
		return rc == 0 ? 1 : -1;
	return place_before(*before, seg, mark, end);
}

/*
 * Put ${cursor} at ${mark} in ${seg}, having read as much of the segment before
 * as the mark says.  Return 1, or 0 if the mark is not about that segment, or
 * -1.
 */
static int
enter_as_marked(struct channel *channel, struct cursor *cursor,
    struct segment *seg, const struct mark *mark)
{
	struct segment *before;
	struct position end;
	int rc = find_marked(channel, seg, mark, &before, &end);

	/* If it says nothing of that, it may be about what the copy has. */
	if ((rc == 0 || (before != NULL && mark->before == 0)) &&
	    is_of_copy(seg, before, &mark->at)) {
		/* Each copy is younger, so this ends. */
		rc = enter_as_marked(channel, cursor, before, mark);
		segment_drop(&before);
		return rc;
	}
	if (rc == 0)
		rc = find_behind_copy(channel, seg, mark, &before, &end);
	/* If the mark does not say how much of it was read, all was. */
	if (rc == 1 && mark->before == 0)
		rc = end_of(before, &end) == 0 ? 1 : -1;
	if (rc == 1) {
		cursor_go(cursor, seg, &mark->at);
		cursor_set_before(cursor, before, &end);
	}
	segment_drop(&before);
	return rc;
}

/* Find the place ${mark}, or lose it; -1 with errno where that cannot be. */
static int
resume(struct channel *channel, struct cursor *cursor, const struct mark *mark,
    struct walk_search *search)
{
	struct segment *seg = NULL;
	int rc = 1;

	switch (channel_find_place(channel, &mark->at, &search->copies, &seg)) {
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
	segment_drop(&seg);
	return rc == -1 ? -1 : 0;
}

int
walk_resume(struct channel *channel, struct cursor *cursor,
    const struct mark *mark, struct walk_search *search)
{
	if (channel->segment == NULL) {
		cursor_lose(cursor, GAP_EXPIRED, NULL);
		return 0;
	}
	if (resume(channel, cursor, mark, search) == 0)
		return 0;
	switch (errno) {
	case EDQUOT:
		search->is_short = true;
		cursor_lose(cursor, GAP_UNKNOWN, NULL);
		return 0;
	case ESTALE:
	case EBUSY:
		return search_again(search, cursor);
	default:
		return -1;
	}
}

static enum walk
walk_of_errno(void)
{
	return errno == EAGAIN ? WALK_MORE : WALK_ERROR;
}

/* Go on to ${next}, which took the name of the cursor's removed segment. */
static enum walk
go_on_to_other(
    struct channel *channel, struct cursor *cursor, struct segment *next)
{
	struct position at;

	switch (rewrite_judge(cursor->segment, &cursor->at, next)) {
	case REWRITE_UNKNOWN:
		/* Only the newest can still get the records that tell. */
		if (next == channel->segment)
			return WALK_STAYS;
		break;
	case REWRITE_MORE:
		return WALK_MORE;
	case REWRITE_GREW:
		if (segment_position(next, cursor->at.offset, &at) != 0 ||
		    walk_enter(channel, cursor, next, &at) != 0)
			return walk_of_errno();
		return WALK_MOVED;
	case REWRITE_OTHER:
		cursor_lose(cursor, GAP_REPLACED, next);
		return WALK_MOVED;
	case REWRITE_NONE:
		break;
	}
	return walk_to_start(channel, cursor, next) == 0 ? WALK_MOVED :
							   walk_of_errno();
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

/* Go on to ${next}, the segment that comes right after the cursor's. */
static enum walk
go_on_to(struct channel *channel, struct cursor *cursor, struct segment *next)
{
	struct segment *seg = segment_ref(cursor->segment);
	const struct position end = cursor->at;
	struct position at;
	enum walk walk = WALK_MOVED;

	if (next->was_cut || is_copy(channel, seg, next)) {
		/*
		 * What the file had before, or what was written between copying
		 * and cutting, is lost.
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
	segment_drop(&seg);
	return walk;
}

/* Find the segment after that of ${cursor}. */
static enum series_step
find_next(
    struct channel *channel, const struct cursor *cursor, struct segment **out)
{
	enum series_step step =
	    channel_log_after(channel, cursor->segment, out);
	struct rotation_report report;

	/* A process may have been killed in a rotation: complete that. */
	if ((step != SERIES_BUSY && step != SERIES_HOLE) ||
	    rotation_complete(channel->folder->path, false, &report) !=
		ROTATION_DONE)
		return step;
	segment_drop(out);
	return channel_log_after(channel, cursor->segment, out);
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
	case SERIES_MORE:
		return WALK_MORE;
	case SERIES_NOT_IN:
		/* A rotation removes what is too old. */
		cursor_lose(cursor,
		    channel_log_has_older(channel) ? GAP_EXPIRED : GAP_REPLACED,
		    NULL);
		break;
	case SERIES_ERROR:
		if (errno != EACCES)
			return WALK_ERROR;
		/* We may not read what comes next. */
		cursor_lose(cursor, GAP_EXPIRED, channel->segment);
	}
	segment_drop(&next);
	return walk;
}
