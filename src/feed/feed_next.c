#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/slice.h"
#include "feed/feed_next.h"
#include "feed/feed_put.h"
#include "feed/feeds.h"

/* Put what comes next in all channels.  Return whether that was all. */
static bool
put_all(struct feed_making *m)
{
	struct feed *feed = m->feed;
	const size_t first = feed->turn, n = feed->n_members;

	if (n == 0)
		return true;
	feed_put_gaps(m);
	for (size_t i = 0; i < n && !feed_put_is_full(m); i++)
		feed_put_member(m, (first + i) % n);
	/* Begin with another one then, so that a flood in one starves none. */
	if (feed_put_is_full(m))
		feed->turn = (first + 1) % n;
	return !feed_put_is_full(m) && !m->is_unfinished && !m->has_failed &&
	    !m->lacks_memory;
}

/* The list of cursors for it, filled from ${place}; NULL with ENOMEM. */
static struct cursor *
borrow_cursors(struct feeds *feeds, const struct place *place)
{
	size_t n = place->feed->n_members;

	/* A pattern that selects nothing yet gets a list, too. */
	if (n >= feeds->cursors_cap) {
		struct cursor *larger =
		    realloc(feeds->cursors, (n + 1) * sizeof(*larger));

		if (larger == NULL)
			return NULL;
		feeds->cursors = larger;
		feeds->cursors_cap = n + 1;
	}
	memset(feeds->cursors, 0, n * sizeof(*feeds->cursors));
	for (size_t i = 0; i < place->n_cursors; i++)
		cursor_copy(&feeds->cursors[i], &place->cursors[i]);
	return feeds->cursors;
}

/* The batch that leads to ${place} has all there is: nobody need look there. */
static void
note_seen(struct place *place, const struct feed_making *m)
{
	place->is_foreseen = place->seen_news == 0;
	place->seen_news = m->feed->news;
	place->has_held = m->has_held;
}

/*
 * Make the batch that leads from ${from} to where the cursors are now;
 * ${is_all} says that nothing comes after it.  NULL: nothing moved, or ENOMEM.
 */
static struct batch *
finish(struct feed_making *m, struct place *from, bool is_all)
{
	struct feeds *feeds = m->feed->feeds;
	struct batch *batch = NULL;
	struct place *to;

	if (cursor_all_equal(
		m->cursors, m->feed->n_members, from->cursors, from->n_cursors))
		return NULL;
	to = place_get(&feeds->places, m->feed, m->cursors, m->feed->n_members);
	if (to != NULL &&
	    feeds->ops->frame(feeds->cookie, m->feed->wire, m->out) == 0)
		batch = batch_take(m->out, to);
	place_unref(to);
	if (batch == NULL) {
		feeds->ops->on_exhausted(feeds->cookie);
		m->has_failed = true;
		return NULL;
	}
	/* What failed is met again when the next batch is made. */
	m->has_failed = false;
	batch->ends_skipped = m->ends_skipped;
	batch->closes = m->is_closed;
	batch->is_unfinished = m->is_unfinished;
	batch->retry_ms = m->retry_ms;
	/* Only events count for a window, not records that are passed over. */
	if (batch->len > 0)
		window_write(m->feed);
	if (is_all)
		note_seen(to, m);
	batch_follows(batch, from);
	feeds_hold(feeds, batch);
	return batch;
}

/* Make the batch after ${place}, where nobody looked since the last news. */
static struct batch *
look(struct place *place, bool takes_held, enum feed_more *more)
{
	struct feeds *feeds = place->feed->feeds;
	struct feed_making m = { .feeds = feeds,
		.feed = place->feed,
		.out = &feeds->text,
		.bytes_max = feeds->ops->batch_bytes(feeds->cookie),
		.now_s = clock_wall_s(),
		.takes_held = takes_held,
		.retry_ms = -1 };
	size_t most;
	int64_t slice_us = feeds->ops->slice_us(feeds->cookie, &most);
	struct batch *batch;
	bool is_all;

	if ((m.cursors = borrow_cursors(feeds, place)) == NULL) {
		feeds->ops->on_exhausted(feeds->cookie);
		feeds_retry(place->feed);
		return NULL;
	}
	feeds->text.len = 0;
	slice_open(slice_us, NULL, place->tries);
	slice_limit(most);
	is_all = put_all(&m);
	place->tries = slice_tries(place->tries);
	slice_close();
	batch = finish(&m, place, is_all);
	(void)feeds_shrink(feeds, FEEDS_BUFFER_BYTES);
	place->has_held = m.has_held;
	/*
	 * Without a batch, say when it is worth another look: when there is
	 * memory, in a later slice, in a while, or after the next news.
	 */
	if (batch == NULL && m.lacks_memory)
		*more = FEED_NO_ROOM;
	else if (batch == NULL && m.is_unfinished)
		*more = FEED_UNFINISHED;
	else if (batch == NULL && m.has_failed)
		feeds_retry(m.feed);
	else if (batch == NULL)
		place->seen_news = m.feed->news;
	for (size_t i = 0; i < m.feed->n_members; i++)
		cursor_clear(&m.cursors[i]);
	return batch;
}

struct batch *
feed_next(struct place *place, bool takes_held, enum feed_more *more)
{
	*more = FEED_NOTHING;
	if (place->next != NULL)
		return batch_ref(place->next);
	/* One look serves all viewers that stand here; news wakes them. */
	if (place_is_seen(place, takes_held)) {
		place->is_foreseen = false;
		return NULL;
	}
	return look(place, takes_held, more);
}
