/*
 * A viewer: one connection, from accept to close, and what it is being sent.
 *
 *	IDLE      no request yet, or none after a finished one (keep-conn)
 *	STARTING  where its stream begins is looked for (hub/subscribe.h)
 *	STREAMING at a place: waiting there, queued to run, or sending a batch
 *	ENDING    what is left to send is the end of the response
 *	LINGERING all is sent, and the web server has not closed yet
 *	CLOSED    to be freed when the turn is over
 *
 * A viewer that is not sending stands in one list: of a place, the run queue or
 * the searches.  One whose socket takes nothing stands in that of blocked
 * viewers.
 */
#ifndef SPOOLCAST_HUB_VIEWER_H
#define SPOOLCAST_HUB_VIEWER_H

#include <stdbool.h>

#include "hub/budget.h"
#include "hub/flush.h"
#include "hub/hub.h"
#include "wire/conn.h"

/* How much longer than the first request a kept connection's next may take. */
#define VIEWER_KEPT_MS 3570000

struct subscription;

enum viewer_state {
	VIEWER_IDLE,
	VIEWER_STARTING,
	VIEWER_STREAMING,
	VIEWER_ENDING,
	VIEWER_LINGERING,
	VIEWER_CLOSED,
};

/*
 * There may be tens of thousands, so it is small (see viewer.c).  Times are the
 * low 32 bits of milliseconds on the monotonic clock, good for 24 days to
 * either side (clock_unfold).
 */
struct viewer {
	struct conn conn;
	struct list node;  /* in hub->run, place->viewers, hub->reap or none */
	struct list timer; /* in hub->wheel */
	struct place *place; /* a reference; NULL unless streaming */
	union {
		struct batch *batch; /* a reference: what is sent; or NULL */
		struct subscription *subscription; /* while STARTING */
	};
	struct share share;   /* of the budget of streams */
	uint32_t sent;	      /* of the batch */
	uint32_t output_at;   /* when the socket last took something */
	uint32_t held_at;     /* when held records are due, if awaits_held */
	uint32_t end_at;      /* when the stream shall end, if has_end */
	int32_t own_retry_ms; /* a publisher's hint; -1: none */
	uint32_t padding;     /* bytes to send once as a comment */
	uint8_t state;	      /* enum viewer_state */
	uint8_t flush;	      /* enum flush_mode */
	bool is_queued : 1;   /* in a queue, unless moved there by its place */
	bool has_end : 1;
	bool awaits_held : 1;
	bool has_tail : 1;	  /* padding follows the batch in one write */
	bool is_kept : 1;	  /* the connection had a request before */
	bool is_over_budget : 1;  /* to be sent away with what there is */
	bool has_events : 1;	  /* some were sent since the stream began */
	bool takes_held : 1;	  /* records that may wait for the next, too */
	bool owes_padding : 1;	  /* what was sent may stand in a buffer */
	bool is_padding : 1;	  /* what is being sent is padding */
	bool was_closed : 1;	  /* a record asked for the response's end */
	bool wants_open : 1;	  /* the opening event, with a long id */
	bool wants_second : 1;	  /* a second write is to follow the head */
	bool wants_beats : 1;	  /* heartbeats are events */
	bool has_lost : 1;	  /* a channel of a pattern: told first */
	bool is_behind : 1;	  /* the client does not know its place's id */
	bool must_end : 1;	  /* when the batch has been sent */
	bool misses_channels : 1; /* some do not exist */
	bool is_short : 1;	  /* its history is shorter than asked for */
};

/* What the connections of all viewers call. */
extern const struct conn_ops viewer_conn_ops;

/**
 * viewer_hub(viewer):
 * Return the hub that ${viewer} belongs to.
 */
static inline struct hub *
viewer_hub(const struct viewer *viewer)
{
	return conn_owner(&viewer->conn)->cookie;
}

/**
 * viewer_wire(viewer):
 * Return what the connection of ${viewer} speaks.
 */
static inline const struct wire *
viewer_wire(const struct viewer *viewer)
{
	return conn_owner(&viewer->conn)->wire;
}

/**
 * viewer_settings(viewer):
 * Return the settings that hold for ${viewer}: those of its stream, else those
 * of no channel.
 */
const struct settings *viewer_settings(const struct viewer *viewer);

/**
 * viewer_open(owner, fd):
 * Take the connection ${fd}, which is one of ${owner} (see hub_owner), and wait
 * for a request on it.  Return NULL with ENOMEM and ${fd} closed.
 */
struct viewer *viewer_open(struct conn_owner *owner, int fd);

/**
 * viewer_close(viewer):
 * Close the connection at once; the memory goes when the turn is over.
 */
void viewer_close(struct viewer *viewer);

/**
 * viewer_stream(viewer, place, head):
 * Begin a stream at ${place} (its reference is taken, also on error) with the
 * unframed bytes ${head}, the header block and what of the body goes with it;
 * settings and flush mode are set already.  Return 0, or -1 with ENOMEM.
 */
int viewer_stream(
    struct viewer *viewer, struct place *place, const struct buf *head);

/**
 * viewer_answer(viewer, whole):
 * Send the unframed response ${whole} and end it.  Return 0, or -1 with ENOMEM.
 */
int viewer_answer(struct viewer *viewer, const struct buf *whole);

/**
 * viewer_run(viewer):
 * Give ${viewer}, which is in no list, its turn: send, or wait.
 */
void viewer_run(struct viewer *viewer);

/**
 * viewer_hold_ms(viewer):
 * Return how long a response of the flush mode close may wait for events.
 */
int64_t viewer_hold_ms(const struct viewer *viewer);

/**
 * viewer_queue(viewer):
 * Let ${viewer} have a turn.
 */
void viewer_queue(struct viewer *viewer);

/**
 * viewer_queue_search(viewer):
 * Let ${viewer}, which is in no list, have a slice after the viewers that have
 * news had their turn.
 */
void viewer_queue_search(struct viewer *viewer);

/**
 * viewer_took(viewer, now_ms), viewer_output_ms(viewer):
 * Note that its socket takes bytes at ${now_ms} (monotonic).  Return when it
 * did so last, or, while it blocks, since when it does not.
 *
 * viewer_set_end(viewer, end_ms):
 * Its stream is to end at ${end_ms}; never if that is INT64_MAX.
 */
int64_t viewer_output_ms(const struct viewer *viewer);
void viewer_took(struct viewer *viewer, int64_t now_ms);
void viewer_set_end(struct viewer *viewer, int64_t end_ms);

/**
 * viewer_set_timer(viewer):
 * Set the time of ${viewer} after what it depends on has changed.
 */
void viewer_set_timer(struct viewer *viewer);

/**
 * viewer_note_held(viewer):
 * The place of ${viewer} was read: see to it that records which were left there
 * because they may wait do not wait for longer than the time between two
 * heartbeats.
 */
void viewer_note_held(struct viewer *viewer);

/**
 * viewer_on_due(viewer):
 * Do what the time asks for: heartbeat, end of life, giving up on it.
 */
void viewer_on_due(struct viewer *viewer);

/**
 * viewer_end(viewer):
 * End the stream of ${viewer} after what is being sent, with a retry field.
 */
void viewer_end(struct viewer *viewer);

#endif
