#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "hub/feed.h"
#include "hub/viewer_send.h"
#include "stream/retry.h"

/* How long one who is not held may be kept by records that keep coming. */
#define POLL_LASTS_MS 2000

/* Leave the list that it is in, if any: of its place, or the run queue. */
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
	leave_list(v);
	list_push(&v->hub->run, &v->node);
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

	if (v->batch != NULL)
		viewer_queue(v);
}

static void
on_gone(struct conn *conn, const char *why, bool is_fault)
{
	struct viewer *v = LIST_OF(conn, struct viewer, conn);

	/* Viewers go all the time; peers that talk nonsense are worth a line.
	 */
	if (is_fault && log_allow(&v->hub->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN, "event=bad-request reason=\"%s\"", why);
	viewer_close(v);
}

static const struct conn_ops conn_ops = {
	.on_request = on_request,
	.on_writable = on_writable,
	.on_gone = on_gone,
};

struct viewer *
viewer_open(struct hub *hub, int fd)
{
	struct viewer *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		close(fd);
		return NULL;
	}
	v->hub = hub;
	v->settings = hub->settings;
	v->state = VIEWER_IDLE;
	v->output_ms = clock_mono_ms();
	v->end_ms = v->held_ms = INT64_MAX;
	list_init(&v->node);
	list_init(&v->timer);
	conn_open(&v->conn, hub->loop, hub->kind, fd, &conn_ops);
	hub->n_viewers++;
	viewer_set_timer(v);
	return v;
}

/* Forget the response; the connection may get another request. */
static void
clear(struct viewer *v)
{
	leave_list(v);
	if (v->place != NULL)
		v->hub->n_responses--;
	place_unref(v->place);
	v->place = NULL;
	budget_give(v->hub, &v->share);
	batch_unref(v->batch);
	batch_unref(v->tail);
	v->batch = v->tail = NULL;
	v->sent = 0;
	v->padding = 0;
	v->wants_second = v->wants_open = v->has_lost = false;
	v->is_behind = v->must_end = v->is_over_budget = false;
	v->has_events = v->owes_padding = v->is_padding = false;
	v->was_closed = false;
	v->end_ms = v->held_ms = INT64_MAX;
}

void
viewer_close(struct viewer *v)
{
	if (v->state == VIEWER_CLOSED)
		return;
	clear(v);
	v->state = VIEWER_CLOSED;
	list_remove(&v->timer);
	conn_close(&v->conn, v->hub->loop);
	v->hub->n_viewers--;
	list_push(&v->hub->reap, &v->node);
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
	return v->is_over_budget ? 0 : v->settings->hold_ms;
}

/* When the stream ends by itself. */
static int64_t
planned_end_ms(const struct viewer *v, int64_t now_ms)
{
	const struct settings *settings = v->settings;
	int64_t lasts_ms = INT64_MAX, close_ms = viewer_hold_ms(v);

	if (settings->lifetime_ms > 0)
		lasts_ms =
		    retry_jittered(settings->lifetime_ms, 10, &v->hub->rnd);
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
	v->hub->n_responses++;
	v->state = VIEWER_STREAMING;
	v->output_ms = now_ms;
	v->own_retry_ms = -1;
	/* For those who come later, what was held once is history. */
	v->takes_held = true;
	v->has_events = v->has_lost;
	v->wants_second = v->padding > 0 || v->wants_open || v->is_behind;
	v->end_ms = planned_end_ms(v, now_ms);
	if (viewer_send_text(v, head) != 0)
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
	if (folder_follow(&v->hub->folder)) {
		viewer_queue(v);
		return 0;
	}
	place_wait(v->place, &v->node);
	return 0;
}

/* Take the batch behind the place, or wait for one there. */
static int
take_next(struct viewer *v)
{
	bool is_unfinished;
	struct batch *batch;

	if (!v->takes_held && window_leaves(v->place))
		return rest(v);
	batch = feed_next(v->place, v->takes_held, &is_unfinished);
	viewer_note_held(v);
	if (batch != NULL && !conn_is_usual(&v->conn) &&
	    (batch = viewer_readdress(v, batch)) == NULL)
		return -1;
	v->batch = batch;
	v->sent = 0;
	if (batch != NULL)
		return batch->len > 0 ? viewer_add_padding(v) : 0;
	if (is_unfinished) {
		viewer_queue(v);
		return 0;
	}
	return rest(v);
}

/* The viewer has what is in ${batch} and is where it leads. */
static void
move_on(struct viewer *v, const struct batch *batch)
{
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

/* The batch was sent, and perhaps some of what follows it. */
static void
arrive(struct viewer *v)
{
	struct batch *batch = v->batch;

	v->owes_padding = flush_get(v->flush)->pads && !v->is_padding &&
	    v->tail == NULL && (batch->len > 0 || v->owes_padding);
	v->is_padding = v->tail != NULL;
	v->sent -= batch->len;
	v->batch = v->tail;
	v->tail = NULL;
	if (batch->to != NULL)
		move_on(v, batch);
	batch_unref(batch);
}

static void
finish(struct viewer *v)
{
	bool is_kept = conn_next(&v->conn) && !v->hub->is_draining;

	clear(v);
	v->is_kept = is_kept;
	if (!is_kept && !conn_linger(&v->conn)) {
		viewer_close(v);
		return;
	}
	v->state = is_kept ? VIEWER_IDLE : VIEWER_LINGERING;
	v->output_ms = clock_mono_ms();
	if (is_kept)
		v->output_ms += VIEWER_KEPT_MS;
	viewer_set_timer(v);
}

/* Send the batch.  Return 1 when it is done, 0 when there is no room, or -1. */
static int
send_batch(struct viewer *v)
{
	struct iovec parts[2];
	size_t left = v->batch->len - v->sent;
	int n_parts = 1;
	ssize_t n;

	if (left == 0)
		return 1;
	parts[0].iov_base = v->batch->bytes + v->sent;
	parts[0].iov_len = left;
	if (v->tail != NULL) {
		parts[1].iov_base = v->tail->bytes;
		parts[1].iov_len = v->tail->len;
		n_parts = 2;
	}
	n = conn_send(&v->conn, v->hub->loop, parts, n_parts);
	if (n == -1)
		return -1;
	if (n > 0)
		v->output_ms = v->hub->turn_ms;
	v->sent += (size_t)n;
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

static int
run(struct viewer *v)
{
	bool was_blocked = v->conn.is_blocked;

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
			v->output_ms = clock_mono_ms();
		viewer_set_timer(v);
		return 0;
	}
	if (was_blocked)
		viewer_set_timer(v);
	arrive(v);
	if (v->state == VIEWER_ENDING)
		finish(v);
	else
		viewer_queue(v);
	return 0;
}

void
viewer_run(struct viewer *v)
{
	/* Gone, or out of memory for it: the client comes back and resumes. */
	if (v->state != VIEWER_CLOSED && run(v) != 0)
		viewer_close(v);
}
