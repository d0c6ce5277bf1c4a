/*
 * The walk of a cursor through the segments of a channel: into one, from one to
 * the next, and to where an event id says.  Where that cannot be exact, the
 * place is lost, which the client is told (GAP events).
 *
 * Functions that return int give 0, or -1 with errno and nothing changed:
 * EAGAIN (the slice is over: call again in a later one; what was found is kept
 * with the channel, its segments and the search), EBUSY (the files are being
 * renamed all the time: try in a second), or what the system refused.
 */
#ifndef SPOOLCAST_FEED_WALK_H
#define SPOOLCAST_FEED_WALK_H

#include <stdint.h>

#include "feed/cursor.h"
#include "spool/channel_log.h"

enum walk {
	WALK_STAYS, /* there is nothing to go on to, for now */
	WALK_MOVED, /* the cursor is elsewhere, or lost */
	WALK_LATER, /* nobody will tell when it can go on: try again */
	WALK_MORE,  /* it takes longer: go on in a later slice */
	WALK_ERROR, /* errno says what the system refused */
};

/**
 * walk_enter(channel, cursor, seg, at):
 * Put ${cursor} at ${at} in ${seg} (its reference is not taken).  The segment
 * before that counts as read.
 */
int walk_enter(struct channel *channel, struct cursor *cursor,
    struct segment *seg, const struct position *at);

/**
 * walk_to_start(channel, cursor, seg), walk_to_tail(channel, cursor, seg):
 * The same, before the first record and after the last.
 */
int walk_to_start(
    struct channel *channel, struct cursor *cursor, struct segment *seg);
int walk_to_tail(
    struct channel *channel, struct cursor *cursor, struct segment *seg);

/**
 * walk_to_oldest(channel, cursor):
 * Put ${cursor} before the first record that is kept, if there is a file.
 */
int walk_to_oldest(struct channel *channel, struct cursor *cursor);

/*
 * A search for where a client begins in one channel, while it goes on; zeroed
 * at first.
 */
struct walk_search {
	struct segment *seg; /* in which it looks back; a reference */
	struct segment_back back;
	struct channel_copies copies;
	unsigned restarts; /* files changed meanwhile so often */
	bool is_short;	   /* the budget did not reach as far as was asked */
};

/**
 * walk_search_end(search):
 * Give up what ${search} holds, found or not, and leave it as at first.
 */
void walk_search_end(struct walk_search *search);

/**
 * walk_back(channel, cursor, records, search):
 * Put ${cursor} so many ${records} (at least 1) before the end of the channel,
 * which has a file; if fewer are kept, before all of them.  The search goes as
 * far as the budget of the slice; ${search} says if that was too short.  Where
 * files are changed again and again meanwhile, the place is lost.
 */
int walk_back(struct channel *channel, struct cursor *cursor, uint64_t records,
    struct walk_search *search);

/**
 * walk_resume(channel, cursor, mark, search):
 * Put ${cursor} where ${mark}, which is MARK_AT, says.  If the budget of the
 * slice is not enough for that, the place is lost.
 */
int walk_resume(struct channel *channel, struct cursor *cursor,
    const struct mark *mark, struct walk_search *search);

/**
 * walk_was_cut(channel, cursor):
 * Return whether the newest segment, in which ${cursor} stands, was copied and
 * cut (copytruncate) since, although the bytes at the cursor are the same.
 */
bool walk_was_cut(struct channel *channel, const struct cursor *cursor);

/**
 * walk_changed(channel, cursor):
 * The file is not what it was at ${cursor}: go on in a copy made of it, or lose
 * the place.
 */
int walk_changed(struct channel *channel, struct cursor *cursor);

/**
 * walk_on(channel, cursor):
 * The segment of ${cursor} was read to its end: go on to the next one.
 */
enum walk walk_on(struct channel *channel, struct cursor *cursor);

#endif
