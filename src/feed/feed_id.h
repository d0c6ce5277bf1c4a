/*
 * The event ids of a feed: a mark for each pattern and each channel, sealed
 * (spool/mark.h).
 */
#ifndef SPOOLCAST_FEED_FEED_ID_H
#define SPOOLCAST_FEED_FEED_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/feed.h"

/* What an event id says about a feed. */
struct feed_id {
	struct mark *marks; /* NULL: none that can be read */
	size_t n;
	size_t most; /* there is room for */
	bool has_id;
	bool is_ours;	  /* whole, and about a channel of this feed */
	bool has_pattern; /* given to a client with one of our patterns */
};

/**
 * feed_id_append(feed, cursors, n, out):
 * Append the event id of ${cursors} to ${out}; members beyond ${n} are at the
 * start.  Return 0, or -1 with ENOMEM.
 */
int feed_id_append(const struct feed *feed, const struct cursor *cursors,
    size_t n, struct buf *out);

/**
 * feed_id_read(feed, request, told):
 * Read the id of ${request} into ${told}, which is all zero and is freed with
 * feed_id_free whatever is returned.  Return 0, or -1 with ENOMEM.
 */
int feed_id_read(const struct feed *feed, const struct request *request,
    struct feed_id *told);

/**
 * feed_id_find(told, member):
 * Return the mark in ${told} that is about ${member}, or NULL.
 */
const struct mark *feed_id_find(
    const struct feed_id *told, const struct member *member);

/**
 * feed_id_free(told):
 * Free what ${told} holds, and leave it all zero.
 */
void feed_id_free(struct feed_id *told);

/**
 * feed_id_lacks(feed, request):
 * Return whether the cursor of ${request} is also in a channel that a pattern
 * selected and that is gone, so that what the client had not seen there is
 * lost.
 */
bool feed_id_lacks(const struct feed *feed, const struct request *request);

#endif
