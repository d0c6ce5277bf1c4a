#include <stdlib.h>

#include "base/clock.h"
#include "hub/wheel.h"

/* Whether the slot was ever used since it was last found empty. */
static bool
is_used(const struct wheel *wheel, size_t slot)
{
	return wheel->used[slot / 64] >> slot % 64 & 1;
}

/* Move what is in the slot, if anything, to ${out}. */
static void
empty(struct wheel *wheel, size_t slot, struct list *out)
{
	if (is_used(wheel, slot))
		list_append(out, &wheel->slots[slot]);
}

/* The first tick after done_tick whose slot is not empty, or -1. */
static int64_t
next_tick(struct wheel *wheel)
{
	for (int64_t tick = wheel->done_tick + 1;
	     tick <= wheel->done_tick + WHEEL_SLOTS; tick++) {
		uint64_t slot = (uint64_t)tick % WHEEL_SLOTS;

		if (!is_used(wheel, slot))
			continue;
		if (!list_is_empty(&wheel->slots[slot]))
			return tick;
		wheel->used[slot / 64] &= ~((uint64_t)1 << slot % 64);
	}
	return -1;
}

static void
arm(struct wheel *wheel, int64_t tick)
{
	int64_t wait_ms = tick * WHEEL_TICK_MS - clock_mono_ms();

	if (wheel->armed_tick != -1)
		ev_timer_stop(wheel->loop, &wheel->timer);
	wheel->armed_tick = tick;
	if (tick == -1)
		return;
	/* Timers count from the loop's idea of now, which may be old. */
	ev_now_update(wheel->loop);
	ev_timer_set(
	    &wheel->timer, wait_ms > 0 ? (double)wait_ms / 1e3 : 0., 0.);
	ev_timer_start(wheel->loop, &wheel->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct wheel *wheel = timer->data;
	int64_t now_tick = clock_mono_ms() / WHEEL_TICK_MS;
	struct list due;

	(void)loop;
	(void)revents;
	wheel->armed_tick = -1;
	list_init(&due);
	/* After a long sleep one turn covers every slot. */
	if (now_tick - wheel->done_tick > WHEEL_SLOTS)
		wheel->done_tick = now_tick - WHEEL_SLOTS;
	while (wheel->done_tick < now_tick)
		empty(wheel, (uint64_t)++wheel->done_tick % WHEEL_SLOTS, &due);
	wheel->is_turning = true;
	while (!list_is_empty(&due)) {
		struct list *node = due.next;

		list_remove(node);
		wheel->on_due(wheel->cookie, node);
	}
	wheel->is_turning = false;
	arm(wheel, next_tick(wheel));
}

int
wheel_init(struct wheel *wheel, struct ev_loop *loop,
    void (*on_due)(void *cookie, struct list *node), void *cookie)
{
	wheel->loop = loop;
	wheel->on_due = on_due;
	wheel->cookie = cookie;
	wheel->done_tick = clock_mono_ms() / WHEEL_TICK_MS;
	wheel->armed_tick = -1;
	wheel->is_turning = false;
	for (size_t i = 0; i < WHEEL_SLOTS / 64; i++)
		wheel->used[i] = 0;
	ev_timer_init(&wheel->timer, on_timer, 0., 0.);
	wheel->timer.data = wheel;
	wheel->slots = malloc(WHEEL_SLOTS * sizeof(*wheel->slots));
	return wheel->slots == NULL ? -1 : 0;
}

void
wheel_set(struct wheel *wheel, struct list *node, int64_t due_ms)
{
	/* Round up: at its tick the deadline has come. */
	int64_t tick = (due_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
	uint64_t slot;

	if (wheel->armed_tick == -1 && !wheel->is_turning) {
		/* An idle wheel stands still: catch up before it is used. */
		int64_t now_tick = clock_mono_ms() / WHEEL_TICK_MS;

		if (next_tick(wheel) == -1)
			wheel->done_tick = now_tick;
	}
	/*
	 * A past deadline comes up at the next tick.  One that is further ahead
	 * than a turn of the wheel is looked at early.
	 */
	if (tick <= wheel->done_tick)
		tick = wheel->done_tick + 1;
	if (tick > wheel->done_tick + WHEEL_SLOTS)
		tick = wheel->done_tick + WHEEL_SLOTS;
	list_remove(node);
	slot = (uint64_t)tick % WHEEL_SLOTS;
	/* A slot is set up late: most processes for one viewer use few. */
	if (!is_used(wheel, slot))
		list_init(&wheel->slots[slot]);
	list_push(&wheel->slots[slot], node);
	wheel->used[slot / 64] |= (uint64_t)1 << slot % 64;
	if (!wheel->is_turning &&
	    (wheel->armed_tick == -1 || tick < wheel->armed_tick))
		arm(wheel, tick);
}

void
wheel_each(struct wheel *wheel, void (*visit)(void *cookie, struct list *node),
    void *cookie)
{
	struct list all;

	list_init(&all);
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		empty(wheel, i, &all);
	while (!list_is_empty(&all)) {
		struct list *node = all.next;

		/* Put it back first: the visitor may move or remove it. */
		wheel_set(wheel, node, 0);
		visit(cookie, node);
	}
}

void
wheel_free(struct wheel *wheel)
{
	ev_timer_stop(wheel->loop, &wheel->timer);
	free(wheel->slots);
}
