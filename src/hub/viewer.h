/*
 * A viewer: one connection, from accept to close, and what it is being sent.
 *
 *	IDLE      no request yet, or none after a finished one (keep-conn)
 *	STREAMING at a place: waiting there, queued to run, or sending a batch
 *	ENDING    what is left to send is the end of the response
 *	LINGERING all is sent, and the web server has not closed yet
 *	CLOSED    to be freed when the turn is over
 *
 * Whoever is not sending stands in one list: of a place, or the run queue.
 */
#ifndef SPOOLCAST_HUB_VIEWER_H
#define SPOOLCAST_HUB_VIEWER_H

#include <stdbool.h>

#include "conn/conn.h"
#include "hub/budget.h"
#include "hub/flush.h"
#include "hub/hub.h"

/* How much longer than the first request a kept connection's next may take. */
#define VIEWER_KEPT_MS 3570000

enum viewer_state {
	VIEWER_IDLE,
	VIEWER_STREAMING,
	VIEWER_ENDING,
	VIEWER_LINGERING,
	VIEWER_CLOSED,
};

struct viewer {
	struct conn conn;
	struct hub *hub;
	const struct settings *settings; /* of its first channel */
	struct list node;  /* in hub->run, place->viewers, hub->reap or none */
	struct list timer; /* in hub->wheel */
	struct place *place;  /* a reference; NULL unless streaming */
	struct batch *batch;  /* a reference: what is being sent; or NULL */
	struct batch *tail;   /* a reference: follows in the same write */
	size_t sent;	      /* of the batch */
	int64_t output_ms;    /* when the socket last took something */
	int64_t held_ms;      /* when held records are due; INT64_MAX: none */
	int64_t end_ms;	      /* when the stream shall end; INT64_MAX: never */
	struct share share;   /* of the budget of streams */
	int32_t own_retry_ms; /* a publisher's hint; -1: none */
	uint32_t padding;     /* bytes to send once as a comment */
	uint8_t state;	      /* enum viewer_state */
	uint8_t flush;	      /* enum flush_mode */
	bool is_kept;	      /* the connection had a request before */
	bool is_over_budget;  /* to be sent away with what there is */
	bool has_events;      /* some were sent since the stream began */
	bool takes_held;      /* records that may wait for the next, too */
	bool owes_padding;    /* what was sent may stand in a buffer */
	bool is_padding;      /* what is being sent is that */
	bool was_closed;      /* a record asked for the end of the response */
	bool wants_open;      /* and the opening event */
	bool wants_second;    /* these, or a long id, follow the first write */
	bool has_lost;	      /* a channel of a pattern: to be told first */
	bool is_behind;	      /* the client does not know its place's id */
	bool must_end;	      /* when the batch has been sent */
};

/**
 * viewer_open(hub, fd):
 * Take the connection ${fd} and wait for a request on it.  Return NULL with
 * ENOMEM and ${fd} closed.
 */
struct viewer *viewer_open(struct hub *hub, int fd);

/**
 * viewer_close(viewer):
 * Close the connection at once; the memory goes when the turn is over.
 */
void viewer_close(struct viewer *viewer);

/**
 * viewer_stream(viewer, place, head):
 * Begin a stream at ${place} (its reference is taken, also on error) with the
 * unframed bytes ${head}; settings and flush mode are set already.  Return 0,
 * or -1 with ENOMEM.
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
 * viewer_set_timer(viewer):
 * Set the time of ${viewer} after what it depends on has changed.
 */
void viewer_set_timer(struct viewer *viewer);

/**
 * viewer_note_held(viewer):
 * The place of ${viewer} was read: see to it that records that were left there
 * because they may wait do not wait for longer than until a heartbeat.
 */
void viewer_note_held(struct viewer *viewer);

/**
 * viewer_on_due(viewer):
 * Do what the time asks for: heartbeat, end of life, giving up on it.
 */
void viewer_on_due(struct viewer *viewer);

/**
 * viewer_end(viewer):
 * End the stream of ${viewer} behind what is being sent, with a retry field.
 */
void viewer_end(struct viewer *viewer);

/* Called when a request has come; in admit.c. */
void admit_request(struct viewer *viewer, const struct request_vars *vars);

#endif
