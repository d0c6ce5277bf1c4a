/*
 * The way from a place to the next: read, select, encode, frame.
 */
#ifndef SPOOLCAST_FEED_FEED_NEXT_H
#define SPOOLCAST_FEED_FEED_NEXT_H

#include <stdbool.h>

#include "feed/feed.h"

/* What there may be after a place for which feed_next has no batch. */
enum feed_more {
	FEED_NOTHING,	 /* nothing (more), until there is news */
	FEED_UNFINISHED, /* there may be something, if asked in a later slice */
	FEED_NO_ROOM,	 /* [limits] memory has no room for it now */
};

/**
 * feed_next(place, takes_held, more):
 * Return the batch that comes after ${place} (a reference), or NULL if there is
 * none; then ${more} says what there may be.  Records that may wait for the
 * next record come without it only if ${takes_held}.  After a failure the feed
 * is woken again in a while.
 */
struct batch *feed_next(
    struct place *place, bool takes_held, enum feed_more *more);

#endif
