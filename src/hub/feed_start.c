/* Where in a feed a client begins: its cursor, or history, or now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hub/feed.h"
#include "hub/hub.h"

/* What an event id says about a feed. */
struct told {
	const char *id;
	size_t len;
	bool is_ours; /* whole, and about a channel of this feed */
	bool
	    has_pattern; /* it was given to a client with one of our patterns */
};

/* Find the mark with ${tag}; return whether there is one. */
static bool
find_mark(const struct told *told, uint32_t tag, struct mark *out)
{
	struct mark mark;
	size_t at = 0;

	while (mark_next(told->id, told->len, &at, &mark) == 1) {
		if (mark.tag == tag) {
			*out = mark;
			return true;
		}
	}
	return false;
}

static bool
is_whole(const struct told *told)
{
	struct mark mark;
	size_t at = 0;
	int rc;

	while ((rc = mark_next(told->id, told->len, &at, &mark)) == 1)
		;
	return rc == 0;
}

static void
read_id(const struct feed *feed, struct told *told)
{
	struct mark mark;

	if (!is_whole(told))
		return;
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (find_mark(told, mark_tag(pattern), &mark))
			told->is_ours = told->has_pattern = true;
	}
	for (size_t i = 0; i < feed->n_members && !told->is_ours; i++)
		told->is_ours =
		    find_mark(told, feed->members[i]->channel->tag, &mark);
}

/* Put the cursor where the mark says, or lose it. */
static int
resume_at(
    struct member *member, const struct position *at, struct cursor *cursor)
{
	struct segment *seg = member->channel->segment;
	struct position here;

	if (seg == NULL) {
		cursor_lose(cursor, GAP_EXPIRED);
		return 0;
	}
	if (!segment_is(seg, at)) {
		cursor_lose(cursor, GAP_REPLACED);
		return 0;
	}
	if (segment_position(seg, at->offset, &here) != 0) {
		if (errno != ESTALE)
			return -1;
		cursor_lose(cursor, GAP_REPLACED);
		return 0;
	}
	if (here.check != at->check)
		cursor_lose(cursor, GAP_REPLACED);
	else
		cursor_go(cursor, seg, &here);
	return 0;
}

static int
start_fresh(
    struct member *member, const struct request *request, struct cursor *cursor)
{
	const struct settings *settings = member->settings;
	struct segment *seg = member->channel->segment;
	uint64_t records =
	    request->has_history ? request->history : settings->history;
	struct position at;

	if (seg == NULL)
		return 0;
	if (records > settings->history_max)
		records = settings->history_max;
	if ((records == 0 ? segment_tail(seg, &at) :
			    segment_back(seg, records, &at)) != 0)
		return -1;
	cursor_go(cursor, seg, &at);
	return 0;
}

static bool
is_selected(const struct feed *feed, const char *name)
{
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (name_matches(pattern, name))
			return true;
	}
	return false;
}

static int
start_member(const struct feed *feed, struct member *member,
    const struct request *request, const struct told *told,
    struct cursor *cursor)
{
	struct mark mark;

	/* There is a file, and it cannot be read: not the same as none. */
	if (member->channel->segment == NULL &&
	    member->channel->open_errno != 0) {
		errno = member->channel->open_errno;
		return -1;
	}
	if (told->len == 0)
		return start_fresh(member, request, cursor);
	if (!told->is_ours) {
		cursor_lose(cursor, GAP_UNKNOWN);
		return 0;
	}
	if (!find_mark(told, member->channel->tag, &mark)) {
		/* New since the id was given: to the spool, or to the page. */
		if (told->has_pattern &&
		    is_selected(feed, member->channel->name))
			return 0;
		return start_fresh(member, request, cursor);
	}
	switch (mark.state) {
	case MARK_START:
		return 0;
	case MARK_LOST:
		cursor_lose(cursor, mark.reason);
		return 0;
	case MARK_AT:
		return resume_at(member, &mark.at, cursor);
	}
	return 0;
}

struct place *
feed_start(struct feed *feed, const struct request *request)
{
	struct told told = { .id = (const char *)request->cursor.data,
		.len = request->cursor.len };
	struct cursor *cursors;
	struct place *place = NULL;
	size_t i;

	cursors = calloc(feed->n_members + 1, sizeof(*cursors));
	if (cursors == NULL)
		return NULL;
	if (told.len > 0)
		read_id(feed, &told);
	for (i = 0; i < feed->n_members; i++) {
		if (start_member(feed, feed->members[i], request, &told,
			&cursors[i]) != 0)
			break;
	}
	if (i == feed->n_members)
		place = place_get(
		    &feed->hub->places, feed, cursors, feed->n_members);
	for (i = 0; i < feed->n_members; i++)
		cursor_clear(&cursors[i]);
	free(cursors);
	return place;
}

static bool
is_behind_all(const struct member *member, const struct cursor *cursor)
{
	struct segment *seg = member->channel->segment;
	struct position tail;

	switch (cursor->state) {
	case MARK_START:
		return seg == NULL;
	case MARK_LOST:
		return false;
	case MARK_AT:
		return cursor->segment == seg &&
		    segment_tail(seg, &tail) == 0 &&
		    cursor->at.offset >= tail.offset;
	}
	return false;
}

bool
feed_is_over(const struct place *place)
{
	const struct feed *feed = place->feed;
	static const struct cursor at_start = { .state = MARK_START };

	if (feed->patterns.count > 0)
		return false;
	for (size_t i = 0; i < feed->n_members; i++) {
		const struct member *member = feed->members[i];

		if (!member->channel->has_ended ||
		    !is_behind_all(member,
			i < place->n_cursors ? &place->cursors[i] : &at_start))
			return false;
	}
	return true;
}
