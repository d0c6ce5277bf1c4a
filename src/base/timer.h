/*
 * Timers of libev that run once and may be set again at any time.
 *
 * libev asks its callers that no timer is initialized or set while it is
 * active; if one is, the loop has it twice and its memory grows until the
 * process aborts.  Only libev knows whether a timer is active: code that keeps
 * a flag of its own for that is wrong as soon as a callback comes back to where
 * the timer was set.  So a timer is initialized when its owner is, and set by
 * these functions alone.
 */
#ifndef SPOOLCAST_BASE_TIMER_H
#define SPOOLCAST_BASE_TIMER_H

#include <ev.h>

/* What a timer calls. */
typedef void timer_run(struct ev_loop *loop, ev_timer *timer, int revents);

/**
 * timer_init(timer, run, data):
 * Prepare ${timer}, which is not active, to call ${run}; its data is ${data}.
 */
static inline void
timer_init(ev_timer *timer, timer_run *run, void *data)
{
	ev_timer_init(timer, run, 0., 0.);
	timer->data = data;
}

/**
 * timer_set(loop, timer, seconds):
 * Let ${timer} run once, in ${seconds}, in place of the time it was set to
 * before.  What it calls may call this, too.
 */
static inline void
timer_set(struct ev_loop *loop, ev_timer *timer, double seconds)
{
	ev_timer_stop(loop, timer);
	ev_timer_set(timer, seconds, 0.);
	ev_timer_start(loop, timer);
}

/**
 * timer_set_first(loop, timer, seconds):
 * Do the same as timer_set, unless ${timer} is set already.
 */
static inline void
timer_set_first(struct ev_loop *loop, ev_timer *timer, double seconds)
{
	if (!ev_is_active(timer))
		timer_set(loop, timer, seconds);
}

#endif
