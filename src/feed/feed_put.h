/*
 * Putting what comes next in the channels of a feed into a batch.
 */
#ifndef SPOOLCAST_FEED_FEED_PUT_H
#define SPOOLCAST_FEED_FEED_PUT_H

#include "feed/feed.h"

/* A batch in the making. */
struct feed_making {
	struct feeds *feeds;
	struct feed *feed;
	struct cursor *cursors; /* one for each member */
	struct buf *out;
	size_t bytes_max; /* it is full with so many */
	int64_t now_s;
	unsigned passed;       /* records that were no events, in all */
	uint64_t passed_bytes; /* since the last look at the clock */
	bool is_over;	       /* nothing more is put in this slice */
	bool ends_skipped;     /* some of them after the last event */
	bool is_unfinished;    /* a reader wants to be called again */
	bool lacks_memory;     /* for what would be the first in it */
	bool has_failed;       /* not all could be looked at: try in a while */
	bool takes_held;       /* also what may wait for the next record */
	bool has_held;	       /* there is some of that */
	bool is_closed;	       /* the last record ends the response */
	int64_t retry_ms;      /* the last that a record gave, or -1 */
};

/**
 * feed_put_is_full(m):
 * Return whether nothing more belongs into the batch ${m}.
 */
bool feed_put_is_full(const struct feed_making *m);

/**
 * feed_put_gaps(m):
 * Tell what is lost in any channel, before anything else comes, and go on from
 * where the settings say.
 */
void feed_put_gaps(struct feed_making *m);

/**
 * feed_put_member(m, index):
 * Put what there is of the channel at ${index} into ${m} and move its cursor
 * past that.  What was put before a failure stays; the log is told.
 */
void feed_put_member(struct feed_making *m, size_t index);

#endif
