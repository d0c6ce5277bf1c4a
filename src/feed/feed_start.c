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
	if (channel_log_has_older(member->channel))
		cursor_lose(cursor, GAP_EXPIRED, NULL);
	return 0;
}

static int
start_member(
    struct feed_start *start, struct member *member, struct cursor *cursor)
{
	const struct feed_id *told = &start->told;
	const struct mark *mark;

	/* A file that cannot be read is not the same as none. */
	if (member->channel->segment == NULL &&
	    member->channel->open_errno != 0) {
		errno = member->channel->open_errno;
		return -1;
	}
	/* All of what came since the search began is news. */
	if (!told->has_id)
		return start->next < start->n_first ?
		    start_fresh(start, member, cursor) :
		    0;
	if (!told->is_ours) {
		cursor_lose(cursor, GAP_UNKNOWN, NULL);
		return 0;
	}
	if ((mark = feed_id_find(told, member)) == NULL) {
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
	    feed_id_read(feed, request, &start->told) != 0) {
		feed_id_free(&start->told);
		free(start->cursors);
		start->cursors = NULL;
		return -1;
	}
	start->feed = feed_ref(feed);
	start->request = request;
	start->n = start->n_first = feed->n_members;
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
	feed_id_free(&start->told);
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

/*
 * See to it that members are searched for, too, that came since the search was
 * begun: the client may have had a place in a file of that name.  Return 0, or
 * -1 with ENOMEM.
 */
static int
take_in_new(struct feed_start *start)
{
	size_t n = start->feed->n_members;
	struct cursor *larger;

	if (n == start->n)
		return 0;
	larger = realloc(start->cursors, n * sizeof(*larger));
	if (larger == NULL)
		return -1;
	memset(larger + start->n, 0, (n - start->n) * sizeof(*larger));
	start->cursors = larger;
	start->n = n;
	return 0;
}

struct place *
feed_start_go_on(struct feed_start *start)
{
	if (take_in_new(start) != 0)
		return NULL;
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
