/* Who takes what comes in: two responders of one spool, in one loop. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/takers.h"
#include "spool/own.h"
#include "take/take_elect.h"

static bool
is_two_the_taker(void)
{
	return two.take.is_taker;
}

static bool
is_first_held(void)
{
	return fifo_is_held(SPOOL "alerts.fifo");
}

static bool
is_last_held(void)
{
	return fifo_is_held(SPOOL "alarms.fifo") && one.take.n_inlets == 1;
}

static void
test_a_spool_without_inlets_is_not_written_to(void **state)
{
	(void)state;
	fifo_add_file(SPOOL "news", "one\n");
	begin(&one);
	assert_false(one.take.is_taker);
	assert_false(fifo_exists(SPOOL ".spoolcast"));
	/* A name that says so is not enough. */
	fifo_add_file(SPOOL "alerts.fifo", "");
	assert_int_equal(mkdirat(temp_dir_fd, SPOOL "b.fifo", 0700), 0);
	fifo_make(SPOOL "-c.fifo");
	fifo_make(SPOOL "d.pipe");
	fifo_make(SPOOL "e");
	begin(&two);
	assert_int_equal(two.take.n_inlets, 0);
	assert_false(fifo_exists(SPOOL ".spoolcast"));
	/* One that was told of them, one after the other, thinks the same. */
	fifo_make(SPOOL "alarms.fifo");
	assert_true(loop_until(loop, is_last_held));
	assert_int_equal(one.take.n_inlets, 1);
}

static void
test_one_takes_and_all_hold(void **state)
{
	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	begin(&two);
	assert_true(one.take.is_taker);
	assert_false(two.take.is_taker);
	fifo_say(SPOOL "alerts.fifo", "one\n");
	assert_journal("one\n");
	/* What nobody has taken lives in the one who is left. */
	fifo_say(SPOOL "alerts.fifo", "two\n");
	take_elect_end(&one.take);
	end(&one);
	assert_true(loop_until(loop, is_two_the_taker));
	assert_journal("one\ntwo\n");
	/* And the next is there to be the third. */
	begin(&one);
	assert_false(one.take.is_taker);
	end(&two);
	fifo_say(SPOOL "alerts.fifo", "three\n");
	assert_journal("one\ntwo\nthree\n");
}

static void
test_who_ends_takes_what_there_is(void **state)
{
	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	begin(&two);
	fifo_say(SPOOL "alerts.fifo", "one\n");
	end(&one);
	assert_true(fifo_file_has(JOURNAL, "one\n"));
	/* Also who was not the taker until now. */
	fifo_say(SPOOL "alerts.fifo", "two\n");
	assert_false(two.take.is_taker);
	end(&two);
	assert_true(fifo_file_has(JOURNAL, "one\ntwo\n"));
}

static bool
is_lock_there(void)
{
	return fifo_exists(OWN "sources");
}

static bool
is_one_taker(void)
{
	return one.take.is_taker != two.take.is_taker && is_lock_there();
}

static void
test_a_lock_that_was_removed_is_no_lock(void **state)
{
	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	begin(&two);
	fifo_move(OWN "sources", "elsewhere");
	/* There may be two for a while, which does no harm. */
	assert_true(loop_until(loop, is_lock_there));
	fifo_say(SPOOL "alerts.fifo", "one\n");
	assert_journal("one\n");
	assert_true(loop_until(loop, is_one_taker));
	assert_int_equal(unlinkat(temp_dir_fd, JOURNAL, 0), 0);
	assert_int_equal(unlinkat(temp_dir_fd, OWN "sources", 0), 0);
	assert_int_equal(unlinkat(temp_dir_fd, OWN "journals", 0), 0);
	assert_int_equal(unlinkat(temp_dir_fd, OWN, AT_REMOVEDIR), 0);
	assert_true(loop_until(loop, is_one_taker));
	fifo_say(SPOOL "alerts.fifo", "two\n");
	assert_journal("two\n");
}

static void
test_another_spool_has_another_lock(void **state)
{
	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	assert_int_equal(mkdirat(temp_dir_fd, "other", 0700), 0);
	fifo_make("other/alerts.fifo");
	fifo_move("spool", "old");
	fifo_move("other", "spool");
	assert_true(loop_until(loop, is_first_held));
	fifo_say(SPOOL "alerts.fifo", "one\n");
	assert_journal("one\n");
	assert_true(one.take.is_taker);
	assert_false(fifo_is_held("old/alerts.fifo"));
	begin(&two);
	assert_false(two.take.is_taker);
}

static bool
is_nobody_there(void)
{
	return !is_first_held();
}

static void
test_the_first_form_of_a_channel_wins(void **state)
{
	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	fifo_add_file(SPOOL "alerts", "one\n");
	begin(&one);
	/* Nobody would hear of it: its writers are not to think so. */
	assert_false(is_first_held());
	assert_int_equal(unlinkat(temp_dir_fd, SPOOL "alerts", 0), 0);
	assert_true(loop_until(loop, is_first_held));
	fifo_say(SPOOL "alerts.fifo", "two\n");
	assert_journal("two\n");
	fifo_say(SPOOL "alerts.fifo", "three\n");
	fifo_add_file(SPOOL "alerts.sse", "");
	assert_true(loop_until(loop, is_nobody_there));
	assert_true(fifo_file_has(JOURNAL, "two\nthree\n"));
}

static void
test_a_link_to_a_pipe_is_not_followed(void **state)
{
	(void)state;
	fifo_make("elsewhere");
	assert_int_equal(
	    symlinkat("../elsewhere", temp_dir_fd, SPOOL "alerts.fifo"), 0);
	begin(&one);
	assert_int_equal(one.take.n_inlets, 1);
	assert_false(fifo_is_held("elsewhere"));
	fifo_move("elsewhere", SPOOL "b.fifo");
	fifo_move(SPOOL "b.fifo", SPOOL "alerts.fifo");
	assert_true(loop_until(loop, is_first_held));
}

static void
test_a_journal_that_is_locked_is_waited_for(void **state)
{
	int fd;

	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	fifo_say(SPOOL "alerts.fifo", "one\n");
	assert_journal("one\n");
	/* Somebody rotates it, for as long as that takes. */
	fd = own_lock_journal(one.folder.path, "alerts.fifo.log", false);
	assert_true(fd != -1);
	fifo_say(SPOOL "alerts.fifo", "two\n");
	take_now(&one.take, "alerts");
	assert_true(fifo_file_has(JOURNAL, "one\n"));
	fifo_move(JOURNAL, JOURNAL ".1");
	close(fd);
	assert_journal("two\n");
	assert_true(fifo_file_has(JOURNAL ".1", "one\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, start, stop)
		WITH_SPOOL(test_a_spool_without_inlets_is_not_written_to),
		WITH_SPOOL(test_one_takes_and_all_hold),
		WITH_SPOOL(test_who_ends_takes_what_there_is),
		WITH_SPOOL(test_a_lock_that_was_removed_is_no_lock),
		WITH_SPOOL(test_another_spool_has_another_lock),
		WITH_SPOOL(test_the_first_form_of_a_channel_wins),
		WITH_SPOOL(test_a_link_to_a_pipe_is_not_followed),
		WITH_SPOOL(test_a_journal_that_is_locked_is_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "take", tests, temp_dir_make, temp_dir_remove);
}
