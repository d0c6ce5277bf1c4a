/*
 * All feeds of a process, and all that they know of it.
 *
 * Feeds, places, windows and the walk need nothing of the process that serves
 * viewers but a folder, a loop for their timers, the list of viewers that have
 * something to do, and the few functions of struct feeds_ops.
 */
#ifndef SPOOLCAST_FEED_FEEDS_H
#define SPOOLCAST_FEED_FEEDS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/table.h"
#include "conf/settings.h"
#include "feed/place.h"
#include "spool/folder.h"
#include "spool/reader.h"

struct feed;
struct wire;

/* How many batches are held for viewers that come later in the same turn. */
#define FEEDS_RECENT 8
/*
 * How large a buffer that is used again and again may stay.  A long record
 * makes it larger for a while.
 */
#define FEEDS_BUFFER_BYTES 262144

/* Whether something that takes memory may be made. */
enum feeds_room {
	FEEDS_ROOM,
	FEEDS_WAIT,  /* not before others have got what is under way */
	FEEDS_NEVER, /* not even then */
};

/* What feeds ask of their process; ${cookie} is that of struct feeds. */
struct feeds_ops {
	/* The settings of the channel ${name}; NULL: those of the spool. */
	const struct settings *(*settings)(void *cookie, const char *name);
	/* Whether the channel ${name} may be heard at all. */
	bool (*serves)(void *cookie, const char *name);
	/* A feed reads ${channel} from now on. */
	void (*on_member)(void *cookie, struct channel *channel);
	/* Whether the log of ${channel} grows although that has ended. */
	bool (*has_more)(void *cookie, struct channel *channel);
	/* The record ${rec} of ${channel} is about to be delivered. */
	void (*on_record)(void *cookie, const struct channel *channel,
	    const struct record *rec);
	/*
	 * How many microseconds a look at what comes next may take, and in
	 * ${bytes} how much it may read for one record.
	 */
	int64_t (*slice_us)(void *cookie, size_t *bytes);
	/* How many bytes a batch is to have before one more record is added. */
	size_t (*batch_bytes)(void *cookie);
	/* How long a record may be at most to fit into the memory there is. */
	uint64_t (*record_bytes)(void *cookie);
	/* Whether there is memory for ${bytes} more of a batch. */
	enum feeds_room (*ask)(void *cookie, size_t bytes);
	/* The system gave no memory for an event. */
	void (*on_exhausted)(void *cookie);
	/*
	 * Make of the text in ${buf} what is sent to viewers on ${wire}; 0, or
	 * -1 with ENOMEM.
	 */
	int (*frame)(void *cookie, const struct wire *wire, struct buf *buf);
};

struct feeds {
	const struct feeds_ops *ops;
	void *cookie;
	struct ev_loop *loop;	/* borrowed, as is the rest up to here */
	struct folder *folder;	/* it is ready before the first feed is made */
	struct log_quotas *log; /* for lines about gaps and files */
	struct list *run;	/* to which viewers are moved that are woken */
	const int64_t *turn_ms; /* what time it is in this turn of the loop */
	const uint64_t *lulls;	/* how often nobody had anything to do */

	struct table by_key; /* those that take new viewers */
	struct table places;
	struct list growing; /* feeds with patterns */
	ev_timer retry;	     /* of feeds where something failed */
	void (*on_window)(struct feed *feed); /* a window of it is over */

	struct batch *recent[FEEDS_RECENT];
	unsigned next_recent;
	size_t recent_bytes; /* of the batches in there */

	/* Memory of the making of batches, which nobody keeps pointers to. */
	struct reader reader;
	struct buf text;
	struct buf id;
	struct cursor *cursors;
	size_t cursors_cap;
};

/**
 * feeds_init(feeds):
 * Prepare ${feeds}, of which the borrowed members are set and the rest is zero;
 * wake_init follows.  Return 0, or -1 with ENOMEM.
 */
int feeds_init(struct feeds *feeds);

/**
 * feeds_free(feeds):
 * Release what ${feeds} holds itself; no feed is left.
 */
void feeds_free(struct feeds *feeds);

/**
 * feeds_retry(feed):
 * Something failed in ${feed} that may work in a second: wake it then.
 */
void feeds_retry(struct feed *feed);

/**
 * feeds_hold(feeds, batch):
 * Hold ${batch} until feeds_drop_recent, or until FEEDS_RECENT others came.
 */
void feeds_hold(struct feeds *feeds, struct batch *batch);

/**
 * feeds_drop_recent(feeds):
 * Give up the batches that are held.
 */
void feeds_drop_recent(struct feeds *feeds);

/**
 * feeds_shrink(feeds, most):
 * Free the buffers of ${feeds} that are larger than ${most} bytes.  Return
 * whether any was.
 */
bool feeds_shrink(struct feeds *feeds, size_t most);

/**
 * feeds_buffer_bytes(feeds):
 * Return how many bytes the buffers of ${feeds} take that a long record made
 * larger than FEEDS_BUFFER_BYTES.
 */
size_t feeds_buffer_bytes(const struct feeds *feeds);

#endif
