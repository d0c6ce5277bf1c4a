/* Where in a feed a client begins: its cursor, or history, or now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hub/feed.h"
#include "hub/hub.h"
#include "hub/walk.h"
#include "source/channel_log.h"
#include "take/drop_names.h"

/* What an event id says about a feed. */
struct told {
	const char *marks; /* behind the seal */
	size_t len;
	bool has_id;
	bool is_ours; /* whole, and about a channel of this feed */
	bool
	    has_pattern; /* it was given to a client with one of our patterns */
};

/* How well ${mark} fits ${member}, 0 not; two names may have one tag. */
static int
fit_of(const struct member *member, const struct mark *mark)
{
	const struct segment *seg = member->channel->segment;

	if (mark->tag != member->channel->tag)
		return 0;
	if (mark->state == MARK_AT && seg != NULL && segment_is(seg, &mark->at))
		return 3;
	return mark->state == MARK_START && seg == NULL ? 2 : 1;
}

/* Find the mark that is about ${member}; return whether there is one. */
static bool
find_mark(
    const struct told *told, const struct member *member, struct mark *out)
{
	struct mark mark;
	size_t at = 0;
	int best = 0;

	while (mark_next(told->marks, told->len, &at, &mark) == 1) {
		int fit = fit_of(member, &mark);

		if (fit > best) {
			best = fit;
			*out = mark;
		}
	}
	return best > 0;
}

static bool
has_mark(const struct told *told, uint32_t tag)
{
	struct mark mark;
	size_t at = 0;

	while (mark_next(told->marks, told->len, &at, &mark) == 1) {
		if (mark.tag == tag)
			return true;
	}
	return false;
}

static bool
is_whole(const struct told *told)
{
	struct mark mark;
	size_t at = 0;
	int rc;

	do {
		rc = mark_next(told->marks, told->len, &at, &mark);
	} while (rc == 1);
	return rc == 0;
}

static void
read_id(
    const struct feed *feed, const struct request *request, struct told *told)
{
	const char *id = (const char *)request->cursor.data;

	memset(told, 0, sizeof(*told));
	if (request->cursor.len == 0)
		return;
	told->has_id = true;
	if (!mark_is_sealed(id, request->cursor.len))
		return;
	told->marks = id + MARK_SEAL_LEN;
	told->len = request->cursor.len - MARK_SEAL_LEN;
	if (!is_whole(told))
		return;
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (has_mark(told, mark_tag(pattern)))
			told->is_ours = told->has_pattern = true;
	}
	for (size_t i = 0; i < feed->n_members && !told->is_ours; i++)
		told->is_ours = has_mark(told, feed->members[i]->channel->tag);
}

static int
start_fresh(
    struct member *member, const struct request *request, struct cursor *cursor)
{
	const struct settings *settings = member->settings;
	struct channel *channel = member->channel;
	uint64_t records =
	    request->has_history ? request->history : settings->history;

	if (channel->segment == NULL)
		return 0;
	if (records > settings->history_max)
		records = settings->history_max;
	if (records > 0)
		return walk_back(channel, cursor, records);
	return walk_to_tail(channel, cursor, channel->segment);
}

/* Start where ${member} began: it had no file when the id was given. */
static int
start_at_first(struct member *member, struct cursor *cursor)
{
	/* Its first records may have been rotated away meanwhile. */
	if (channel_has_older(member->channel))
		cursor_lose(cursor, GAP_EXPIRED, NULL);
	return 0;
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
	if (!told->has_id)
		return start_fresh(member, request, cursor);
	if (!told->is_ours) {
		cursor_lose(cursor, GAP_UNKNOWN, NULL);
		return 0;
	}
	if (!find_mark(told, member, &mark)) {
		/* New since the id was given: to the spool, or to the page. */
		if (told->has_pattern &&
		    feed_selects(feed, member->channel->name))
			return start_at_first(member, cursor);
		return start_fresh(member, request, cursor);
	}
	switch (mark.state) {
	case MARK_START:
		return start_at_first(member, cursor);
	case MARK_LOST:
		cursor_lose(cursor, mark.reason, NULL);
		return 0;
	case MARK_AT:
		return walk_resume(member->channel, cursor, &mark);
	}
	return 0;
}

static void
log_unreadable(const struct member *member)
{
	if (log_allow(&member->feed->hub->spool_quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR, "event=cannot-start channel=%s",
		    member->channel->name);
}

struct place *
feed_start(struct feed *feed, const struct request *request)
{
	struct told told;
	struct cursor *cursors;
	struct place *place = NULL;
	size_t i;

	cursors = calloc(feed->n_members + 1, sizeof(*cursors));
	if (cursors == NULL)
		return NULL;
	read_id(feed, request, &told);
	for (i = 0; i < feed->n_members; i++) {
		if (start_member(feed, feed->members[i], request, &told,
			&cursors[i]) == 0)
			continue;
		if (feed->n_members == 1)
			break;
		/* One that cannot be read is no reason to refuse the others. */
		log_unreadable(feed->members[i]);
		cursor_lose(&cursors[i], GAP_UNKNOWN, NULL);
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
		    cursor->at.offset >= tail.offset &&
		    (cursor->before == NULL ||
			(segment_tail(cursor->before, &tail) == 0 &&
			    cursor->before_at.offset >= tail.offset));
	}
	return false;
}

/* Whether a channel of ${feed} has the tag ${tag}, or one of its patterns. */
static bool
has_tag(const struct feed *feed, uint32_t tag)
{
	for (size_t i = 0; i < feed->n_members; i++) {
		if (feed->members[i]->channel->tag == tag)
			return true;
	}
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (mark_tag(pattern) == tag)
			return true;
	}
	return false;
}

bool
feed_lacks(const struct feed *feed, const struct request *request)
{
	struct told told;
	struct mark mark;
	size_t at = 0;

	if (feed->patterns.count == 0)
		return false;
	read_id(feed, request, &told);
	/* Without our pattern it may be about channels not asked for now. */
	while (told.has_pattern &&
	    mark_next(told.marks, told.len, &at, &mark) == 1) {
		/* A place, or a gap in it that was not told yet. */
		if (mark.state != MARK_START && !has_tag(feed, mark.tag))
			return true;
	}
	return false;
}

/* Whether what comes next in ${member} is not in its log yet. */
static bool
has_more_to_come(const struct member *member)
{
	struct channel *channel = member->channel;

	return channel->form != NULL && channel->form->type == S_IFDIR &&
	    drop_names_wait(folder_file(
		channel->folder, channel->name, channel->form->suffix));
}

bool
feed_is_over(const struct place *place)
{
	struct feed *feed = place->feed;
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
	for (size_t i = 0; i < feed->n_members; i++) {
		/* Nobody tells when there is nothing any more. */
		if (has_more_to_come(feed->members[i])) {
			hub_retry(feed);
			return false;
		}
	}
	return true;
}
