/*
 * Giving a turn to viewers that wait, because of news or after a failure.
 */
#ifndef SPOOLCAST_FEED_WAKE_H
#define SPOOLCAST_FEED_WAKE_H

#include "feed/feeds.h"

struct member;

/**
 * wake_init(feeds), wake_end(feeds):
 * Prepare ${feeds} to wake viewers; stop what may wake some later.
 */
void wake_init(struct feeds *feeds);
void wake_end(struct feeds *feeds);

/**
 * wake_feed(feed, member):
 * There may be something new in ${feed}, in the channel of ${member} (NULL:
 * anywhere): viewers that wait there get a turn, unless they wait for more
 * (feed/window.h).
 */
void wake_feed(struct feed *feed, const struct member *member);

/**
 * wake_now(feed):
 * The same, but no viewer waits for more.
 */
void wake_now(struct feed *feed);

/**
 * wake_channel(channel), wake_name(feeds, name):
 * There may be something new in ${channel}; a channel called ${name} may exist
 * since now.  Tell all feeds which that concerns.
 */
void wake_channel(struct channel *channel);
void wake_name(struct feeds *feeds, const char *name);

#endif
