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

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/table.h"
#include "spool/mark.h"
#include "spool/segment.h"

struct feed;
struct batch;

/*
 * Where a viewer stands in one channel.  A writer may still hold the segment
 * before open since it was rotated, and add to it, so how far that one was read
 * belongs to the place, too.
 */
struct cursor {
	enum mark_state state;
	enum gap_reason reason; /* with MARK_LOST */
	/*
	 * A reference: with MARK_AT the segment that is read; with MARK_LOST
	 * the one at whose start the unseen begins, NULL: the oldest.
	 */
	struct segment *segment;
	struct position at;	/* with MARK_AT */
	struct segment *before; /* with MARK_AT: a reference, or NULL: none */
	struct position before_at; /* so far that one was read */
};

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

struct batch {
	unsigned refs;
	struct place *from; /* weak: its "next" points here; or NULL */
	struct place *to;   /* a reference; NULL: moves nobody */
	bool ends_skipped;  /* records after the last event were left out */
	bool closes;	    /* its last record ends the response */
	bool is_unfinished; /* more is to be looked for right after it */
	int64_t retry_ms;   /* the last that a record in it gave; -1: none */
	size_t len;
	uint8_t *bytes; /* framed: in own, or in other memory */
	uint8_t own[];
};

/**
 * cursor_copy(to, from):
 * Make ${to}, whose content is overwritten, a copy of ${from} with a reference
 * of its own.
 */
void cursor_copy(struct cursor *to, const struct cursor *from);

/**
 * cursor_clear(cursor):
 * Give up the reference of ${cursor} and put it at the start.
 */
void cursor_clear(struct cursor *cursor);

/**
 * cursor_go(cursor, segment, at):
 * Move ${cursor} to ${at} in ${segment} (its reference is not taken); which
 * segment comes before that is not known then.
 */
void cursor_go(
    struct cursor *cursor, struct segment *segment, const struct position *at);

/**
 * cursor_set_before(cursor, segment, at):
 * The segment before that of ${cursor} is ${segment} (its reference is not
 * taken; NULL: none), and was read up to ${at} (NULL without one).
 */
void cursor_set_before(
    struct cursor *cursor, struct segment *segment, const struct position *at);

/**
 * cursor_lose(cursor, reason, from):
 * The place is lost for ${reason}; the client is to be told.  What it has not
 * seen begins with the segment ${from} (its reference is not taken), or with
 * the oldest if that is NULL.
 */
void cursor_lose(
    struct cursor *cursor, enum gap_reason reason, struct segment *from);

/**
 * cursors_equal(a, n_a, b, n_b):
 * Return whether both lists mean the same place; missing ones are at the start.
 */
bool cursors_equal(
    const struct cursor *a, size_t n_a, const struct cursor *b, size_t n_b);

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
 * batch_new(bytes, len, to):
 * Make a batch with one reference of ${len} framed ${bytes} (copied) that leads
 * to ${to} (gets a reference; may be NULL).  NULL with ENOMEM.
 */
struct batch *batch_new(const uint8_t *bytes, size_t len, struct place *to);

/**
 * batch_take(framed, to):
 * The same with the bytes in ${framed}, which is left empty; if they are many,
 * they are not copied.
 */
struct batch *batch_take(struct buf *framed, struct place *to);

/**
 * batch_copy(batch):
 * Return a copy of ${batch} with one reference, to which no place leads; NULL
 * with ENOMEM.
 */
struct batch *batch_copy(const struct batch *batch);

/**
 * batch_follows(batch, from):
 * Let viewers that stand at ${from} find ${batch}, which must not be private to
 * a viewer.
 */
void batch_follows(struct batch *batch, struct place *from);

/**
 * batch_ref(batch), batch_unref(batch):
 * Add a reference and return ${batch}; give one up (NULL is allowed).
 */
struct batch *batch_ref(struct batch *batch);
void batch_unref(struct batch *batch);

/**
 * place_memory(void):
 * Return how many bytes all places and batches of the process take.
 */
size_t place_memory(void);

/**
 * batch_memory(void):
 * Return how many of these the batches take.
 */
size_t batch_memory(void);

#endif
