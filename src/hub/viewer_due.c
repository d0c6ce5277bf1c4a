/* What time asks of a viewer: heartbeat, end of life, giving up on it. */
#include <inttypes.h>

#include "base/clock.h"
#include "hub/viewer_send.h"

/* A web server sends its request at once; what waits so long is none. */
#define REQUEST_WAIT_MS 30000
/* How long a web server may take to close after the end of a response. */
#define LINGER_MS 2000
#define LINGER_DRAIN_MS 100

static int64_t
output_ms_of(const struct viewer *v, int64_t now_ms)
{
	return clock_unfold(v->output_at, now_ms);
}

int64_t
viewer_output_ms(const struct viewer *v)
{
	return output_ms_of(v, clock_mono_ms());
}

/* When the stream ends; INT64_MAX: never. */
static int64_t
end_ms_of(const struct viewer *v, int64_t now_ms)
{
	return v->has_end ? clock_unfold(v->end_at, now_ms) : INT64_MAX;
}

/* When held records are due; INT64_MAX: there are none. */
static int64_t
held_ms_of(const struct viewer *v, int64_t now_ms)
{
	return v->awaits_held ? clock_unfold(v->held_at, now_ms) : INT64_MAX;
}

void
viewer_took(struct viewer *v, int64_t now_ms)
{
	v->output_at = (uint32_t)now_ms;
}

void
viewer_set_end(struct viewer *v, int64_t end_ms)
{
	v->has_end = end_ms != INT64_MAX;
	v->end_at = (uint32_t)end_ms;
}

/*
 * Return when a viewer is to have its next heartbeat.  An event reaches all
 * viewers at once, but their heartbeats are to be spread.  The first one after
 * an event comes in the second half of heartbeat_ms.  The others follow at a
 * distance that is a little less than heartbeat_ms and each viewer's own, so
 * that groups dissolve.  A page that watches heartbeats has them at that
 * distance even if there are events: it may not listen to their types.
 */
static int64_t
beat_due_ms(const struct viewer *v, int64_t now_ms)
{
	int64_t heartbeat_ms = viewer_settings(v)->heartbeat_ms;
	int64_t output_ms = output_ms_of(v, now_ms);
	int64_t latest_ms = output_ms + heartbeat_ms;
	/* Neighbours in memory are far apart (Knuth 6.4). */
	uint64_t own = (uint64_t)(uintptr_t)v * 0x9e3779b97f4a7c15U >> 32;
	int64_t less_ms = (int64_t)own % (heartbeat_ms / 16 + 1);
	int64_t half_ms = heartbeat_ms / 2 - less_ms;
	int64_t whole_ms = heartbeat_ms - less_ms;

	if (v->wants_beats)
		return output_ms + whole_ms -
		    (output_ms + (int64_t)own) % whole_ms;
	return latest_ms - (latest_ms + (int64_t)own) % half_ms;
}

static int64_t
next_due_ms(const struct viewer *v, int64_t now_ms)
{
	int64_t due_ms = output_ms_of(v, now_ms);
	int64_t end_ms = end_ms_of(v, now_ms), held_ms;

	/* The viewer is waiting for us, so it has no time to keep. */
	if (v->state == VIEWER_STARTING)
		return now_ms + REQUEST_WAIT_MS;
	if (v->state == VIEWER_IDLE)
		return due_ms + REQUEST_WAIT_MS;
	if (v->state == VIEWER_LINGERING)
		return due_ms +
		    (viewer_hub(v)->ending.is_draining ? LINGER_DRAIN_MS :
							 LINGER_MS);
	if (v->conn.is_blocked) {
		due_ms += viewer_settings(v)->stall_ms;
		/* One that takes a byte now and then has stall_ms to end. */
		if (v->must_end && end_ms != INT64_MAX)
			end_ms += viewer_settings(v)->stall_ms;
	} else {
		due_ms = beat_due_ms(v, now_ms);
		held_ms = held_ms_of(v, now_ms);
		if (held_ms < due_ms)
			due_ms = held_ms;
	}
	return due_ms < end_ms ? due_ms : end_ms;
}

static void
set_timer(struct viewer *v, int64_t now_ms)
{
	wheel_set(
	    &viewer_hub(v)->viewers.wheel, &v->timer, next_due_ms(v, now_ms));
}

void
viewer_set_timer(struct viewer *v)
{
	set_timer(v, clock_mono_ms());
}

void
viewer_note_held(struct viewer *v)
{
	if (v->takes_held || !v->place->has_held) {
		v->awaits_held = false;
		return;
	}
	if (v->awaits_held)
		return;
	v->awaits_held = true;
	v->held_at =
	    (uint32_t)(clock_mono_ms() + viewer_settings(v)->heartbeat_ms);
	viewer_set_timer(v);
}

/* Whether a viewer that blocks has had its time, and why. */
static const char *
has_stalled(const struct viewer *v, int64_t now_ms)
{
	if (now_ms >= output_ms_of(v, now_ms) + viewer_settings(v)->stall_ms)
		return "stalled";
	return v->must_end ? "slow" : NULL;
}

static void
give_up(struct viewer *v, const char *why, int64_t now_ms)
{
	if (hub_log_peer(viewer_hub(v)))
		log_msg(LOG_LEVEL_INFO, "event=%s seconds=%" PRId64, why,
		    (now_ms - output_ms_of(v, now_ms)) / 1000);
	viewer_close(v);
}

void
viewer_on_due(struct viewer *v)
{
	int64_t now_ms = clock_mono_ms();
	const char *why;

	/* The time may have moved since the timer was set. */
	if (now_ms < next_due_ms(v, now_ms)) {
		set_timer(v, now_ms);
		return;
	}
	if (v->state == VIEWER_LINGERING) {
		viewer_close(v);
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
	/* Held records waited long enough: a run reads the place with them. */
	if (now_ms >= held_ms_of(v, now_ms) && now_ms < end_ms_of(v, now_ms)) {
		v->takes_held = true;
		v->awaits_held = false;
		if (v->batch == NULL)
			viewer_queue(v);
		set_timer(v, now_ms);
		return;
	}
	/* From the end on, a blocked viewer has stall_ms to take the rest. */
	if (now_ms >= end_ms_of(v, now_ms)) {
		viewer_end(v);
		viewer_set_end(v, now_ms);
	} else if (v->batch == NULL) {
		if (viewer_send_beat(v) != 0) {
			viewer_close(v);
			return;
		}
		viewer_queue(v);
	}
	/* What is being sent does for a heartbeat, unless it blocks. */
	if (!v->conn.is_blocked)
		viewer_took(v, now_ms);
	set_timer(v, now_ms);
}
