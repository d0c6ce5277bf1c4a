#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "take/take.h"

/* So many seconds pass until the next try. */
#define BUSY_S 0.05
#define LATER_S 1.0
/* The log is told again of a failure that lasts so many ms. */
#define TELL_MS 60000

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
		    inlet->name, inlet->name, inlet->kind->form->suffix,
		    remedy);
}

void
inlet_tell_recovery(struct inlet *inlet)
{
	if (inlet->told_errno == 0)
		return;
	inlet->told_errno = 0;
	if (log_allow(&inlet->take->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_INFO, "event=source-works channel=%s",
		    inlet->name);
}

void
inlet_rest(struct inlet *inlet)
{
	list_remove(&inlet->in_ready);
	ev_timer_stop(inlet->take->folder->loop, &inlet->again);
}

enum inlet_result
inlet_drain(struct inlet *inlet, int64_t ms)
{
	int64_t until_ms = clock_mono_ms() + ms;
	enum inlet_result result = INLET_DONE;

	while (inlet->take->is_taker &&
	    (result = inlet->kind->turn(inlet, until_ms)) == INLET_MORE &&
	    clock_mono_ms() < until_ms)
		continue;
	return result;
}

static void
run_in(struct inlet *inlet, double seconds)
{
	timer_set(inlet->take->folder->loop, &inlet->again, seconds);
}

/* Have ${inlet} wait for a turn.  Return whether it may have one. */
static bool
queue(struct inlet *inlet)
{
	if (!inlet->is_open || !inlet->take->is_taker)
		return false;
	ev_timer_stop(inlet->take->folder->loop, &inlet->again);
	if (list_is_empty(&inlet->in_ready))
		list_push(&inlet->take->ready, &inlet->in_ready);
	return true;
}

/* Give ${inlet} its turn, and see to it that it gets the next one it needs. */
static void
run(struct inlet *inlet, int64_t until_ms)
{
	list_remove(&inlet->in_ready);
	switch (inlet->kind->turn(inlet, until_ms)) {
	case INLET_DONE:
		inlet_tell_recovery(inlet);
		break;
	case INLET_MORE:
		inlet_tell_recovery(inlet);
		queue(inlet);
		break;
	case INLET_BUSY:
		run_in(inlet, BUSY_S);
		break;
	case INLET_LATER:
	case INLET_FAILED:
		run_in(inlet, LATER_S);
		break;
	case INLET_OVER:
		inlet_end_free(inlet);
		break;
	}
}

/*
 * Give turns to those that wait for one, for as long as all of them may take
 * between two looks of the loop at its sockets; the rest come next.
 */
static void
run_ready(struct take *take)
{
	struct ev_loop *loop = take->folder->loop;
	int64_t now_ms = clock_mono_ms();

	if (take->iteration != ev_iteration(loop)) {
		take->iteration = ev_iteration(loop);
		take->until_ms = now_ms + TAKE_TURN_MS;
	}
	while (!list_is_empty(&take->ready) && now_ms < take->until_ms) {
		run(LIST_OF(take->ready.next, struct inlet, in_ready),
		    take->until_ms);
		now_ms = clock_mono_ms();
	}
	if (!list_is_empty(&take->ready))
		timer_set_first(loop, &take->turns, 0.);
}

static void
on_turns(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	run_ready(timer->data);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	inlet_run(timer->data);
}

void
inlet_turns_init(struct take *take)
{
	list_init(&take->ready);
	timer_init(&take->turns, on_turns, take);
}

void
inlet_init(struct inlet *inlet)
{
	list_init(&inlet->in_ready);
	timer_init(&inlet->again, on_again, inlet);
}

void
inlet_soon(struct inlet *inlet)
{
	struct take *take = inlet->take;

	if (queue(inlet))
		timer_set_first(take->folder->loop, &take->turns, 0.);
}

void
inlet_run(struct inlet *inlet)
{
	struct take *take = inlet->take;

	if (queue(inlet))
		run_ready(take);
}

void
inlet_settings(const struct inlet *inlet, struct take_settings *out)
{
	struct take *take = inlet->take;

	take->ops->settings(take->cookie, inlet->name, out);
}

void
inlet_rescan(struct take *take)
{
	take->must_scan = true;
	timer_set_first(take->folder->loop, &take->soon, 0.);
}
