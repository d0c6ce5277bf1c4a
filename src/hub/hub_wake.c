/* Giving a turn to viewers that wait, because of news or after a failure. */
#include "hub/feed.h"
#include "hub/hub.h"

/* The pause before what failed is tried again. */
#define RETRY_S 1.0

static void
wake(struct hub *hub, struct feed *feed)
{
	window_wake(feed);
	while (!list_is_empty(&feed->waiting)) {
		struct place *place =
		    LIST_OF(feed->waiting.next, struct place, waiting_node);

		/* The list moves at once: it may have thousands of viewers. */
		list_append(&hub->run, &place->viewers);
		list_remove(&place->waiting_node);
	}
}

void
hub_wake(struct hub *hub, struct feed *feed, const struct member *member)
{
	feed->news++;
	if (!window_holds(feed, member))
		wake(hub, feed);
}

void
hub_wake_now(struct hub *hub, struct feed *feed)
{
	feed->news++;
	wake(hub, feed);
}

static void
wake_failed(void *cookie, struct table_entry *entry)
{
	struct feed *feed = TABLE_OF(entry, struct place, by_cursors)->feed;

	if (feed->must_retry) {
		feed->must_retry = false;
		hub_wake_now(cookie, feed);
	}
}

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct hub *hub = timer->data;

	(void)loop;
	(void)revents;
	/* Go by the places: feeds that are retired are in no table. */
	table_walk(&hub->places, wake_failed, hub);
}

void
hub_retry(struct feed *feed)
{
	struct hub *hub = feed->hub;

	feed->must_retry = true;
	if (!ev_is_active(&hub->retry)) {
		ev_timer_set(&hub->retry, RETRY_S, 0.);
		ev_timer_start(hub->loop, &hub->retry);
	}
}

void
hub_wake_init(struct hub *hub)
{
	ev_timer_init(&hub->retry, on_retry, 0., 0.);
	hub->retry.data = hub;
}
