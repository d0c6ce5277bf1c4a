/* Wake-ups from the kernel, in a real loop. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/watched.h"

static void
test_names_that_come_and_go_are_told(void **state)
{
	(void)state;
	watched_append("news");
	watched_settle();
	watched_assert_names("news ");
	/* What is written to it is nobody's business yet. */
	watched_append("news");
	watched_settle();
	watched_assert_names("");
	watched_move("news", "news.1");
	watched_settle();
	watched_assert_names("news news.1 ");
	assert_int_equal(mkdirat(temp_dir_fd, "jobs.d", 0700), 0);
	unlinkat(temp_dir_fd, "news.1", 0);
	watched_settle();
	watched_assert_names("jobs.d news.1 ");
	assert_int_equal(fchmodat(temp_dir_fd, "jobs.d", 0500, 0), 0);
	watched_settle();
	watched_assert_names("jobs.d ");
	assert_int_equal(watched_n_lost, 0);
}

static void
test_a_watched_file_is_followed_wherever_it_goes(void **state)
{
	struct watched_file file = { 0 };

	(void)state;
	watched_append("news");
	assert_int_equal(
	    watch_add(&watched, &file.watch, watched_path("news")), 0);
	watched_settle();
	assert_int_equal(file.n_data, 0);
	watched_append("news");
	watched_settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(file.n_moved, 0);
	watched_move("news", "news.1");
	watched_append("news.1");
	watched_settle();
	assert_int_equal(file.n_data, 2);
	assert_int_equal(file.n_moved, 1);
	watched_append("news");
	watched_append("news");
	watched_settle();
	assert_int_equal(file.n_data, 2);
	assert_int_equal(truncate(watched_path("news.1"), 0), 0);
	watched_settle();
	assert_true(file.n_data > 2);
	unlinkat(temp_dir_fd, "news.1", 0);
	watched_settle();
	assert_true(file.n_moved > 1);
	watch_remove(&watched, &file.watch);
	assert_int_equal(file.watch.descriptor, -1);
}

static void
test_a_file_that_is_watched_no_more_tells_nothing(void **state)
{
	struct watched_file file = { 0 }, other = { 0 };

	(void)state;
	watched_append("news");
	watched_append("other");
	assert_int_equal(
	    watch_add(&watched, &file.watch, watched_path("news")), 0);
	assert_int_equal(
	    watch_add(&watched, &other.watch, watched_path("other")), 0);
	/* Even what the kernel has queued already. */
	watched_append("news");
	watch_remove(&watched, &file.watch);
	watched_append("news");
	watched_append("other");
	watched_settle();
	assert_int_equal(file.n_data, 0);
	assert_int_equal(other.n_data, 1);
	assert_int_equal(
	    watch_add(&watched, &file.watch, watched_path("news")), 0);
	watched_append("news");
	watched_settle();
	assert_int_equal(file.n_data, 1);
}

static void
test_two_names_of_one_file_are_both_told(void **state)
{
	struct watched_file file = { 0 }, alias = { 0 };

	(void)state;
	watched_append("news");
	assert_int_equal(
	    linkat(temp_dir_fd, "news", temp_dir_fd, "alias", 0), 0);
	assert_int_equal(
	    watch_add(&watched, &file.watch, watched_path("news")), 0);
	assert_int_equal(
	    watch_add(&watched, &alias.watch, watched_path("alias")), 0);
	watched_append("news");
	watched_settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(alias.n_data, 1);
	watch_remove(&watched, &file.watch);
	watched_append("news");
	watched_settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(alias.n_data, 2);
}

static void
test_what_is_not_there_cannot_be_watched(void **state)
{
	struct watched_file file = { .watch = { .descriptor = -1 } };

	(void)state;
	errno = 0;
	assert_int_equal(
	    watch_add(&watched, &file.watch, watched_path("nothing")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file.watch.descriptor, -1);
	errno = 0;
	assert_int_equal(watch_folder(&watched, watched_path("nothing")), -1);
	assert_int_equal(errno, ENOENT);
	/* The folder that was watched before still is. */
	watched_append("news");
	watched_settle();
	watched_assert_names("news ");
}

static void
test_another_folder_takes_the_place_of_the_first(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "spool", 0700), 0);
	watched_settle();
	watched_names.len = 0;
	assert_int_equal(watch_folder(&watched, watched_path("spool")), 0);
	watched_append("news");
	fd = openat(temp_dir_fd, "spool/inner", O_WRONLY | O_CREAT, 0600);
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(watch_folder(&watched, temp_dir), 0);
	watched_settle();
	watched_assert_names("");
	assert_int_equal(watched_n_lost, 0);
	watched_append("deploy");
	watched_settle();
	watched_assert_names("deploy ");
}

static bool
is_lost(void)
{
	return watched_n_lost > 0 && !watched_is_told;
}

static void
test_a_folder_that_goes_away_is_told_as_lost(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "spool", 0700), 0);
	assert_int_equal(watch_folder(&watched, watched_path("spool")), 0);
	watched_move("spool", "elsewhere");
	assert_true(loop_until(watched_loop, is_lost));
	assert_int_equal(watch_folder(&watched, watched_path("elsewhere")), 0);
	watched_n_lost = 0;
	assert_int_equal(unlinkat(temp_dir_fd, "elsewhere", AT_REMOVEDIR), 0);
	assert_true(loop_until(watched_loop, is_lost));
}

static void
test_a_queue_that_overflows_is_told_as_lost(void **state)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	char text[32];
	long n;

	(void)state;
	assert_non_null(limit);
	assert_non_null(fgets(text, sizeof(text), limit));
	fclose(limit);
	n = strtol(text, NULL, 10);
	watched_append("a");
	/* Two each, and never the same twice, which would be one. */
	for (long i = 0; i < n / 2 + 10; i++)
		watched_move(i % 2 == 0 ? "a" : "b", i % 2 == 0 ? "b" : "a");
	assert_true(loop_until(watched_loop, is_lost));
	watched_names.len = 0;
	watched_settle();
	assert_int_equal(watched_n_lost, 1);
}

static void
test_without_an_instance_nothing_is_started(void **state)
{
	struct watch second;
	rlim_t before;
	int rc;

	(void)state;
	before = loop_use_up_fds(0);
	errno = 0;
	rc = watch_start(&second, watched_loop, &watched_ops, &watched_names);
	assert_int_equal(errno, EMFILE);
	loop_free_fds(before);
	assert_int_equal(rc, -1);
	assert_false(watch_is_on(&second));
	watch_stop(&second);
	assert_int_equal(
	    watch_start(&second, watched_loop, &watched_ops, &watched_names),
	    0);
	assert_true(watch_is_on(&second));
	watch_stop(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_LOOP(test)                                                        \
	cmocka_unit_test_setup_teardown(test, watched_start, watched_stop)
		WITH_LOOP(test_names_that_come_and_go_are_told),
		WITH_LOOP(test_a_watched_file_is_followed_wherever_it_goes),
		WITH_LOOP(test_a_file_that_is_watched_no_more_tells_nothing),
		WITH_LOOP(test_two_names_of_one_file_are_both_told),
		WITH_LOOP(test_what_is_not_there_cannot_be_watched),
		WITH_LOOP(test_another_folder_takes_the_place_of_the_first),
		WITH_LOOP(test_a_folder_that_goes_away_is_told_as_lost),
		WITH_LOOP(test_a_queue_that_overflows_is_told_as_lost),
		WITH_LOOP(test_without_an_instance_nothing_is_started),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "watch", tests, temp_dir_make, temp_dir_remove);
}
