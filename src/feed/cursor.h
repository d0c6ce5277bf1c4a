/*
 * Cursors: where in the log of one channel a viewer stands.
 */
#ifndef SPOOLCAST_FEED_CURSOR_H
#define SPOOLCAST_FEED_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "spool/mark.h"
#include "spool/segment.h"

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
 * cursor_all_equal(a, n_a, b, n_b):
 * Return whether both lists mean the same place; missing ones are at the start.
 */
bool cursor_all_equal(
    const struct cursor *a, size_t n_a, const struct cursor *b, size_t n_b);

#endif
