/*
 * Windows, for the flush mode batch: while events come quickly, those of one
 * interval are written together.
 *
 * A feed whose viewers collect has an interval.  News that comes when the last
 * was written at least that long ago is written at once, so an event that comes
 * alone never waits; what follows within the interval waits for its end, or
 * until there is as much as a write shall have, or a record says not to wait.
 */
#ifndef SPOOLCAST_HUB_WINDOW_H
#define SPOOLCAST_HUB_WINDOW_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct feed;
struct member;
struct place;

struct window {
	int64_t interval_ms; /* 0: nothing waits */
	uint64_t bytes;	     /* as much as a write shall have */
	int64_t written_ms;  /* when events were written last */
	bool is_woken;	     /* there may be some to write */
	ev_timer end;	     /* runs while something waits */
};

/**
 * window_init(window, feed, interval_ms, bytes):
 * Prepare the window of ${feed}; see struct window.
 */
void window_init(struct window *window, struct feed *feed, int64_t interval_ms,
    uint64_t bytes);

/**
 * window_holds(feed, member):
 * There is something new in ${feed}, in the channel of ${member} (NULL: it is
 * not known where).  Return whether viewers are to wait for more; they are
 * woken when the window ends.
 */
bool window_holds(struct feed *feed, const struct member *member);

/**
 * window_leaves(place):
 * Return whether a viewer who has just had what led to ${place} is to wait
 * there, though there may be more already: it came in the window.
 */
bool window_leaves(struct place *place);

/**
 * window_wake(feed), window_write(feed):
 * Viewers of ${feed} get a turn because of news; they are sent events.  What
 * others are sent, who are behind, makes nobody wait.
 */
void window_wake(struct feed *feed);
void window_write(struct feed *feed);

/**
 * window_stop(feed):
 * Stop waiting; for the end of the feed.
 */
void window_stop(struct feed *feed);

#endif
