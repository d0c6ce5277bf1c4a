#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "feed/feed_next.h"
#include "hub/admit.h"
#include "hub/retry.h"
#include "hub/subscribe.h"
#include "hub/viewer_send.h"

/* How long records that keep coming may prolong a response that is not held. */
#define POLL_LASTS_MS 2000

/* One more byte, and glibc's malloc takes 192 for it in place of 176. */
static_assert(sizeof(void *) != 8 || sizeof(struct viewer) <= 168,
    "a viewer takes more memory");

/* Take ${v} out of its list, if any: that of its place, or the run queue. */
static void
leave_list(struct viewer *v)
{
	if (v->place != NULL)
		place_leave(v->place, &v->node);
	else
		list_remove(&v->node);
}

void
viewer_queue(struct viewer *v)
{
	/* A viewer that stands in the queue stays where it is. */
	if (v->is_queued)
		return;
	leave_list(v);
	v->is_queued = true;
	list_push(&viewer_hub(v)->turns.run, &v->node);
}

void
viewer_queue_search(struct viewer *v)
{
	v->is_queued = true;
	list_push(&viewer_hub(v)->turns.searches, &v->node);
}

static void
on_request(struct conn *conn, const struct request_vars *vars)
{
	admit_request(LIST_OF(conn, struct viewer, conn), vars);
}

static void
on_writable(struct conn *conn)
{
	struct viewer *v = LIST_OF(conn, struct viewer, conn);

	if (v->state != VIEWER_STARTING && v->batch != NULL)
		viewer_queue(v);
}

static void
on_gone(struct conn *conn, const char *why, bool is_fault)
{
	struct viewer *v = LIST_OF(conn, struct viewer, conn);

	/* Viewers go all the time; only a broken protocol is worth a line. */
	if (is_fault && hub_log_peer(viewer_hub(v)))
		log_msg(LOG_LEVEL_WARN, "event=bad-request reason=\"%s\"", why);
	viewer_close(v);
}

const struct conn_ops viewer_conn_ops = {
	.on_request = on_request,
	.on_writable = on_writable,
	.on_gone = on_gone,
};

const struct settings *
viewer_settings(const struct viewer *v)
{
	return v->place == NULL ? viewer_hub(v)->settings :
				  v->place->feed->settings;
}

struct viewer *
viewer_open(struct conn_owner *owner, int fd)
{
	struct hub *hub = owner->cookie;
	struct viewer *v = pool_get(&hub->viewers.pool);

	if (v == NULL) {
		close(fd);
		return NULL;
	}
	v->state = VIEWER_IDLE;
	viewer_took(v, clock_mono_ms());
	list_init(&v->node);
	list_init(&v->timer);
	conn_open(&v->conn, hub->loop, fd, owner);
	hub->viewers.n++;
	viewer_set_timer(v);
	return v;
}

/* Forget the response; the connection may get another request. */
static void
clear(struct viewer *v)
{
	leave_list(v);
	if (v->place != NULL)
		viewer_hub(v)->viewers.n_responses--;
	place_unref(v->place);
	v->place = NULL;
	budget_give(viewer_hub(v), &v->share);
	if (v->state == VIEWER_STARTING)
		subscribe_drop(v);
	batch_unref(v->batch);
	v->batch = NULL;
	v->sent = 0;
	v->padding = 0;
	v->wants_second = v->wants_open = v->has_lost = false;
	v->is_behind = v->must_end = v->is_over_budget = false;
	v->has_events = v->owes_padding = v->is_padding = false;
	v->was_closed = v->has_tail = v->is_queued = false;
	v->has_end = v->awaits_held = v->is_short = v->wants_beats = false;
	v->misses_channels = false;
}

void
viewer_close(struct viewer *v)
{
	if (v->state == VIEWER_CLOSED)
		return;
	clear(v);
	v->state = VIEWER_CLOSED;
	list_remove(&v->timer);
	conn_close(&v->conn, viewer_hub(v)->loop);
	viewer_hub(v)->viewers.n--;
	list_push(&viewer_hub(v)->viewers.closed, &v->node);
}

int
viewer_answer(struct viewer *v, const struct buf *whole)
{
	if (viewer_send_whole(v, whole) != 0)
		return -1;
	viewer_queue(v);
	return 0;
}

int64_t
viewer_hold_ms(const struct viewer *v)
{
	return v->is_over_budget ? 0 : viewer_settings(v)->hold_ms;
}

/* When the stream ends by itself. */
static int64_t
planned_end_ms(const struct viewer *v, int64_t now_ms)
{
	const struct settings *settings = viewer_settings(v);
	int64_t lasts_ms = INT64_MAX, close_ms = viewer_hold_ms(v);

	if (settings->lifetime_ms > 0)
		lasts_ms = retry_jittered(
		    settings->lifetime_ms, 10, &viewer_hub(v)->rnd);
	if (close_ms == 0)
		close_ms = POLL_LASTS_MS;
	if (flush_get(v->flush)->closes && close_ms < lasts_ms)
		lasts_ms = close_ms;
	return lasts_ms == INT64_MAX ? INT64_MAX : now_ms + lasts_ms;
}

int
viewer_stream(struct viewer *v, struct place *place, const struct buf *head)
{
	int64_t now_ms = clock_mono_ms();

	v->place = place;
	viewer_hub(v)->viewers.n_responses++;
	v->state = VIEWER_STREAMING;
	viewer_took(v, now_ms);
	v->own_retry_ms = -1;
	/* Records that others had to wait for are history to a new viewer. */
	v->takes_held = true;
	v->has_events = v->has_lost;
	v->wants_second = v->padding > 0 || v->wants_open || v->has_lost ||
	    v->is_short || v->misses_channels;
	viewer_set_end(v, planned_end_ms(v, now_ms));
	if (viewer_send_head(v, head) != 0)
		return -1;
	viewer_queue(v);
	viewer_set_timer(v);
	return 0;
}

void
viewer_end(struct viewer *v)
{
	if (v->state != VIEWER_STREAMING)
		return;
	v->must_end = true;
	if (v->batch == NULL)
		viewer_queue(v);
}

/* There is nothing to send: end, fill up, or wait at the place. */
static int
rest(struct viewer *v)
{
	const struct flush *flush = flush_get(v->flush);

	v->takes_held = false;
	if (feed_is_over(v->place) ||
	    (flush->closes && (v->has_events || viewer_hold_ms(v) == 0)))
		return viewer_send_end(v);
	if (v->owes_padding)
		return viewer_send_padding(v);
	/* Much may have changed before the folder was followed: look again. */
	if (folder_follow(&viewer_hub(v)->folder)) {
		viewer_queue(v);
		return 0;
	}
	window_rest(v->place->feed);
	place_wait(v->place, &v->node);
	return 0;
}

/* Take the batch after the place, or wait for one there. */
static int
take_next(struct viewer *v)
{
	enum feed_more more;
	struct batch *batch;

	/* News that came in a window is left to the end of that. */
	if (!v->takes_held && window_leaves(v->place))
		return rest(v);
	batch = feed_next(v->place, v->takes_held, &more);
	viewer_note_held(v);
	if (batch != NULL && (batch = viewer_readdress(v, batch)) == NULL)
		return -1;
	v->batch = batch;
	v->sent = 0;
	if (batch != NULL) {
		if (batch->len > 0)
			viewer_add_padding(v);
		return 0;
	}
	/* Nothing came: wait for news, for a slice or for memory. */
	if (more == FEED_NOTHING)
		return rest(v);
	if (more == FEED_UNFINISHED)
		viewer_queue_search(v);
	else
		limits_wait(viewer_hub(v), &v->node);
	return 0;
}

/* The viewer has what is in ${batch}: move it to where that leads. */
static void
move_on(struct viewer *v, const struct batch *batch)
{
	/* An event brings its id; records that were left out bring none. */
	if (batch->len > 0) {
		v->is_behind = batch->ends_skipped;
		v->has_events = true;
	} else {
		v->is_behind = v->is_behind || batch->ends_skipped;
	}
	if (batch->retry_ms >= 0)
		v->own_retry_ms = batch->retry_ms < INT32_MAX ?
		    (int32_t)batch->retry_ms :
		    INT32_MAX;
	if (batch->closes)
		v->must_end = v->was_closed = true;
	place_ref(batch->to);
	place_unref(v->place);
	v->place = batch->to;
}

/* The batch was sent, and perhaps some of the padding: go on with that. */
static int
arrive(struct viewer *v)
{
	struct batch *batch = v->batch, *tail = NULL;

	if (v->has_tail && (tail = viewer_padding(v)) == NULL)
		return -1;
	/* Events that no padding followed may stand in a buffer. */
	v->owes_padding = flush_get(v->flush)->pads && !v->is_padding &&
	    !v->has_tail && (batch->len > 0 || v->owes_padding);
	v->is_padding = v->has_tail;
	v->sent -= (uint32_t)batch->len;
	v->batch = tail;
	v->has_tail = false;
	if (batch->to != NULL)
		move_on(v, batch);
	batch_unref(batch);
	return 0;
}

static void
finish(struct viewer *v)
{
	bool is_kept = conn_next(&v->conn, viewer_hub(v)->loop) &&
	    !viewer_hub(v)->ending.is_draining;

	clear(v);
	v->is_kept = is_kept;
	if (!is_kept && !conn_linger(&v->conn)) {
		viewer_close(v);
		return;
	}
	v->state = is_kept ? VIEWER_IDLE : VIEWER_LINGERING;
	/* A kept connection has more time: that begins to count later. */
	viewer_took(v, clock_mono_ms() + (is_kept ? VIEWER_KEPT_MS : 0));
	viewer_set_timer(v);
}

/* Send the batch.  Return 1 if that is done, 0 if the socket is full, or -1. */
static int
send_batch(struct viewer *v)
{
	struct iovec parts[2];
	size_t left = v->batch->len - v->sent;
	struct batch *tail = NULL;
	int n_parts = 1;
	ssize_t n;

	if (left == 0)
		return 1;
	parts[0].iov_base = v->batch->bytes + v->sent;
	parts[0].iov_len = left;
	/* Padding that follows the batch goes in the same write. */
	if (v->has_tail) {
		if ((tail = viewer_padding(v)) == NULL)
			return -1;
		parts[1].iov_base = tail->bytes;
		parts[1].iov_len = tail->len;
		n_parts = 2;
	}
	n = conn_send(&v->conn, viewer_hub(v)->loop, parts, n_parts);
	batch_unref(tail);
	if (n == -1)
		return -1;
	if (n > 0)
		viewer_took(v, viewer_hub(v)->turns.now_ms);
	v->sent += (uint32_t)n;
	return v->sent >= v->batch->len;
}

/* Decide what is sent next; v->batch stays NULL where nothing is. */
static int
choose(struct viewer *v)
{
	if (v->must_end || v->place->feed->is_over_full)
		return viewer_send_end(v);
	if (v->wants_second)
		return viewer_send_second(v);
	return take_next(v);
}

/*
 * The viewer has what was sent.  If that is all there is, let it wait for more
 * at once: a run would only find that out.
 */
static int
go_on(struct viewer *v)
{
	bool is_all =
	    v->batch == NULL && place_is_seen(v->place, v->takes_held);

	if (is_all && choose(v) != 0)
		return -1;
	if (!is_all || v->batch != NULL)
		viewer_queue(v);
	return 0;
}

static int
run(struct viewer *v)
{
	bool was_blocked = v->conn.is_blocked, is_searching;

	if (v->batch == NULL && choose(v) != 0)
		return -1;
	if (v->batch == NULL)
		return 0;
	switch (send_batch(v)) {
	case -1:
		return -1;
	case 0:
		/* The stall is counted from the first refusal on. */
		if (!was_blocked)
			viewer_took(v, clock_mono_ms());
		viewer_set_timer(v);
		list_push(&viewer_hub(v)->limits.blocked, &v->node);
		return 0;
	}
	if (was_blocked)
		viewer_set_timer(v);
	/* An empty batch that is unfinished only moved on: search for more. */
	is_searching = v->batch->len == 0 && v->batch->is_unfinished;
	if (arrive(v) != 0)
		return -1;
	if (v->state == VIEWER_ENDING)
		finish(v);
	else if (is_searching)
		viewer_queue_search(v);
	else
		return go_on(v);
	return 0;
}

void
viewer_run(struct viewer *v)
{
	v->is_queued = false;
	if (v->state == VIEWER_STARTING) {
		subscribe_go_on(v);
		return;
	}
	/* If the peer is gone or memory is short, the client resumes later. */
	if (v->state != VIEWER_CLOSED && run(v) != 0)
		viewer_close(v);
}
