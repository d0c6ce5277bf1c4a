#include <sched.h>

#include "base/clock.h"
#include "hub/turns.h"

/* How long viewers run before the loop looks at sockets again. */
#define TURN_MS 10
/* The same if batches are made, each of which may take a while. */
#define LOOKS_MS 4
/* How many viewers run between two looks at the clock, if no batch is made. */
#define CLOCK_EVERY 16
/*
 * How many viewers run before a web server that waits for the core gets it.
 * That is so soon that what was sent is still in the cache when it is read, and
 * that the first viewers do not wait until the last is written to.
 */
#define YIELD_EVERY 128
/* A process that keeps the core for so long does not read what we sent. */
#define YIELD_MS 3
/* After that we do not give the core away for so long. */
#define YIELD_PAUSE_MS 1000
/*
 * How long all searches together have in a turn, how long one of them has
 * before the next, and how long a viewer with news has for records that are not
 * wanted.
 */
#define SEARCHES_US 2000
#define SEARCH_US 500
#define GLANCE_US 100

/* Let the web server go first, where it has to share a core with us. */
static void
yield(struct turns *turns)
{
	int64_t before_ms = turns->now_ms;

	if (before_ms < turns->yield_ms)
		return;
	sched_yield();
	turns->now_ms = clock_mono_ms();
	if (turns->now_ms - before_ms > YIELD_MS)
		turns->yield_ms = turns->now_ms + YIELD_PAUSE_MS;
}

static void
run_first(struct turns *turns, struct list *from)
{
	struct list *node = from->next;

	list_remove(node);
	turns->ops->run(turns->cookie, node);
}

/* Give each viewer that is queued now one run, until the time is up. */
static void
run_viewers(struct turns *turns)
{
	int64_t end_ms, looks_end_ms;
	struct list now;
	unsigned n = 0;

	turns->now_ms = clock_mono_ms();
	end_ms = turns->now_ms + TURN_MS;
	looks_end_ms = turns->now_ms + LOOKS_MS;
	/* Viewers that are queued from now on run in the next turn. */
	list_init(&now);
	list_append(&now, &turns->run);
	while (!list_is_empty(&now)) {
		run_first(turns, &now);
		if (++n % CLOCK_EVERY != 0 && !turns->has_looked)
			continue;
		turns->now_ms = clock_mono_ms();
		if (turns->now_ms > (turns->has_looked ? looks_end_ms : end_ms))
			break;
		turns->has_looked = false;
		if (n % YIELD_EVERY == 0)
			yield(turns);
	}
	/* Viewers that had no run come first in the next turn. */
	list_append(&now, &turns->run);
	list_append(&turns->run, &now);
}

/* Let the searches go on for a small part of the turn. */
static void
run_searches(struct turns *turns)
{
	turns->search_end_us = clock_mono_us() + SEARCHES_US;
	while (!list_is_empty(&turns->searches) &&
	    clock_mono_us() < turns->search_end_us)
		run_first(turns, &turns->searches);
	turns->search_end_us = 0;
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct turns *turns = prepare->data;

	(void)revents;
	if (!list_is_empty(&turns->run))
		run_viewers(turns);
	if (!list_is_empty(&turns->searches))
		run_searches(turns);
	turns->ops->between(turns->cookie);
	/* All have what there was: a window measures no wake beyond this. */
	if (list_is_empty(&turns->run))
		turns->lulls++;
	/*
	 * While there is work, the loop looks at its sockets, but does not
	 * wait.
	 */
	if (!list_is_empty(&turns->run) || !list_is_empty(&turns->searches)) {
		ev_idle_start(loop, &turns->idle);
		return;
	}
	ev_idle_stop(loop, &turns->idle);
	turns->ops->rest(turns->cookie);
}

static void
on_idle(struct ev_loop *loop, ev_idle *idle, int revents)
{
	/* While this watcher runs, the loop does not wait. */
	(void)loop;
	(void)idle;
	(void)revents;
}

void
turns_init(struct turns *turns, struct ev_loop *loop,
    const struct turns_ops *ops, void *cookie)
{
	turns->ops = ops;
	turns->cookie = cookie;
	list_init(&turns->run);
	list_init(&turns->searches);
	ev_prepare_init(&turns->prepare, on_prepare);
	turns->prepare.data = turns;
	ev_prepare_start(loop, &turns->prepare);
	ev_idle_init(&turns->idle, on_idle);
}

bool
turns_is_searching(const struct turns *turns)
{
	return turns->search_end_us != 0;
}

int64_t
turns_slice_us(const struct turns *turns)
{
	int64_t left_us;

	if (turns->search_end_us == 0)
		return GLANCE_US;
	left_us = turns->search_end_us - clock_mono_us();
	return left_us < SEARCH_US ? left_us : SEARCH_US;
}
