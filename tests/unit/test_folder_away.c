/*
 * The spool folder when it comes and goes, and when the kernel's wake-ups are
 * used up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"

static void
test_without_instances_it_polls_and_misses_nothing(void **state)
{
	struct channel *channel;
	struct segment *old;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	for (uint64_t end = 8; end <= 16; end += 4) {
		spool_append("news", "two\n");
		while (spool_tail(channel) < end)
			spool_wait();
		spool_wait();
	}
	spool_append("news.end", "");
	while (!channel->has_ended)
		spool_wait();
	spool_delete("news.end");
	while (channel->has_ended)
		spool_wait();
	old = segment_ref(channel->segment);
	spool_move("news", "news.1");
	spool_append("news", "new\n");
	while (channel->segment == old)
		spool_wait();
	segment_drop(&old);
	channel_unref(channel);
}

static void
test_polling_tells_of_names_that_come(void **state)
{
	struct channel *channel = spool_use("later");

	(void)state;
	spool_append("other", "x\n");
	spool_wait_for_name("other");
	spool_append("later", "x\n");
	while (channel->segment == NULL)
		spool_wait();
	channel_unref(channel);
}

static void
test_polling_slows_down_and_hurries_again(void **state)
{
	struct channel *channel;
	double first = spool.poll_s;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	while (spool.poll_s < 4 * first)
		ev_run(spool_loop, EVRUN_ONCE);
	spool_append("news", "two\n");
	spool_wait();
	assert_true(spool.poll_s <= first);
	channel_unref(channel);
}

static void
test_a_folder_that_is_not_there_yet_is_waited_for(void **state)
{
	struct channel *channel;

	(void)state;
	errno = 0;
	assert_int_equal(folder_open(&spool), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(folder_follow(&spool));
	assert_false(folder_follow(&spool));
	assert_int_equal(folder_open(&spool), -1);
	channel = spool_use("news");
	assert_null(channel->segment);
	assert_int_equal(folder_list(&spool, NULL, NULL), -1);
	spool_mkdir();
	spool_append("news", "one\n");
	while (channel->segment == NULL)
		spool_wait();
	assert_true(loop_until(spool_loop, spool_is_opened));
	assert_int_equal(spool_tail(channel), 4);
	/* From then on the kernel tells. */
	assert_false(spool.is_polling);
	assert_true(watch_is_on(&spool.watch));
	spool_append("news", "two\n");
	spool_wait();
	assert_int_equal(spool_tail(channel), 8);
	channel_unref(channel);
}

/* Make the folder anew with one record more, which has to be noticed. */
static void
assert_followed(struct channel *channel, const char *text)
{
	struct segment *old = segment_ref(channel->segment);

	spool_mkdir();
	spool_append("news", text);
	while (channel->segment == old)
		spool_wait();
	assert_int_equal(spool_tail(channel), strlen(text));
	segment_drop(&old);
	/* And it is not just that once. */
	spool_append("news", text);
	while (spool_tail(channel) < 2 * strlen(text))
		spool_wait();
}

static void
test_a_folder_that_was_moved_away_and_made_anew_is_followed(void **state)
{
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	assert_int_equal(renameat(temp_dir_fd, "spool", temp_dir_fd, "old"), 0);
	assert_followed(channel, "after the move\n");
	channel_unref(channel);
}

static void
test_a_folder_that_was_removed_and_made_anew_is_followed(void **state)
{
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	temp_dir_clear(temp_dir_fd, "spool");
	assert_int_equal(unlinkat(temp_dir_fd, "spool", AT_REMOVEDIR), 0);
	assert_followed(channel, "after the removal\n");
	channel_unref(channel);
}

static void
test_polling_follows_a_folder_that_was_made_anew(void **state)
{
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	temp_dir_clear(temp_dir_fd, "spool");
	assert_int_equal(unlinkat(temp_dir_fd, "spool", AT_REMOVEDIR), 0);
	assert_followed(channel, "after the removal\n");
	assert_int_equal(renameat(temp_dir_fd, "spool", temp_dir_fd, "old"), 0);
	assert_followed(channel, "after the move, which is longer\n");
	assert_true(spool.is_polling);
	channel_unref(channel);
}

static void
test_opening_again_changes_nothing(void **state)
{
	int descriptor = spool.watch.folder;

	(void)state;
	assert_int_equal(folder_open(&spool), 0);
	assert_int_equal(spool.watch.folder, descriptor);
	assert_true(spool.is_there);
	assert_false(spool.is_polling);
}

static void
test_what_cannot_be_followed_now_is_later(void **state)
{
	struct channel *channel;
	rlim_t before;

	(void)state;
	spool_mkdir();
	assert_int_equal(folder_open(&spool), 0);
	spool_append("news", "one\n");
	channel = spool_use("news");
	before = loop_use_up_fds(0);
	assert_true(folder_follow(&spool));
	loop_free_fds(before);
	while (!watch_is_on(&spool.watch) || spool.is_polling)
		ev_run(spool_loop, EVRUN_ONCE);
	spool_told = 0;
	spool_append("news", "two\n");
	spool_wait();
	channel_unref(channel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define POLLING(test)                                                          \
	cmocka_unit_test_setup_teardown(test, spool_start_polling, spool_stop)
#define ABSENT(test)                                                           \
	cmocka_unit_test_setup_teardown(test, spool_start, spool_stop)
#define WATCHED(test)                                                          \
	cmocka_unit_test_setup_teardown(test, spool_start_open, spool_stop)
		POLLING(test_without_instances_it_polls_and_misses_nothing),
		POLLING(test_polling_tells_of_names_that_come),
		POLLING(test_polling_slows_down_and_hurries_again),
		POLLING(test_polling_follows_a_folder_that_was_made_anew),
		ABSENT(test_a_folder_that_is_not_there_yet_is_waited_for),
		ABSENT(test_what_cannot_be_followed_now_is_later),
		WATCHED(
		    test_a_folder_that_was_moved_away_and_made_anew_is_followed),
		WATCHED(
		    test_a_folder_that_was_removed_and_made_anew_is_followed),
		WATCHED(test_opening_again_changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder_away", tests, temp_dir_make, temp_dir_remove);
}
