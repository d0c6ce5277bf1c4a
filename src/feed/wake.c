#include "feed/wake.h"
#include "base/timer.h"
#include "feed/feed.h"

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
wake_feed(struct feed *feed, const struct member *member)
{
	feed->news++;
	if (!window_holds(feed, member))
		wake(feed);
}

void
wake_now(struct feed *feed)
{
	feed->news++;
	wake(feed);
}

void
wake_channel(struct channel *channel)
{
	LIST_EACH (node, &channel->users) {
		const struct member *member =
		    LIST_OF(node, struct member, node);

		wake_feed(member->feed, member);
	}
}

void
wake_name(struct feeds *feeds, const char *name)
{
	LIST_EACH (node, &feeds->growing) {
		struct feed *feed = LIST_OF(node, struct feed, node);

		if (feed_offer(feed, name))
			wake_feed(feed, NULL);
	}
}

static void
wake_failed(void *cookie, struct table_entry *entry)
{
	struct feed *feed = TABLE_OF(entry, struct place, by_cursors)->feed;

	(void)cookie;
	if (feed->must_retry) {
		feed->must_retry = false;
		wake_now(feed);
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

void
wake_init(struct feeds *feeds)
{
	feeds->on_window = wake_now;
	timer_init(&feeds->retry, on_retry, feeds);
}

void
wake_end(struct feeds *feeds)
{
	ev_timer_stop(feeds->loop, &feeds->retry);
}
