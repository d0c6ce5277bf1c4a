/*
 * Deadlines of many things for the price of one timer: a hashed wheel (Varghese
 * and Lauck 1987).  A deadline may come up to WHEEL_TICK_MS late, and is looked
 * at early when it lies more than a turn of the wheel ahead; the function that
 * is called checks the time.
 */
#ifndef SPOOLCAST_HUB_WHEEL_H
#define SPOOLCAST_HUB_WHEEL_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define WHEEL_TICK_MS 64
#define WHEEL_SLOTS 256

struct wheel {
	struct ev_loop *loop;
	ev_timer timer;
	void (*on_due)(void *cookie, struct list *node);
	void *cookie;
	int64_t done_tick;  /* all slots up to here were looked at */
	int64_t armed_tick; /* the timer is set for this one; -1: not set */
	bool is_turning;    /* it will be set when all due were called */
	uint64_t used[WHEEL_SLOTS / 64]; /* which slots may hold nodes */
	struct list *slots;		 /* the others are not set up */
};

/**
 * wheel_init(wheel, loop, on_due, cookie):
 * Prepare ${wheel}.  ${on_due} is called from ${loop} with each node whose
 * deadline may have come, which is in the wheel no more; it may set it again
 * and set or remove any other.  Return 0, or -1 with ENOMEM.
 */
int wheel_init(struct wheel *wheel, struct ev_loop *loop,
    void (*on_due)(void *cookie, struct list *node), void *cookie);

/**
 * wheel_set(wheel, node, due_ms):
 * Put ${node} in, or move it, to come up at ${due_ms} (monotonic).
 */
void wheel_set(struct wheel *wheel, struct list *node, int64_t due_ms);

/**
 * wheel_each(wheel, visit, cookie):
 * Call ${visit} for each node in the wheel; it may remove the one that it is
 * given, or set it anew, and no other.  One that is left alone comes up at the
 * next tick.
 */
void wheel_each(struct wheel *wheel,
    void (*visit)(void *cookie, struct list *node), void *cookie);

/**
 * wheel_free(wheel):
 * Stop the timer and release what there is; nodes are taken out before, with
 * list_remove.
 */
void wheel_free(struct wheel *wheel);

#endif
