/*
 * Windows: while events come quickly, those of one interval are written
 * together.
 *
 * A feed whose viewers collect has an interval.  News that comes when the last
 * was written at least that long ago is written at once, so an event that comes
 * alone never waits; what follows within the interval waits for its end, or
 * until there is as much as a write shall have, or a record says not to wait.
 *
 * In the flush mode batch the interval is what the settings say.  In stream and
 * pad it follows from how long it took to write to all viewers last time: while
 * that is less than a millisecond there is none.  With thousands of viewers a
 * write to each costs more, here and in the web server, than the few
 * milliseconds by which one of two events comes later.
 */
#ifndef SPOOLCAST_FEED_WINDOW_H
#define SPOOLCAST_FEED_WINDOW_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/settings.h"

struct feed;
struct member;
struct place;

/* When news waits a moment for more. */
enum window_collects {
	WINDOW_NEVER,
	WINDOW_BUSY, /* while it comes faster than it can be written */
	WINDOW_ALWAYS,
};

struct window {
	int64_t interval_ms; /* 0: nothing waits */
	int64_t most_ms;     /* it is never longer */
	bool is_busy_only;   /* it follows from what writing takes */
	uint64_t bytes;	     /* as much as a write shall have */
	int64_t written_ms;  /* when events were written last */
	int64_t woken_ms;    /* when viewers got a turn last */
	int64_t took_ms;     /* so long until all had what there was */
	uint64_t woken_lull; /* feeds->lulls at that time */
	bool is_woken;	     /* there may be events to write */
	ev_timer end;	     /* runs while something waits */
};

/**
 * window_init(window, feed, collects, settings):
 * Prepare the window of ${feed}, which collects as ${collects} and ${settings}
 * say.
 */
void window_init(struct window *window, struct feed *feed,
    enum window_collects collects, const struct settings *settings);

/**
 * window_holds(feed, member):
 * There is something new in ${feed}, in the channel of ${member} (NULL: it is
 * not known where).  Return whether viewers are to wait for more; they are
 * woken when the window ends.
 */
bool window_holds(struct feed *feed, const struct member *member);

/**
 * window_leaves(place):
 * Return whether a viewer that has just had what led to ${place} is to wait
 * there, though there may be more already, because that came in the window.
 */
bool window_leaves(struct place *place);

/**
 * window_wake(feed), window_write(feed):
 * Note that viewers of ${feed} get a turn because of news; note that they are
 * sent events.  Events that go to viewers further back make nobody wait.
 */
void window_wake(struct feed *feed);
void window_write(struct feed *feed);

/**
 * window_rest(feed):
 * Note that a viewer of ${feed} has all there is.
 */
void window_rest(struct feed *feed);

/**
 * window_stop(feed):
 * Stop waiting; for the end of the feed.
 */
void window_stop(struct feed *feed);

#endif
