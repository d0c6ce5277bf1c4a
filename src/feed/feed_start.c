/* Where in a feed a client begins: its cursor, or history, or now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "feed/feed_start.h"
#include "feed/feeds.h"

/*
 * How many bytes finding a start may cost in each channel after the budget was
 * used up: enough for what is at its end.
 */
#define OWN_BUDGET 65536

/* How well ${mark} fits ${member}, 0: not at all; names may share a tag. */
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

/* The mark that is about ${member}, or NULL. */
static const struct mark *
find_mark(const struct feed_told *told, const struct member *member)
{
	const struct mark *found = NULL;
	int best = 0;

	for (size_t i = 0; i < told->n; i++) {
		int fit = fit_of(member, &told->marks[i]);

		if (fit > best) {
			best = fit;
			found = &told->marks[i];
		}
	}
	return found;
}

static bool
has_mark(const struct feed_told *told, uint32_t tag)
{
	for (size_t i = 0; i < told->n; i++) {
		if (told->marks[i].tag == tag)
			return true;
	}
	return false;
}

/* Read all marks in ${text}: none, if one of them is damaged. */
static int
read_marks(struct feed_told *told, const char *text, size_t len)
{
	size_t at = 0;
	int rc;

	told->most = 1;
	for (size_t i = 0; i < len; i++)
		told->most += text[i] == '.';
	told->marks = calloc(told->most, sizeof(*told->marks));
	if (told->marks == NULL)
		return -1;
	while ((rc = mark_next(text, len, &at, &told->marks[told->n])) == 1)
		told->n++;
	if (rc == -1)
		told->n = 0;
	return 0;
}

/* Read the id of ${request} into ${told}, all zero; -1: ENOMEM. */
static int
read_id(const struct feed *feed, const struct request *request,
    struct feed_told *told)
{
	const char *id = (const char *)request->cursor.data;
	const size_t len = request->cursor.len;

	told->has_id = len > 0;
	if (len == 0 || !mark_is_sealed(id, len))
		return 0;
	if (read_marks(told, id + MARK_SEAL_LEN, len - MARK_SEAL_LEN) != 0)
		return -1;
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (has_mark(told, mark_tag(pattern)))
			told->is_ours = told->has_pattern = true;
	}
	for (size_t i = 0; i < feed->n_members && !told->is_ours; i++)
		told->is_ours = has_mark(told, feed->members[i]->channel->tag);
	return 0;
}

/*
 * Start in ${member} without a mark: so many records back as are asked for, or
 * at the end.
 */
static int
start_fresh(
    struct feed_start *start, struct member *member, struct cursor *cursor)
{
	const struct request *request = start->request;
	const struct settings *settings = member->settings;
	struct channel *channel = member->channel;
	uint64_t records =
	    request->has_history ? request->history : settings->history;

	if (channel->segment == NULL)
		return 0;
	if (records > settings->history_max)
		records = settings->history_max;
	if (records > 0)
		return walk_back(channel, cursor, records, &start->search);
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
start_member(
    struct feed_start *start, struct member *member, struct cursor *cursor)
{
	const struct feed_told *told = &start->told;
	const struct mark *mark;

	/* A file that cannot be read is not the same as none. */
	if (member->channel->segment == NULL &&
	    member->channel->open_errno != 0) {
		errno = member->channel->open_errno;
		return -1;
	}
	if (!told->has_id)
		return start_fresh(start, member, cursor);
	if (!told->is_ours) {
		cursor_lose(cursor, GAP_UNKNOWN, NULL);
		return 0;
	}
	if ((mark = find_mark(told, member)) == NULL) {
		/*
		 * The channel is new since the id was given.  If a pattern
		 * selects it, it is new in the spool, and the client has seen
		 * nothing of it; if not, it is new in what the page asks for.
		 */
		if (told->has_pattern &&
		    feed_selects(start->feed, member->channel->name))
			return start_at_first(member, cursor);
		return start_fresh(start, member, cursor);
	}
	switch (mark->state) {
	case MARK_START:
		return start_at_first(member, cursor);
	case MARK_LOST:
		cursor_lose(cursor, mark->reason, NULL);
		return 0;
	case MARK_AT:
		return walk_resume(
		    member->channel, cursor, mark, &start->search);
	}
	return 0;
}

static void
log_unreadable(const struct member *member)
{
	if (log_may(member->feed->feeds->log, LOG_ABOUT_SPOOL))
		log_errno(LOG_LEVEL_ERROR, "event=cannot-start channel=%s",
		    member->channel->name);
}

int
feed_start_begin(
    struct feed_start *start, struct feed *feed, const struct request *request)
{
	memset(start, 0, sizeof(*start));
	start->cursors = calloc(feed->n_members + 1, sizeof(struct cursor));
	if (start->cursors == NULL ||
	    read_id(feed, request, &start->told) != 0) {
		free(start->cursors);
		start->cursors = NULL;
		return -1;
	}
	start->feed = feed_ref(feed);
	start->request = request;
	start->n = feed->n_members;
	return 0;
}

size_t
feed_start_memory(const struct feed_start *start)
{
	return start->n * sizeof(*start->cursors) +
	    start->told.most * sizeof(*start->told.marks);
}

void
feed_start_end(struct feed_start *start)
{
	walk_search_end(&start->search);
	for (size_t i = 0; i < start->n; i++)
		cursor_clear(&start->cursors[i]);
	free(start->cursors);
	free(start->told.marks);
	if (start->feed != NULL)
		feed_unref(start->feed);
	memset(start, 0, sizeof(*start));
}

/*
 * After the budget was used up, give each member a small one of its own, and
 * let the search for its end cost anything if that was not enough.
 */
static void
refill(struct feed_start *start)
{
	if (start->freed > start->next)
		slice_forgive();
	if (!start->is_short || start->refilled > start->next)
		return;
	start->refilled = start->next + 1;
	slice_refill(OWN_BUDGET);
}

/* Find the cursor of the next member.  Return 0 or -1 with errno. */
static int
find_next(struct feed_start *start)
{
	struct member *member = start->feed->members[start->next];
	struct cursor *cursor = &start->cursors[start->next];

	refill(start);
	if (slice_take(SLICE_LOOK_COST) == 0 &&
	    start_member(start, member, cursor) == 0)
		return 0;
	if (errno == EDQUOT && start->told.is_ours) {
		/* Other channels used up the budget for finding it. */
		cursor_lose(cursor, GAP_UNKNOWN, NULL);
		return 0;
	}
	if (errno == EDQUOT) {
		/*
		 * Try again with its own budget, and then without any: the tail
		 * of a file is not far, whatever is in it.
		 */
		if (start->refilled > start->next)
			start->freed = start->next + 1;
		start->is_short = true;
		errno = EAGAIN;
	}
	/* A channel that cannot be read is no reason to refuse the others. */
	if (errno == EAGAIN || start->n == 1)
		return -1;
	log_unreadable(member);
	cursor_lose(cursor, GAP_UNKNOWN, NULL);
	return 0;
}

struct place *
feed_start_go_on(struct feed_start *start)
{
	for (; start->next < start->n; start->next++) {
		if (find_next(start) != 0)
			return NULL;
		/* A client with an id gets a gap event instead. */
		start->is_short = start->is_short ||
		    (start->search.is_short && !start->told.is_ours);
		walk_search_end(&start->search);
	}
	return place_get(
	    &start->feed->feeds->places, start->feed, start->cursors, start->n);
}

/* Whether ${cursor} is after the last record of ${member}. */
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
	struct feed_told told = { 0 };
	bool lacks = false;

	if (feed->patterns.count == 0)
		return false;
	/* A gap too many is better than one that is not told. */
	if (read_id(feed, request, &told) != 0)
		return true;
	/*
	 * Without our pattern the id may be about channels that are not asked
	 * for now.
	 */
	for (size_t i = 0; told.has_pattern && i < told.n && !lacks; i++) {
		const struct mark *mark = &told.marks[i];

		/* The client had a place there, or a gap not told yet. */
		lacks = mark->state != MARK_START && !has_tag(feed, mark->tag);
	}
	free(told.marks);
	return lacks;
}

bool
feed_is_over(const struct place *place)
{
	struct feed *feed = place->feed;
	struct feeds *feeds = feed->feeds;
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
		/* Nothing tells when all of that is in the log: look again. */
		if (feeds->ops->has_more(
			feeds->cookie, feed->members[i]->channel)) {
			feeds_retry(feed);
			return false;
		}
	}
	return true;
}
