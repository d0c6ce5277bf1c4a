/* The turns of the loop: which viewer runs when, and what comes between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "hub/turns.h"

struct runner {
	struct list node;
	unsigned runs;
	unsigned again;	   /* how often it has more to do */
	unsigned lasts_us; /* each time */
	bool was_searching;
	bool searches; /* where it stands when it has more to do */
};

static struct ev_loop *loop;
static struct turns turns;
static unsigned betweens, rests;
static int64_t slice_us;

static void
spend(unsigned us)
{
	int64_t until_us = clock_mono_us() + us;

	while (clock_mono_us() < until_us)
		continue;
}

static void
queue(struct runner *runner)
{
	list_push(
	    runner->searches ? &turns.searches : &turns.run, &runner->node);
}

static void
on_run(void *cookie, struct list *node)
{
	struct runner *runner = LIST_OF(node, struct runner, node);

	assert_ptr_equal(cookie, &turns);
	assert_true(list_is_empty(node));
	runner->runs++;
	runner->was_searching = turns_is_searching(&turns);
	slice_us = turns_slice_us(&turns);
	spend(runner->lasts_us);
	if (runner->again > 0) {
		runner->again--;
		queue(runner);
	}
}

static void
on_between(void *cookie)
{
	(void)cookie;
	betweens++;
}

static void
on_rest(void *cookie)
{
	(void)cookie;
	rests++;
	ev_break(loop, EVBREAK_ALL);
}

static const struct turns_ops ops = {
	.run = on_run,
	.between = on_between,
	.rest = on_rest,
};

static int
start(void **state)
{
	(void)state;
	betweens = rests = 0;
	memset(&turns, 0, sizeof(turns));
	loop = ev_loop_new(0);
	if (loop == NULL)
		return -1;
	turns_init(&turns, loop, &ops, &turns);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	ev_loop_destroy(loop);
	return 0;
}

static void
test_without_work_the_loop_rests(void **state)
{
	(void)state;
	ev_run(loop, 0);
	assert_int_equal(rests, 1);
	assert_int_equal(betweens, 1);
	assert_int_equal(turns.lulls, 1);
}

static void
test_each_has_one_run_in_a_turn(void **state)
{
	struct runner first = { .again = 3 }, second = { .again = 0 };

	(void)state;
	list_init(&first.node);
	list_init(&second.node);
	queue(&first);
	queue(&second);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(first.runs, 1);
	assert_int_equal(second.runs, 1);
	assert_int_equal(rests, 0);
	ev_run(loop, 0);
	assert_int_equal(first.runs, 4);
	assert_int_equal(second.runs, 1);
	assert_int_equal(betweens, 4);
	/* Nobody had anything to do once, at the end. */
	assert_int_equal(turns.lulls, 1);
}

static void
test_a_long_turn_is_cut_short(void **state)
{
	struct runner runners[64];
	unsigned ran = 0;

	(void)state;
	memset(runners, 0, sizeof(runners));
	for (size_t i = 0; i < 64; i++) {
		runners[i].lasts_us = 1000;
		list_init(&runners[i].node);
		queue(&runners[i]);
	}
	ev_run(loop, EVRUN_NOWAIT);
	for (size_t i = 0; i < 64; i++)
		ran += runners[i].runs;
	assert_in_range(ran, 10, 63);
	/* Those that had no run come before any that is queued meanwhile. */
	runners[0].again = 0;
	queue(&runners[0]);
	ev_run(loop, 0);
	for (size_t i = 1; i < 64; i++)
		assert_int_equal(runners[i].runs, 1);
	assert_int_equal(runners[0].runs, 2);
}

static void
test_searches_have_a_part_of_the_turn_after_all_others(void **state)
{
	struct runner search = {
		.searches = true, .again = 20, .lasts_us = 1000
	};
	struct runner viewer = { .again = 0 };

	(void)state;
	list_init(&search.node);
	list_init(&viewer.node);
	queue(&search);
	queue(&viewer);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(viewer.runs, 1);
	assert_false(viewer.was_searching);
	assert_true(search.was_searching);
	/* 2 ms are two or three of them, and one where the machine is busy. */
	assert_in_range(search.runs, 1, 3);
	assert_true(slice_us <= 500);
	ev_run(loop, 0);
	assert_int_equal(search.runs, 21);
	assert_false(turns_is_searching(&turns));
}

int
main(void)
{
#define TURNS_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TURNS_TEST(test_without_work_the_loop_rests),
		TURNS_TEST(test_each_has_one_run_in_a_turn),
		TURNS_TEST(test_a_long_turn_is_cut_short),
		TURNS_TEST(
		    test_searches_have_a_part_of_the_turn_after_all_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
