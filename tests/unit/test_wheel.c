/*
 * Deadlines, in a real loop.  The clock is the machine's, but it can be pushed
 * forward: so a long time passes without waiting for it.
 */
#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "hub/wheel.h"

/* For what is due at once, on a machine that has other things to do. */
#define PATIENCE_MS 10000
#define TURN_MS ((int64_t)WHEEL_SLOTS * WHEEL_TICK_MS)

static int64_t pushed_ms;

/* Stands in for the one in base/clock.c. */
int64_t
clock_mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + pushed_ms;
}

struct item {
	struct list node;
	int64_t due_ms;
	int calls;
	int repeat;		/* so many times more, repeat_ms later each */
	struct item *to_remove; /* take that one out when called */
};

static struct ev_loop *loop;
static struct wheel wheel;
static int total_calls;
static int64_t repeat_ms = 50;

static void
on_due(void *cookie, struct list *node)
{
	struct item *item = LIST_OF(node, struct item, node);

	assert_ptr_equal(cookie, &wheel);
	assert_true(list_is_empty(node));
	total_calls++;
	item->calls++;
	if (item->to_remove != NULL)
		list_remove(&item->to_remove->node);
	if (item->repeat-- <= 0)
		return;
	item->due_ms = clock_mono_ms() + repeat_ms;
	wheel_set(&wheel, node, item->due_ms);
}

static int
start(void **state)
{
	(void)state;
	total_calls = 0;
	loop = ev_loop_new(0);
	if (loop == NULL)
		return -1;
	assert_int_equal(wheel_init(&wheel, loop, on_due, &wheel), 0);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	wheel_free(&wheel);
	ev_loop_destroy(loop);
	return 0;
}

static void
put(struct item *item, int64_t wait_ms)
{
	memset(item, 0, sizeof(*item));
	list_init(&item->node);
	item->due_ms = clock_mono_ms() + wait_ms;
	wheel_set(&wheel, &item->node, item->due_ms);
}

/* It may be in the wheel or have come already. */
static void
set_again(struct item *item, int64_t wait_ms)
{
	item->calls = 0;
	item->due_ms = clock_mono_ms() + wait_ms;
	wheel_set(&wheel, &item->node, item->due_ms);
}

static void
on_deadline(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)l;
	(void)timer;
	(void)revents;
	fail_msg("nothing came for %d ms", PATIENCE_MS);
}

/* Run the loop until there were so many calls in all. */
static void
run_until(int calls)
{
	ev_timer deadline;

	ev_now_update(loop);
	ev_timer_init(&deadline, on_deadline, PATIENCE_MS / 1e3, 0.);
	ev_timer_start(loop, &deadline);
	while (total_calls < calls)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &deadline);
}

/* Let time pass, and the wheel's timer notice. */
static void
push(int64_t ms)
{
	pushed_ms += ms;
	ev_feed_event(loop, &wheel.timer, EV_TIMER);
	ev_run(loop, EVRUN_NOWAIT);
}

static void
test_nothing_comes_before_it_is_due(void **state)
{
	static const int64_t waits_ms[] = { -5000, -1, 0, 1, 32, 63, 64, 65,
		127, 128, 129, 200, 320 };
	struct item items[sizeof(waits_ms) / sizeof(waits_ms[0])];
	int n = sizeof(waits_ms) / sizeof(waits_ms[0]);

	(void)state;
	for (int i = 0; i < n; i++)
		put(&items[i], waits_ms[i]);
	while (total_calls < n) {
		run_until(total_calls + 1);
		for (int i = 0; i < n; i++)
			assert_true(items[i].calls == 0 ||
			    clock_mono_ms() >= items[i].due_ms);
	}
	for (int i = 0; i < n; i++)
		assert_int_equal(items[i].calls, 1);
}

static void
test_what_is_moved_comes_once_at_its_last_deadline(void **state)
{
	struct item later, sooner, last;

	(void)state;
	put(&later, 10);
	put(&sooner, 5000000);
	set_again(&later, 150);
	set_again(&sooner, 20);
	run_until(1);
	assert_int_equal(sooner.calls, 1);
	run_until(2);
	assert_int_equal(later.calls, 1);
	assert_true(clock_mono_ms() >= later.due_ms);
	put(&last, 200);
	run_until(3);
	assert_int_equal(later.calls, 1);
	assert_int_equal(sooner.calls, 1);
}

static void
test_what_is_taken_out_does_not_come(void **state)
{
	struct item out, in;

	(void)state;
	put(&out, 10);
	put(&in, 130);
	list_remove(&out.node);
	run_until(1);
	assert_int_equal(in.calls, 1);
	assert_int_equal(out.calls, 0);
}

static void
test_one_that_is_due_may_take_out_another(void **state)
{
	struct item a, b, last;

	(void)state;
	put(&a, 5);
	put(&b, 5);
	a.to_remove = &b;
	b.to_remove = &a;
	put(&last, 200);
	run_until(2);
	assert_int_equal(last.calls, 1);
	assert_int_equal(a.calls + b.calls, 1);
}

static void
test_one_may_be_set_again_when_it_is_due(void **state)
{
	struct item item;

	(void)state;
	put(&item, 1);
	item.repeat = 4;
	for (int calls = 1; calls <= 5; calls++) {
		int64_t due_ms = item.due_ms;

		run_until(calls);
		assert_true(clock_mono_ms() >= due_ms);
	}
	assert_int_equal(item.calls, 5);
}

/* The timer is for the next of all, not for the one that was set last. */
static void
test_one_that_is_set_again_holds_up_no_other(void **state)
{
	struct item first, second;

	(void)state;
	put(&first, 100);
	put(&second, 400);
	first.repeat = 1;
	repeat_ms = 2 * PATIENCE_MS;
	run_until(2);
	repeat_ms = 50;
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 1);
	list_remove(&first.node);
}

static void
test_a_far_deadline_is_looked_at_early_and_never_lost(void **state)
{
	struct item far;
	int looks = 0;

	(void)state;
	put(&far, 5 * TURN_MS + 100);
	while (clock_mono_ms() < far.due_ms) {
		far.calls = 0;
		push(TURN_MS / 2);
		/* Whoever is called checks the time. */
		if (far.calls > 0 && clock_mono_ms() < far.due_ms) {
			looks++;
			wheel_set(&wheel, &far.node, far.due_ms);
		}
	}
	push(WHEEL_TICK_MS);
	assert_int_equal(far.calls, 1);
	assert_in_range(looks, 1, 10);
}

static void
test_after_a_long_sleep_all_that_is_due_comes(void **state)
{
	struct item items[300];

	(void)state;
	for (int64_t i = 0; i < 300; i++)
		put(&items[i], i * 47);
	push(3600000);
	for (int i = 0; i < 300; i++)
		assert_int_equal(items[i].calls, 1);
	/* And it goes on as ever. */
	put(&items[0], 100);
	run_until(301);
	assert_true(clock_mono_ms() >= items[0].due_ms);
}

static void
test_an_idle_wheel_keeps_the_time(void **state)
{
	struct item item;

	(void)state;
	for (int i = 0; i < 3; i++) {
		put(&item, 70);
		run_until(i + 1);
		assert_true(clock_mono_ms() >= item.due_ms);
		/* Nothing is in it, so nothing wakes it. */
		pushed_ms += 10 * TURN_MS + 777;
	}
}

static int visits;

static void
on_visit(void *cookie, struct list *node)
{
	struct item *item = LIST_OF(node, struct item, node);

	assert_ptr_equal(cookie, &visits);
	item->calls++;
	switch (visits++ % 3) {
	case 0:
		list_remove(node);
		break;
	case 1:
		wheel_set(&wheel, node, clock_mono_ms() + 150);
		break;
	}
}

static void
test_each_one_is_visited_once(void **state)
{
	struct item items[300];

	(void)state;
	visits = 0;
	for (int64_t i = 0; i < 300; i++)
		put(&items[i], i * 131);
	wheel_each(&wheel, on_visit, &visits);
	assert_int_equal(visits, 300);
	for (int i = 0; i < 300; i++)
		assert_int_equal(items[i].calls, 1);
	/* What was taken out stays out, all others come. */
	push(2 * TURN_MS);
	assert_int_equal(total_calls, 200);
}

static void
test_random_changes_lose_and_hurry_nothing(void **state)
{
	static struct item items[500];
	int64_t now_ms, wait_ms;
	struct rnd rnd;
	int expected = 0;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (size_t i = 0; i < 500; i++)
		put(&items[i], rnd_between(&rnd, 0, TURN_MS));
	for (int step = 0; step < 5000; step++) {
		struct item *item = &items[rnd_between(&rnd, 0, 499)];

		if (rnd_between(&rnd, 0, 9) == 0)
			list_remove(&item->node);
		else
			set_again(item, rnd_between(&rnd, 0, TURN_MS));
		if (step % 100 != 0)
			continue;
		wait_ms = rnd_between(&rnd, 1, 300);
		now_ms = clock_mono_ms() + wait_ms;
		push(wait_ms);
		for (size_t i = 0; i < 500; i++) {
			if (list_is_empty(&items[i].node))
				continue;
			/* Late by a tick at most. */
			assert_int_equal(items[i].calls, 0);
			assert_true(items[i].due_ms + WHEEL_TICK_MS >= now_ms);
		}
	}
	for (size_t i = 0; i < 500; i++)
		expected += !list_is_empty(&items[i].node);
	total_calls = 0;
	push(TURN_MS + WHEEL_TICK_MS);
	assert_int_equal(total_calls, expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, start, stop)
		WITH_LOOP(test_nothing_comes_before_it_is_due),
		WITH_LOOP(test_what_is_moved_comes_once_at_its_last_deadline),
		WITH_LOOP(test_what_is_taken_out_does_not_come),
		WITH_LOOP(test_one_that_is_due_may_take_out_another),
		WITH_LOOP(test_one_may_be_set_again_when_it_is_due),
		WITH_LOOP(test_one_that_is_set_again_holds_up_no_other),
		WITH_LOOP(
		    test_a_far_deadline_is_looked_at_early_and_never_lost),
		WITH_LOOP(test_after_a_long_sleep_all_that_is_due_comes),
		WITH_LOOP(test_an_idle_wheel_keeps_the_time),
		WITH_LOOP(test_each_one_is_visited_once),
		WITH_LOOP(test_random_changes_lose_and_hurry_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
