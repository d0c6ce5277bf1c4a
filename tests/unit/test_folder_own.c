/* Journals: the logs of pipes and drop folders, in .spoolcast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"
#include "spool/own.h"

#define JOURNAL OWN_FOLDER "/alerts.fifo.log"

static struct channel *channel;

static bool
has_journal(void)
{
	return channel->segment != NULL && spool_tail(channel) > 0;
}

static void
make_own(void)
{
	assert_int_equal(mkdirat(temp_dir_fd, "spool/" OWN_FOLDER, 0700), 0);
}

static int
start(void **state)
{
	if (spool_start_open(state) != 0)
		return -1;
	return mkfifoat(temp_dir_fd, "spool/alerts.fifo", 0600);
}

static void
test_a_journal_may_come_after_its_pipe_and_its_folder(void **state)
{
	(void)state;
	channel = spool_use("alerts");
	assert_non_null(channel->form);
	assert_null(channel->segment);
	make_own();
	spool_append(JOURNAL, "one\n");
	assert_true(loop_until(spool_loop, has_journal));
	spool_append(JOURNAL, "two\n");
	spool_wait();
	assert_int_equal(spool_tail(channel), 8);
	channel_unref(channel);
}

static void
test_a_journal_may_come_after_its_channel(void **state)
{
	(void)state;
	make_own();
	channel = spool_use("alerts");
	assert_null(channel->segment);
	/* Of others in that folder nobody is told. */
	spool_append(OWN_FOLDER "/streams", "");
	spool_append(JOURNAL, "one\n");
	assert_true(loop_until(spool_loop, has_journal));
	channel_unref(channel);
}

static bool
is_other(void)
{
	return has_journal() && spool_tail(channel) == 6;
}

static void
test_a_journal_that_takes_the_place_of_another_is_noticed(void **state)
{
	(void)state;
	make_own();
	spool_append(JOURNAL, "one\n");
	channel = spool_use("alerts");
	assert_int_equal(spool_tail(channel), 4);
	spool_move(JOURNAL, JOURNAL ".1");
	spool_append(JOURNAL, "three\n");
	assert_true(loop_until(spool_loop, is_other));
	channel_unref(channel);
}

static void
test_another_own_folder_is_followed_as_the_first_was(void **state)
{
	(void)state;
	make_own();
	spool_append(JOURNAL, "one\n");
	channel = spool_use("alerts");
	spool_move(OWN_FOLDER, "elsewhere");
	make_own();
	spool_append(JOURNAL, "three\n");
	assert_true(loop_until(spool_loop, is_other));
	channel_unref(channel);
}

static void
test_where_it_is_polled_journals_are_found_too(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(temp_dir_fd, "spool/alerts.fifo", 0600), 0);
	channel = spool_use("alerts");
	assert_null(channel->segment);
	make_own();
	spool_append(JOURNAL, "one\n");
	assert_true(loop_until(spool_loop, has_journal));
	channel_unref(channel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, start, spool_stop)
		WITH_PIPE(
		    test_a_journal_may_come_after_its_pipe_and_its_folder),
		WITH_PIPE(test_a_journal_may_come_after_its_channel),
		WITH_PIPE(
		    test_a_journal_that_takes_the_place_of_another_is_noticed),
		WITH_PIPE(test_another_own_folder_is_followed_as_the_first_was),
		cmocka_unit_test_setup_teardown(
		    test_where_it_is_polled_journals_are_found_too,
		    spool_start_polling, spool_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder_own", tests, temp_dir_make, temp_dir_remove);
}
