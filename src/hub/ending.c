#include <signal.h>

#include "base/clock.h"
#include "base/timer.h"
#include "hub/ending.h"
#include "hub/hub.h"
#include "hub/viewer.h"
#include "listen/listen.h"

/* How long an answer to a connection that was just accepted may take. */
#define ANSWER_MS 200

static const int end_signals[ENDING_SIGNALS] = { SIGTERM, SIGUSR1, SIGINT,
	SIGHUP };
static const char *const end_names[ENDING_SIGNALS] = { "TERM", "USR1", "INT",
	"HUP" };

static void
on_drained(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
end_viewer(void *cookie, struct list *node)
{
	struct viewer *v = LIST_OF(node, struct viewer, timer);

	(void)cookie;
	/* Its request may be on the way: a web server sends it at once. */
	if (v->state == VIEWER_IDLE && !v->is_kept)
		return;
	if (v->state == VIEWER_IDLE) {
		viewer_close(v);
		return;
	}
	viewer_end(v);
	viewer_set_timer(v);
}

/* Close the listening sockets: all, or those that outlive us. */
static void
stop_listening(struct hub *hub, bool only_shared)
{
	LIST_EACH_SAFE (node, after, &hub->listeners) {
		struct listener *listener =
		    LIST_OF(node, struct listener, node);

		if (only_shared && !listener->is_shared)
			continue;
		list_remove(node);
		listen_stop(listener);
	}
}

void
ending_stop_listening(struct hub *hub)
{
	stop_listening(hub, false);
}

/*
 * Take the connections that wait to be accepted: closing the socket would reset
 * them, and to their viewers that is an error.  They are told to come back.
 */
static void
take_last(struct hub *hub)
{
	LIST_EACH (node, &hub->listeners)
		listen_take(LIST_OF(node, struct listener, node));
}

static void
on_last(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct hub *hub = timer->data;

	(void)loop;
	(void)revents;
	take_last(hub);
	ending_stop_listening(hub);
}

/*
 * Return until when to listen.  Viewers of mode close that are between two
 * responses come back sooner than a web server has started us again, and would
 * get an error then.  Where each viewer has a process, none of them comes to
 * this one.
 */
static int64_t
gone_ms(const struct hub *hub, int64_t drain_ms)
{
	int64_t now_ms = clock_mono_ms(), last_ms;

	if (!hub->policy->holds_many || hub->ending.returns_ms < now_ms)
		return now_ms;
	/* The viewer that comes last is to have an answer, too. */
	last_ms = now_ms + drain_ms - ANSWER_MS;
	if (hub->ending.returns_ms < last_ms)
		return hub->ending.returns_ms;
	return last_ms > now_ms ? last_ms : now_ms;
}

static void
on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct hub *hub = watcher->data;
	int64_t drain_ms = hub->settings->drain_ms;

	(void)revents;
	if (hub->ending.is_draining)
		return;
	hub->ending.is_draining = true;
	/* A CGI program is stopped when its viewer goes: nothing to tell. */
	if (!list_is_empty(&hub->listeners))
		log_msg(LOG_LEVEL_INFO, "event=stopping signal=%s streams=%llu",
		    end_names[watcher - hub->ending.signals],
		    (unsigned long long)hub->budget.n_streams);
	/*
	 * Shared sockets, with the connections that wait in them, are left to
	 * the process that comes after us.
	 */
	stop_listening(hub, true);
	hub->ending.gone_ms = gone_ms(hub, drain_ms);
	/* Streams end now; after drain_ms those that are left are cut. */
	wheel_each(&hub->viewers.wheel, end_viewer, NULL);
	timer_set(loop, &hub->ending.last, (double)ending_delay_ms(hub) / 1e3);
	timer_set(loop, &hub->ending.drain, (double)drain_ms / 1e3);
}

static void
on_rested(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct hub *hub = timer->data;

	(void)loop;
	(void)revents;
	/* A connection may have come just now: then the process goes on. */
	take_last(hub);
	if (hub->viewers.n == 0)
		ending_stop_listening(hub);
}

void
ending_watch_rest(struct hub *hub)
{
	if (hub->policy->rests_after_s == 0)
		return;
	if (hub->viewers.n > 0)
		ev_timer_stop(hub->loop, &hub->ending.rest);
	else
		timer_set_first(
		    hub->loop, &hub->ending.rest, hub->policy->rests_after_s);
}

void
ending_note_return(struct hub *hub, int64_t back_ms)
{
	if (back_ms > hub->ending.returns_ms)
		hub->ending.returns_ms = back_ms;
}

int64_t
ending_delay_ms(const struct hub *hub)
{
	int64_t delay_ms = hub->ending.gone_ms - clock_mono_ms();

	return hub->ending.is_draining && delay_ms > 0 ? delay_ms : 0;
}

void
ending_init(struct hub *hub)
{
	timer_init(&hub->ending.drain, on_drained, hub);
	timer_init(&hub->ending.last, on_last, hub);
	timer_init(&hub->ending.rest, on_rested, hub);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		ev_signal_init(
		    &hub->ending.signals[i], on_signal, end_signals[i]);
		hub->ending.signals[i].data = hub;
		ev_signal_start(hub->loop, &hub->ending.signals[i]);
	}
}
