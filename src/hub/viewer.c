#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "hub/feed.h"
#include "hub/viewer_send.h"
#include "stream/retry.h"

/* A web server sends its request at once; one that does not is no web server.
 */
#define REQUEST_WAIT_MS 30000
/* How long a kept connection may wait for its next request. */
#define KEPT_WAIT_MS 3600000

static void
queue(struct viewer *v)
{
	if (v->is_waiting) {
		v->is_waiting = false;
		place_leave(v->place, &v->node);
	}
	if (list_is_empty(&v->node))
		list_push(&v->hub->run, &v->node);
}

static int64_t
next_due_ms(const struct viewer *v)
{
	int64_t due_ms = v->output_ms, end_ms = v->end_ms;

	if (v->state == VIEWER_IDLE)
		return due_ms + REQUEST_WAIT_MS;
	if (v->conn.is_blocked) {
		due_ms += v->settings->stall_ms;
		/* Who takes a byte now and then may take as long to end. */
		if (v->must_end && end_ms != INT64_MAX)
			end_ms += v->settings->stall_ms;
	} else {
		due_ms += v->settings->heartbeat_ms;
	}
	return due_ms < end_ms ? due_ms : end_ms;
}

static void
set_timer(struct viewer *v)
{
	wheel_set(&v->hub->wheel, &v->timer, next_due_ms(v));
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
		queue(v);
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
	v->end_ms = INT64_MAX;
	list_init(&v->node);
	list_init(&v->timer);
	conn_open(&v->conn, hub->loop, hub->kind, fd, &conn_ops);
	hub->n_viewers++;
	set_timer(v);
	return v;
}

/* Forget the response; the connection may get another request. */
static void
clear(struct viewer *v)
{
	if (v->is_waiting)
		place_leave(v->place, &v->node);
	else
		list_remove(&v->node);
	v->is_waiting = false;
	if (v->place != NULL) {
		v->hub->n_streams--;
		place_unref(v->place);
		v->place = NULL;
	}
	batch_unref(v->batch);
	v->batch = NULL;
	v->sent = 0;
	v->padding = 0;
	v->wants_second = v->wants_open = v->has_lost = false;
	v->is_behind = v->must_end = false;
	v->end_ms = INT64_MAX;
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
	queue(v);
	return 0;
}

int
viewer_stream(struct viewer *v, struct place *place,
    const struct settings *settings, const struct buf *head)
{
	int64_t now_ms = clock_mono_ms();

	v->place = place;
	v->hub->n_streams++;
	v->settings = settings;
	v->state = VIEWER_STREAMING;
	v->output_ms = now_ms;
	v->wants_second = v->padding > 0 || v->wants_open || v->is_behind;
	if (settings->lifetime_ms > 0)
		v->end_ms = now_ms +
		    retry_jittered(settings->lifetime_ms, 10, &v->hub->rnd);
	if (viewer_send_text(v, head) != 0)
		return -1;
	queue(v);
	set_timer(v);
	return 0;
}

void
viewer_end(struct viewer *v)
{
	if (v->state != VIEWER_STREAMING)
		return;
	v->must_end = true;
	if (v->batch == NULL)
		queue(v);
}

/* Take the batch behind the place, or wait for one there. */
static int
take_next(struct viewer *v)
{
	bool is_unfinished;
	struct batch *batch = feed_next(v->place, &is_unfinished);

	if (batch != NULL && !conn_is_usual(&v->conn) &&
	    (batch = viewer_readdress(v, batch)) == NULL)
		return -1;
	v->batch = batch;
	v->sent = 0;
	if (batch != NULL)
		return 0;
	if (is_unfinished) {
		queue(v);
		return 0;
	}
	if (feed_is_over(v->place))
		return viewer_send_end(v);
	v->is_waiting = true;
	place_wait(v->place, &v->node);
	return 0;
}

/* The batch was sent: the viewer is where it leads. */
static void
arrive(struct viewer *v)
{
	struct batch *batch = v->batch;

	v->batch = NULL;
	if (batch->to != NULL) {
		if (batch->len > 0)
			v->is_behind = batch->ends_skipped;
		else
			v->is_behind = v->is_behind || batch->ends_skipped;
		place_ref(batch->to);
		place_unref(v->place);
		v->place = batch->to;
	}
	batch_unref(batch);
}

static void
finish(struct viewer *v)
{
	clear(v);
	if (!conn_next(&v->conn) || v->hub->is_draining) {
		viewer_close(v);
		return;
	}
	v->state = VIEWER_IDLE;
	v->output_ms = clock_mono_ms() + KEPT_WAIT_MS - REQUEST_WAIT_MS;
	set_timer(v);
}

/* Send the batch.  Return 1 when it is done, 0 when there is no room, or -1. */
static int
send_batch(struct viewer *v)
{
	size_t left = v->batch->len - v->sent;
	ssize_t n;

	if (left == 0)
		return 1;
	n = conn_send(&v->conn, v->hub->loop, v->batch->bytes + v->sent, left);
	if (n == -1)
		return -1;
	if (n > 0)
		v->output_ms = clock_mono_ms();
	v->sent += (size_t)n;
	return v->sent == v->batch->len;
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
		set_timer(v);
		return 0;
	}
	if (was_blocked)
		set_timer(v);
	arrive(v);
	if (v->state == VIEWER_ENDING)
		finish(v);
	else
		queue(v);
	return 0;
}

void
viewer_run(struct viewer *v)
{
	/* Gone, or out of memory for it: the client comes back and resumes. */
	if (v->state != VIEWER_CLOSED && run(v) != 0)
		viewer_close(v);
}

/* Whether a viewer that blocks has had its time, and why. */
static const char *
has_stalled(const struct viewer *v, int64_t now_ms)
{
	if (now_ms >= v->output_ms + v->settings->stall_ms)
		return "stalled";
	return v->must_end ? "slow" : NULL;
}

static void
give_up(struct viewer *v, const char *why, int64_t now_ms)
{
	if (log_allow(&v->hub->quota, now_ms))
		log_msg(LOG_LEVEL_INFO, "event=%s seconds=%" PRId64, why,
		    (now_ms - v->output_ms) / 1000);
	viewer_close(v);
}

void
viewer_on_due(struct viewer *v)
{
	int64_t now_ms = clock_mono_ms();
	const char *why;

	if (now_ms < next_due_ms(v)) {
		set_timer(v);
		return;
	}
	if (v->state == VIEWER_IDLE) {
		give_up(v, "no-request", now_ms);
		return;
	}
	if (v->conn.is_blocked && (why = has_stalled(v, now_ms)) != NULL) {
		give_up(v, why, now_ms);
		return;
	}
	if (now_ms >= v->end_ms) {
		viewer_end(v);
		v->end_ms = now_ms;
	} else if (v->batch == NULL) {
		if (viewer_send_beat(v) != 0) {
			viewer_close(v);
			return;
		}
		queue(v);
	}
	/* What is on its way will do for a heartbeat; who blocks has none. */
	if (!v->conn.is_blocked)
		v->output_ms = now_ms;
	set_timer(v);
}
