#include <stdlib.h>

#include "base/timer.h"
#include "feed/feed.h"
#include "feed/feeds.h"

/* The pause before what failed is tried again. */
#define RETRY_S 1.0
/* A larger batch, which only a long record makes, is not held. */
#define RECENT_BYTES 131072

static void
wake_failed(void *cookie, struct table_entry *entry)
{
	struct feed *feed = TABLE_OF(entry, struct place, by_cursors)->feed;

	(void)cookie;
	if (feed->must_retry) {
		feed->must_retry = false;
		feeds_wake_now(feed);
	}
}

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct feeds *feeds = timer->data;

	(void)loop;
	(void)revents;
	/* Go by the places: feeds that are retired are in no table. */
	table_walk(&feeds->places, wake_failed, NULL);
}

int
feeds_init(struct feeds *feeds)
{
	if (table_init(&feeds->by_key) != 0)
		return -1;
	if (table_init(&feeds->places) != 0) {
		table_free(&feeds->by_key);
		return -1;
	}
	list_init(&feeds->growing);
	timer_init(&feeds->retry, on_retry, feeds);
	return 0;
}

void
feeds_free(struct feeds *feeds)
{
	feeds_drop_recent(feeds);
	ev_timer_stop(feeds->loop, &feeds->retry);
	table_free(&feeds->by_key);
	table_free(&feeds->places);
	reader_free(&feeds->reader);
	buf_free(&feeds->text);
	buf_free(&feeds->id);
	free(feeds->cursors);
}

static void
wake(struct feed *feed)
{
	window_wake(feed);
	while (!list_is_empty(&feed->waiting)) {
		struct place *place =
		    LIST_OF(feed->waiting.next, struct place, waiting_node);

		/* The list moves at once: it may have thousands of viewers. */
		list_append(feed->feeds->run, &place->viewers);
		list_remove(&place->waiting_node);
	}
}

void
feeds_wake(struct feed *feed, const struct member *member)
{
	feed->news++;
	if (!window_holds(feed, member))
		wake(feed);
}

void
feeds_wake_now(struct feed *feed)
{
	feed->news++;
	wake(feed);
}

void
feeds_wake_channel(struct channel *channel)
{
	LIST_EACH (node, &channel->users) {
		const struct member *member =
		    LIST_OF(node, struct member, node);

		feeds_wake(member->feed, member);
	}
}

void
feeds_wake_name(struct feeds *feeds, const char *name)
{
	LIST_EACH (node, &feeds->growing) {
		struct feed *feed = LIST_OF(node, struct feed, node);

		if (feed_offer(feed, name))
			feeds_wake(feed, NULL);
	}
}

void
feeds_retry(struct feed *feed)
{
	feed->must_retry = true;
	timer_set_first(feed->feeds->loop, &feed->feeds->retry, RETRY_S);
}

void
feeds_hold(struct feeds *feeds, struct batch *batch)
{
	struct batch **slot;

	/* A large batch is there only for as long as a viewer sends it. */
	if (batch->len > RECENT_BYTES)
		return;
	slot = &feeds->recent[feeds->next_recent++ % FEEDS_RECENT];
	if (*slot != NULL)
		feeds->recent_bytes -= (*slot)->len;
	batch_unref(*slot);
	*slot = batch_ref(batch);
	feeds->recent_bytes += batch->len;
}

void
feeds_drop_recent(struct feeds *feeds)
{
	for (size_t i = 0; i < FEEDS_RECENT; i++) {
		batch_unref(feeds->recent[i]);
		feeds->recent[i] = NULL;
	}
	feeds->recent_bytes = 0;
}

bool
feeds_shrink(struct feeds *feeds, size_t most)
{
	bool was_any = false;

	if (feeds->text.cap > most) {
		buf_free(&feeds->text);
		was_any = true;
	}
	if (feeds->reader.cap > most) {
		reader_free(&feeds->reader);
		was_any = true;
	}
	return was_any;
}

/* What a buffer takes beyond what belongs to the process itself. */
static size_t
beyond_usual(size_t cap)
{
	return cap > FEEDS_BUFFER_BYTES ? cap : 0;
}

size_t
feeds_buffer_bytes(const struct feeds *feeds)
{
	return beyond_usual(feeds->text.cap) + beyond_usual(feeds->reader.cap);
}
