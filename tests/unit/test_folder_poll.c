/* How often the spool folder is looked at where nothing wakes us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"

#define CROWD 20
#define LONGEST 1.0

/* Processes that look at one spool, as far as their timers go. */
static struct folder crowd[CROWD];

static bool
is_slow(const struct folder *folder)
{
	return folder->poll_s >= LONGEST;
}

static bool
is_spool_slow(void)
{
	return is_slow(&spool);
}

static bool
is_spool_slower(void)
{
	return spool.poll_s > LONGEST / 8;
}

static bool
is_crowd_slow(void)
{
	for (size_t i = 0; i < CROWD; i++) {
		if (!is_slow(&crowd[i]))
			return false;
	}
	return true;
}

static void
test_looks_are_as_often_as_there_is_news(void **state)
{
	double before, shortest = spool.poll_s;
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	assert_true(loop_until(spool_loop, is_spool_slow));
	/* One line does not make it look all the time, many do. */
	spool_append("news", "two\n");
	before = spool.poll_s;
	spool_wait();
	while (spool.poll_s == before)
		ev_run(spool_loop, EVRUN_ONCE);
	assert_true(spool.poll_s < before && spool.poll_s > 2 * shortest);
	for (int i = 0; i < 10; i++) {
		before = spool.poll_s;
		spool_append("news", "more\n");
		spool_wait();
		assert_true(spool.poll_s <= before);
	}
	assert_true(spool.poll_s == shortest);
	/* And when it is over, it slows down by and by. */
	assert_true(loop_until(spool_loop, is_spool_slower));
	assert_false(is_spool_slow());
	assert_true(loop_until(spool_loop, is_spool_slow));
	channel_unref(channel);
}

static void
on_channel(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
}

static void
on_name(void *cookie, const char *name)
{
	(void)cookie;
	(void)name;
}

static const struct folder_ops crowd_ops = { .on_channel = on_channel,
	.on_name = on_name };

static void
test_those_who_begin_together_drift_apart(void **state)
{
	double first = 0, last = 0;

	(void)state;
	for (size_t i = 0; i < CROWD; i++) {
		assert_int_equal(folder_init(&crowd[i], spool_loop, spool.path,
				     &crowd_ops, NULL),
		    0);
		folder_poll(&crowd[i], "a test");
	}
	assert_true(loop_until(spool_loop, is_crowd_slow));
	for (size_t i = 0; i < CROWD; i++) {
		double remaining =
		    ev_timer_remaining(spool_loop, &crowd[i].poll);

		assert_true(remaining <= LONGEST);
		if (i == 0 || remaining < first)
			first = remaining;
		if (i == 0 || remaining > last)
			last = remaining;
		folder_free(&crowd[i]);
	}
	assert_true(last - first > LONGEST / 20);
}

/* The timer is set while the folder is polled, but for when it looks. */
static bool
is_timer_right(void)
{
	bool is_set = ev_is_active(&spool.poll) != 0;

	return is_set == spool.is_polling || (!is_set && spool.is_polled_now);
}

static bool
is_spool_away(void)
{
	return !spool.is_there;
}

static bool
is_spool_watched(void)
{
	return spool.is_there && !spool.is_polling;
}

static void
move_spool_away(void)
{
	assert_int_equal(renameat(temp_dir_fd, "spool", temp_dir_fd, "old"), 0);
	assert_true(loop_until(spool_loop, is_spool_away));
	assert_true(is_timer_right());
	temp_dir_clear(temp_dir_fd, "old");
	assert_int_equal(unlinkat(temp_dir_fd, "old", AT_REMOVEDIR), 0);
}

/*
 * A channel whose file the new folder lacks asks to wait in the middle of the
 * look that found the folder: the timer is set in its own callback.
 */
static void
test_a_look_that_begins_another_wait_leaves_one_timer(void **state)
{
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	for (int i = 0; i < 10; i++) {
		move_spool_away();
		spool_mkdir();
		assert_true(loop_until(spool_loop, spool_is_opened));
		assert_true(is_timer_right());
		/* The file is missing: that is waited for. */
		assert_true(spool.is_waiting);
		spool_append("news", "one\n");
		assert_true(loop_until(spool_loop, is_spool_watched));
		assert_true(is_timer_right());
	}
	channel_unref(channel);
}

static void
test_a_folder_that_is_exchanged_again_and_again_is_followed(void **state)
{
	struct channel *news, *a, *b;

	(void)state;
	spool_append("news", "one\n");
	news = spool_use("news");
	a = spool_use("a");
	b = spool_use("b");
	for (int i = 0; i < 20; i++) {
		move_spool_away();
		spool_mkdir();
		/* In half of the rounds this comes before it is seen. */
		if (i % 2 == 0)
			assert_true(loop_until(spool_loop, spool_is_opened));
		for (int k = 0; k < 40; k++) {
			spool_append("news.2", "");
			spool_delete("news.2");
			ev_run(spool_loop, EVRUN_NOWAIT);
			assert_true(is_timer_right());
		}
		spool_append("news", "x\n");
		assert_true(loop_until(spool_loop, is_spool_watched));
		assert_true(is_timer_right());
	}
	while (spool_tail(news) != 2)
		spool_wait();
	channel_unref(b);
	channel_unref(a);
	channel_unref(news);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_looks_are_as_often_as_there_is_news,
		    spool_start_polling, spool_stop),
		cmocka_unit_test_setup_teardown(
		    test_a_look_that_begins_another_wait_leaves_one_timer,
		    spool_start_open, spool_stop),
		cmocka_unit_test_setup_teardown(
		    test_a_folder_that_is_exchanged_again_and_again_is_followed,
		    spool_start_open, spool_stop),
		cmocka_unit_test_setup_teardown(
		    test_those_who_begin_together_drift_apart, spool_start_open,
		    spool_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder_poll", tests, temp_dir_make, temp_dir_remove);
}
