/* Folders and crowds of channels that are too large to be looked at at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"

#define NAMES 30000
#define CHANNELS 5000
/* A turn takes 2 ms, and this much of it nobody can do in ten times that. */
#define TURN_PART 2

static struct channel *crowd[CHANNELS];
static bool has_told_one;

static size_t
count_names(void)
{
	size_t n = 0;

	for (size_t i = 0; i < spool_names.len; i++)
		n += spool_names.data[i] == ' ';
	return n;
}

static bool
are_all_told(void)
{
	return spool_told >= CHANNELS;
}

static bool
are_all_named(void)
{
	return spool.names == NULL && !spool.must_list;
}

static void
make_files(size_t n)
{
	char path[64];

	for (size_t i = 0; i < n; i++) {
		int fd;

		snprintf(path, sizeof(path), "spool/channel%zu", i);
		fd = openat(temp_dir_fd, path, O_WRONLY | O_CREAT, 0600);
		assert_true(fd != -1);
		close(fd);
	}
}

static void
use_crowd(void)
{
	char name[32];

	for (size_t i = 0; i < CHANNELS; i++) {
		snprintf(name, sizeof(name), "channel%zu", i);
		crowd[i] = spool_use(name);
	}
}

static void
drop_crowd(void)
{
	for (size_t i = 0; i < CHANNELS; i++)
		channel_unref(crowd[i]);
}

static void
test_the_names_of_a_large_folder_are_told_in_turns(void **state)
{
	(void)state;
	assert_true(loop_until(spool_loop, are_all_named));
	make_files(NAMES);
	spool_names.len = 0;
	spool.is_lost = true;
	folder_look(&spool);
	assert_true(count_names() < NAMES / TURN_PART);
	/* One that goes on, and misses none. */
	assert_true(loop_until(spool_loop, are_all_named));
	assert_true(count_names() >= NAMES);
}

static void
test_many_channels_are_looked_at_in_turns_and_news_come_between(void **state)
{
	(void)state;
	use_crowd();
	assert_true(loop_until(spool_loop, are_all_named));
	spool_told = 0;
	spool.is_lost = true;
	folder_look(&spool);
	assert_true(spool_told < CHANNELS / TURN_PART);
	/* What is told of meanwhile does not wait for the end of it. */
	folder_mark_dirty(crowd[CHANNELS - 1]);
	folder_look(&spool);
	assert_true(list_is_empty(&crowd[CHANNELS - 1]->dirty));
	assert_true(spool_told < CHANNELS);
	assert_true(loop_until(spool_loop, are_all_told));
	drop_crowd();
}

static void
test_channels_may_go_while_they_are_looked_at(void **state)
{
	(void)state;
	use_crowd();
	spool.is_lost = true;
	folder_look(&spool);
	for (size_t i = 0; i < CHANNELS; i += 2)
		channel_unref(crowd[i]);
	spool_told = 0;
	spool.is_lost = true;
	while (!spool_is_told() || !list_is_empty(&spool.to_look_at))
		folder_look(&spool);
	assert_int_equal(spool_told, CHANNELS / 2);
	for (size_t i = 1; i < CHANNELS; i += 2)
		channel_unref(crowd[i]);
}

static void
on_channel_in_turn(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
	spool_told++;
	if (channel == crowd[0])
		has_told_one = true;
}

static bool
has_one(void)
{
	return has_told_one;
}

static const struct folder_ops ops_in_turn = {
	.on_channel = on_channel_in_turn,
	.on_name = spool_on_name,
};

static void
test_many_channels_are_polled_in_turns(void **state)
{
	int most = 0;

	(void)state;
	spool.ops = &ops_in_turn;
	use_crowd();
	make_files(CHANNELS);
	spool_told = 0;
	while (spool_told < CHANNELS) {
		int before = spool_told;

		ev_run(spool_loop, EVRUN_ONCE);
		if (spool_told - before > most)
			most = spool_told - before;
	}
	assert_true(most < CHANNELS / TURN_PART);
	/* And each is looked at again. */
	has_told_one = false;
	spool_append("channel0", "one\n");
	for (int i = 0; i < 10 && !has_one(); i++)
		(void)loop_until(spool_loop, has_one);
	assert_true(has_one());
	drop_crowd();
}

static void
test_what_is_missing_does_not_have_all_others_polled(void **state)
{
	struct channel *gone;

	(void)state;
	spool_append("gone", "one\n");
	gone = spool_use("gone");
	use_crowd();
	spool_delete("gone");
	while (!gone->is_missing)
		ev_run(spool_loop, EVRUN_ONCE);
	assert_true(spool.is_waiting);
	/* Once more, by the timer: of it alone. */
	while (list_is_empty(&spool.missing) || spool.poll_s < 0.3) {
		ev_run(spool_loop, EVRUN_ONCE);
		assert_true(list_is_empty(&spool.to_look_at));
	}
	spool_append("gone", "two\n");
	while (spool.is_polling)
		ev_run(spool_loop, EVRUN_ONCE);
	assert_int_equal(spool_tail(gone), 4);
	channel_unref(gone);
	drop_crowd();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WATCHED(test)                                                          \
	cmocka_unit_test_setup_teardown(test, spool_start_open, spool_stop)
#define POLLING(test)                                                          \
	cmocka_unit_test_setup_teardown(test, spool_start_polling, spool_stop)
		WATCHED(test_the_names_of_a_large_folder_are_told_in_turns),
		WATCHED(
		    test_many_channels_are_looked_at_in_turns_and_news_come_between),
		WATCHED(test_channels_may_go_while_they_are_looked_at),
		POLLING(test_many_channels_are_polled_in_turns),
		WATCHED(test_what_is_missing_does_not_have_all_others_polled),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder_look", tests, temp_dir_make, temp_dir_remove);
}
