#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timer.h"
#include "take/take.h"
#include "take/take_elect.h"
#include "take/take_names.h"

/* A client may be kept waiting for so long. */
#define NOW_MS 50
/* How often to see that we still are the taker. */
#define SURE_MS 5000

/* Open ${inlet}, unless it is open or nobody could take what it holds. */
static void
hold(struct inlet *inlet)
{
	struct take *take = inlet->take;
	const char *remedy = "see the error; it is tried again";

	inlet->must_hold = false;
	if (inlet->is_open || !inlet->is_wanted || take->lock == -1)
		return;
	if (inlet->kind->open(inlet, &remedy) != 0) {
		/* If it is gone again, we are told of that, too. */
		if (errno != ENOENT)
			inlet_tell(inlet, "source-refused", remedy);
		return;
	}
	inlet->is_open = true;
	inlet_tell_recovery(inlet);
	if (take->is_taker) {
		inlet->kind->follow(inlet, true);
		inlet_soon(inlet);
	}
}

static bool
is_needed(const struct take *take)
{
	LIST_EACH (node, &take->inlets) {
		const struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (inlet->is_wanted || inlet->is_open || inlet->must_check)
			return true;
	}
	return false;
}

static bool
has_orphan(const struct take *take)
{
	LIST_EACH (node, &take->inlets) {
		if (LIST_OF(node, struct inlet, node)->is_orphan)
			return true;
	}
	return false;
}

static void
set_tick(struct take *take)
{
	int64_t ms =
	    take->is_taker && !has_orphan(take) ? SURE_MS : TAKE_TRY_MS;

	/* Spread the ticks of all processes. */
	ms = rnd_between(&take->rnd, ms - ms / 4, ms + ms / 4);
	timer_set(take->folder->loop, &take->tick, (double)ms / 1e3);
}

/*
 * Check the inlets that have to be checked.  Return true if all are, or false
 * if the time is up before.
 */
static bool
check_marked(struct take *take, int64_t until_ms)
{
	LIST_EACH_SAFE (node, after, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (!inlet->must_check)
			continue;
		if (clock_mono_ms() >= until_ms)
			return false;
		take_names_check(inlet);
	}
	return true;
}

/* Open the inlets that are to be held; return the same. */
static bool
hold_all(struct take *take, int64_t until_ms)
{
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (!inlet->must_hold)
			continue;
		if (clock_mono_ms() >= until_ms)
			return false;
		hold(inlet);
	}
	return true;
}

/*
 * Do what there is to do after anything may have changed, until it is
 * ${until_ms}.  Return whether that was all.
 */
static bool
look(struct take *take, int64_t until_ms)
{
	/* Begin a look, or go on with the one that the last call left. */
	if (!take->is_looking) {
		take->is_looking = true;
		LIST_EACH (node, &take->inlets)
			LIST_OF(node, struct inlet, node)->must_hold = true;
	}
	if (!take_names_scan(take, until_ms) || !check_marked(take, until_ms))
		return false;
	if (is_needed(take)) {
		/*
		 * If we have open what was in the spool, nothing tells us that
		 * the spool itself is gone: so see whether it is.
		 */
		if (take->lock == -1 || has_orphan(take))
			(void)folder_open(take->folder);
		take_elect(take);
		if (!hold_all(take, until_ms))
			return false;
		set_tick(take);
	} else {
		/* Nothing is to be taken: do without the lock and the timer. */
		take_elect_end(take);
		ev_timer_stop(take->folder->loop, &take->tick);
	}
	take->is_looking = false;
	return true;
}

static void
look_soon(struct take *take)
{
	timer_set_first(take->folder->loop, &take->soon, 0.);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct take *take = timer->data;

	(void)loop;
	(void)revents;
	if (!look(take, clock_mono_ms() + TAKE_TURN_MS))
		look_soon(take);
}

void
take_start(struct take *take, struct folder *folder, const struct take_ops *ops,
    void *cookie)
{
	take->folder = folder;
	take->ops = ops;
	take->cookie = cookie;
	take->lock = -1;
	take->must_scan = true;
	list_init(&take->inlets);
	rnd_seed(&take->rnd);
	inlet_turns_init(take);
	timer_init(&take->soon, on_timer, take);
	timer_init(&take->tick, on_timer, take);
	/* A journal beyond a size limit is an error and does not kill us. */
	signal(SIGXFSZ, SIG_IGN);
	(void)look(take, INT64_MAX);
}

bool
take_is_on(const struct take *take)
{
	return take->folder != NULL;
}

void
take_note(struct take *take, const char *file)
{
	if (take_names_note(take, file))
		look_soon(take);
}

void
take_rescan(struct take *take)
{
	inlet_rescan(take);
}

void
take_now(struct take *take, const char *name)
{
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (!inlet->is_orphan && inlet->is_open &&
		    strcmp(inlet->name, name) == 0) {
			(void)inlet_drain(inlet, NOW_MS);
			/* What is left is taken in later turns. */
			inlet_run(inlet);
			break;
		}
	}
}

void
take_end(struct take *take)
{
	int64_t until_ms = clock_mono_ms() + TAKE_DRAIN_MS;

	if (!take_is_on(take))
		return;
	/* The taker may have ended just before: then it is up to us. */
	if (is_needed(take))
		take_elect(take);
	LIST_EACH_SAFE (node, after, &take->inlets)
		inlet_end(LIST_OF(node, struct inlet, node), until_ms);
	take_names_scan_end(take);
	take_elect_end(take);
	ev_timer_stop(take->folder->loop, &take->soon);
	ev_timer_stop(take->folder->loop, &take->tick);
	ev_timer_stop(take->folder->loop, &take->turns);
	take->folder = NULL;
}

unsigned
take_descriptors(const struct take *take)
{
	return take->n_inlets;
}
