/* What is taken in a turn of the loop, where there is more than that. */
#include <sys/file.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/takers.h"

#define PIPES 500
#define NAMES 30000
/* A turn takes 2 ms, and this much of it nobody can do in ten times that. */
#define TURN_PART 2

static size_t
count_journals(void)
{
	char path[64];
	size_t n = 0;

	for (size_t i = 0; i < PIPES; i++) {
		snprintf(path, sizeof(path), OWN "p%zu.fifo.log", i);
		n += fifo_exists(path);
	}
	return n;
}

static bool
are_all_taken(void)
{
	return count_journals() == PIPES;
}

static void
test_many_pipes_are_taken_from_in_turns(void **state)
{
	char path[64];
	size_t most = 0;

	(void)state;
	for (size_t i = 0; i < PIPES; i++) {
		snprintf(path, sizeof(path), SPOOL "p%zu.fifo", i);
		fifo_make(path);
	}
	begin(&one);
	for (size_t i = 0; i < PIPES; i++) {
		snprintf(path, sizeof(path), SPOOL "p%zu.fifo", i);
		fifo_say(path, "one\n");
	}
	for (size_t before = 0, n = 0; n < PIPES; before = n) {
		ev_run(loop, EVRUN_ONCE);
		n = count_journals();
		if (n - before > most)
			most = n - before;
	}
	assert_true(most < PIPES / TURN_PART);
	assert_true(are_all_taken());
}

static bool
is_scanned(void)
{
	return !one.take.must_scan && one.take.scan == NULL;
}

static void
test_a_large_spool_is_scanned_in_turns(void **state)
{
	char path[64];

	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	for (size_t i = 0; i < NAMES; i++) {
		int fd;

		snprintf(path, sizeof(path), SPOOL "n%zu", i);
		fd = openat(temp_dir_fd, path, O_WRONLY | O_CREAT, 0600);
		assert_true(fd != -1);
		close(fd);
	}
	take_rescan(&one.take);
	while (one.take.scan == NULL)
		ev_run(loop, EVRUN_ONCE);
	/* Meanwhile everything goes on. */
	fifo_say(SPOOL "alerts.fifo", "one\n");
	while (!fifo_file_has(JOURNAL, "one\n")) {
		ev_run(loop, EVRUN_ONCE);
		take_rescan(&one.take);
	}
	assert_true(loop_until(loop, is_scanned));
	assert_int_equal(one.take.n_inlets, 1);
}

static bool
is_alone(void)
{
	return one.take.n_inlets == 0;
}

static void
test_what_is_in_a_pipe_that_goes_while_its_journal_is_locked_is_taken(
    void **state)
{
	int fd;

	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	fifo_say(SPOOL "alerts.fifo", "one\n");
	assert_journal("one\n");
	fd = openat(temp_dir_fd, JOURNAL, O_RDWR);
	assert_true(fd != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	fifo_say(SPOOL "alerts.fifo", "two\n");
	assert_int_equal(unlinkat(temp_dir_fd, SPOOL "alerts.fifo", 0), 0);
	while (one.take.n_inlets == 1 &&
	    !LIST_OF(one.take.inlets.next, struct inlet, node)->is_orphan)
		ev_run(loop, EVRUN_ONCE);
	close(fd);
	assert_journal("one\ntwo\n");
	assert_true(loop_until(loop, is_alone));
}

static void
test_a_pipe_that_is_never_empty_ends_as_soon_as_its_writer(void **state)
{
	static const char line[] = "a line of a writer that never stops\n";
	int fd;

	(void)state;
	fifo_make(SPOOL "alerts.fifo");
	begin(&one);
	fd = openat(temp_dir_fd, SPOOL "alerts.fifo", O_WRONLY | O_NONBLOCK);
	assert_true(fd != -1);
	assert_int_equal(unlinkat(temp_dir_fd, SPOOL "alerts.fifo", 0), 0);
	for (int i = 0; i < 1000; i++) {
		while (write(fd, line, sizeof(line) - 1) > 0)
			continue;
		ev_run(loop, EVRUN_NOWAIT);
		assert_int_equal(one.take.n_inlets, 1);
	}
	close(fd);
	assert_true(loop_until(loop, is_alone));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, start, stop)
		WITH_SPOOL(test_many_pipes_are_taken_from_in_turns),
		WITH_SPOOL(test_a_large_spool_is_scanned_in_turns),
		WITH_SPOOL(
		    test_what_is_in_a_pipe_that_goes_while_its_journal_is_locked_is_taken),
		WITH_SPOOL(
		    test_a_pipe_that_is_never_empty_ends_as_soon_as_its_writer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "take_turns", tests, temp_dir_make, temp_dir_remove);
}
