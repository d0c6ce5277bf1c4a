/*
 * Places and batches: where viewers stand, and what they get next.
 *
 * A place is one cursor per channel of a feed.  All viewers with the same
 * cursors hold the same place, so what comes after it is read, encoded and
 * framed once, as a batch that leads from one place to the next:
 *
 *	place --next--> batch --to--> place --next--> batch --to--> ...
 *
 * A batch lives while a viewer sends it (and for the rest of the turn, so that
 * viewers that come next find it): "next" is a weak reference.  Nothing else is
 * buffered; for a viewer that is slower the file is read again.
 */
#ifndef SPOOLCAST_FEED_PLACE_H
#define SPOOLCAST_FEED_PLACE_H

#include "base/list.h"
#include "base/table.h"
#include "feed/batch.h"
#include "feed/cursor.h"

struct feed;

struct place {
	struct table_entry by_cursors; /* in feeds->places */
	struct table *table;
	struct feed *feed; /* a reference */
	unsigned refs;
	unsigned tries;	     /* to come further from here, as of slice_tries */
	struct batch *next;  /* weak */
	struct list viewers; /* those that wait here for more */
	struct list waiting_node; /* in feed->waiting while any do */
	uint64_t seen_news;	  /* feed->news when nothing came after it */
	uint64_t left_news;	  /* feed->news when news waits for a window */
	bool has_held;		  /* records that may wait come after it */
	bool is_foreseen;	  /* seen_news was set before a viewer came */
	size_t n_cursors;
	struct cursor cursors[]; /* those beyond stand at MARK_START */
};

/**
 * place_get(table, feed, cursors, n):
 * Return, with one more reference, the place of ${feed} that ${cursors}
 * (copied) stand for, found in ${table} or added to it.  NULL with ENOMEM.
 */
struct place *place_get(struct table *table, struct feed *feed,
    const struct cursor *cursors, size_t n);

/**
 * place_ref(place), place_unref(place):
 * Add a reference and return ${place}; give one up (NULL is allowed).
 */
struct place *place_ref(struct place *place);
void place_unref(struct place *place);

/**
 * place_wait(place, node), place_leave(place, node):
 * Put a viewer's ${node} among those that wait at ${place}; take it out, from
 * there or from a list to which all that waited were moved.
 */
void place_wait(struct place *place, struct list *node);
void place_leave(struct place *place, struct list *node);

/**
 * place_is_seen(place, takes_held):
 * Return whether feed_next would return NULL with FEED_NOTHING without a look,
 * because all that comes after ${place} was seen and there was no news since.
 */
bool place_is_seen(const struct place *place, bool takes_held);

/**
 * place_memory(void):
 * Return how many bytes all places and batches of the process take.
 */
size_t place_memory(void);

#endif
