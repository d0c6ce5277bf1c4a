/*
 * Finding where in a feed a client begins: where its cursor says, or as many
 * records back as it asks for, or now.  A cursor that leads nowhere is told as
 * lost.  The search takes some slices where there is much to look through.
 */
#ifndef SPOOLCAST_FEED_FEED_START_H
#define SPOOLCAST_FEED_FEED_START_H

#include "feed/feed_id.h"
#include "feed/walk.h"

struct feed_start {
	struct feed *feed;	       /* a reference */
	const struct request *request; /* borrowed */
	struct feed_id told;
	struct cursor *cursors;
	size_t n;	/* members that are searched for */
	size_t n_first; /* those there were when it began */
	size_t next;	/* the member whose cursor is looked for */
	struct walk_search search;
	size_t refilled; /* members from this index on had no budget yet */
	size_t freed;	 /* those below this find their end at any cost */
	bool is_short;	 /* a history is shorter than it was asked for */
};

/**
 * feed_start_begin(start, feed, request):
 * Begin to look for where the client of ${feed} that sent ${request} begins.
 * ${request} stays as it is until feed_start_end.  Return 0, or -1 with ENOMEM.
 */
int feed_start_begin(
    struct feed_start *start, struct feed *feed, const struct request *request);

/**
 * feed_start_memory(start):
 * Return how many bytes ${start} takes beside the struct itself.
 */
size_t feed_start_memory(const struct feed_start *start);

/**
 * feed_start_go_on(start):
 * Go on looking, for a slice.  Return the place (a reference), or NULL with
 * errno: EAGAIN (go on in a later slice), or what the system refused.
 */
struct place *feed_start_go_on(struct feed_start *start);

/**
 * feed_start_end(start):
 * Free what ${start} holds, found or not.
 */
void feed_start_end(struct feed_start *start);

#endif
