#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "take/take.h"

/* What one inlet may take before others, and viewers, have their turn. */
#define TURN_MS 5
/* Until the next try. */
#define BUSY_S 0.05
#define LATER_S 1.0
/* A client may be kept waiting for so long. */
#define NOW_MS 50
/* How often to see that we still are the taker. */
#define SURE_MS 5000
/* The log is told of what lasts again after so long. */
#define TELL_MS 60000

static void look(struct take *take);

void
inlet_tell(struct inlet *inlet, const char *event, const char *remedy)
{
	int64_t now_ms = clock_mono_ms();

	if (errno == inlet->told_errno && now_ms - inlet->told_ms < TELL_MS)
		return;
	inlet->told_errno = errno;
	inlet->told_ms = now_ms;
	if (log_allow(&inlet->take->quota, now_ms))
		log_errno(LOG_LEVEL_ERROR,
		    "event=%s channel=%s source=%s%s remedy=\"%s\"", event,
		    inlet->name, inlet->name, inlet->kind->suffix, remedy);
}

/* What the log had is over. */
static void
tell_recovery(struct inlet *inlet)
{
	if (inlet->told_errno == 0)
		return;
	inlet->told_errno = 0;
	if (log_allow(&inlet->take->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_INFO, "event=source-works channel=%s",
		    inlet->name);
}

static void
run_in(struct inlet *inlet, double seconds)
{
	struct ev_loop *loop = inlet->take->folder->loop;

	ev_timer_stop(loop, &inlet->again);
	ev_timer_set(&inlet->again, seconds, 0.);
	ev_timer_start(loop, &inlet->again);
}

void
inlet_soon(struct inlet *inlet)
{
	if (inlet->is_open && inlet->take->is_taker)
		run_in(inlet, 0.);
}

void
inlet_run(struct inlet *inlet)
{
	if (!inlet->is_open || !inlet->take->is_taker)
		return;
	ev_timer_stop(inlet->take->folder->loop, &inlet->again);
	switch (inlet->kind->turn(inlet, clock_mono_ms() + TURN_MS)) {
	case INLET_DONE:
		tell_recovery(inlet);
		break;
	case INLET_MORE:
		tell_recovery(inlet);
		run_in(inlet, 0.);
		break;
	case INLET_BUSY:
		run_in(inlet, BUSY_S);
		break;
	case INLET_LATER:
	case INLET_FAILED:
		run_in(inlet, LATER_S);
		break;
	case INLET_OVER:
		take_free(inlet);
		break;
	}
}

enum inlet_result
take_drain(struct inlet *inlet, int64_t ms)
{
	int64_t until_ms = clock_mono_ms() + ms;
	enum inlet_result result = INLET_DONE;

	while (inlet->take->is_taker &&
	    (result = inlet->kind->turn(inlet, until_ms)) == INLET_MORE &&
	    clock_mono_ms() < until_ms)
		continue;
	return result;
}

void
take_close(struct inlet *inlet)
{
	if (!inlet->is_open)
		return;
	(void)take_drain(inlet, TAKE_DRAIN_MS);
	ev_timer_stop(inlet->take->folder->loop, &inlet->again);
	inlet->kind->follow(inlet, false);
	inlet->kind->close(inlet);
	inlet->is_open = false;
}

void
take_free(struct inlet *inlet)
{
	take_close(inlet);
	inlet->take->n_inlets--;
	list_remove(&inlet->node);
	free(inlet);
}

/* Open ${inlet}, unless it is open or nobody could take what it holds. */
static void
hold(struct inlet *inlet)
{
	struct take *take = inlet->take;
	const char *remedy = "see the error; it is tried again";

	if (inlet->is_open || !inlet->is_wanted || take->lock == -1)
		return;
	if (inlet->kind->open(inlet, &remedy) != 0) {
		/* It is gone again: that is told, too. */
		if (errno != ENOENT)
			inlet_tell(inlet, "source-refused", remedy);
		return;
	}
	inlet->is_open = true;
	tell_recovery(inlet);
	if (take->is_taker) {
		inlet->kind->follow(inlet, true);
		run_in(inlet, 0.);
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

	/* Not all at one time. */
	ms = rnd_between(&take->rnd, ms - ms / 4, ms + ms / 4);
	ev_timer_stop(take->folder->loop, &take->tick);
	ev_timer_set(&take->tick, (double)ms / 1e3, 0.);
	ev_timer_start(take->folder->loop, &take->tick);
}

/* Do what there is to do after anything may have changed. */
static void
look(struct take *take)
{
	if (take->must_scan)
		take_scan(take);
	LIST_EACH_SAFE (node, after, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (inlet->must_check)
			take_check(inlet);
	}
	if (!is_needed(take)) {
		take_resign(take);
		ev_timer_stop(take->folder->loop, &take->tick);
		return;
	}
	/* While we have open what was in it, nothing tells that it is gone. */
	if (take->lock == -1 || has_orphan(take))
		(void)folder_open(take->folder);
	take_elect(take);
	LIST_EACH (node, &take->inlets)
		hold(LIST_OF(node, struct inlet, node));
	set_tick(take);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	look(timer->data);
}

static void
look_soon(struct take *take)
{
	if (ev_is_active(&take->soon))
		return;
	ev_timer_set(&take->soon, 0., 0.);
	ev_timer_start(take->folder->loop, &take->soon);
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
	ev_timer_init(&take->soon, on_timer, 0., 0.);
	ev_timer_init(&take->tick, on_timer, 0., 0.);
	take->soon.data = take->tick.data = take;
	/* A journal that gets too large for a limit is an error, not an end. */
	signal(SIGXFSZ, SIG_IGN);
	look(take);
}

bool
take_is_on(const struct take *take)
{
	return take->folder != NULL;
}

void
take_note(struct take *take, const char *file)
{
	if (take_note_file(take, file))
		look_soon(take);
}

void
take_rescan(struct take *take)
{
	take->must_scan = true;
	look_soon(take);
}

void
take_now(struct take *take, const char *name)
{
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (!inlet->is_orphan && inlet->is_open &&
		    strcmp(inlet->name, name) == 0) {
			(void)take_drain(inlet, NOW_MS);
			/* And what is left, when it can be. */
			inlet_run(inlet);
			break;
		}
	}
}

void
take_end(struct take *take)
{
	if (!take_is_on(take))
		return;
	/* The taker may have ended just before. */
	if (is_needed(take))
		take_elect(take);
	LIST_EACH_SAFE (node, after, &take->inlets)
		take_free(LIST_OF(node, struct inlet, node));
	take_resign(take);
	ev_timer_stop(take->folder->loop, &take->soon);
	ev_timer_stop(take->folder->loop, &take->tick);
	take->folder = NULL;
}

void
take_settings(struct take *take, const char *name, struct take_settings *out)
{
	take->ops->settings(take->cookie, name, out);
}

unsigned
take_descriptors(const struct take *take)
{
	return take->n_inlets;
}
