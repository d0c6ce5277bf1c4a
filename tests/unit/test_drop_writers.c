/* Files that somebody has not finished, or begins again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "helpers/apart.h"
#include "helpers/drop_folder.h"
#include "take/drop_file.h"

#define PATIENCE_MS 30000
/* Rounds of two writes each. */
#define ROUNDS 3000

static int
open_for_writing(const char *name)
{
	int fd = openat(
	    temp_dir_fd, drop_path(name), O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd != -1);
	return fd;
}

/* Look from time to time until all is taken. */
static bool
take_in_time(struct drop *drop)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

	while (drop_take_all(drop) != DROP_DONE) {
		if (clock_mono_ms() > until_ms)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static void
test_a_file_that_is_being_written_is_left_alone(void **state)
{
	struct drop *drop = drop_make();
	int fd = open_for_writing("a");

	(void)state;
	drop_puts("b", "complete\n");
	drop_rescan(drop);
	assert_int_equal(write(fd, "one\n", 4), 4);
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	assert_story("complete\n");
	/* As often as one looks, and however old it is. */
	assert_int_equal(
	    futimens(fd, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }), 0);
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	assert_int_equal(write(fd, "two\n", 4), 4);
	close(fd);
	drop_note(drop, "a");
	drop_take_all(drop);
	assert_story("complete\none|two\n");
	assert_true(take_in_time(drop));
	drop_free(drop);
}

static void
test_one_that_is_closed_is_found_without_being_told(void **state)
{
	struct drop *drop = drop_make();
	int fd = open_for_writing("a");

	(void)state;
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	assert_true(take_in_time(drop));
	assert_story("x\n");
	drop_free(drop);
}

static void
test_one_that_is_told_before_it_is_closed_comes_first(void **state)
{
	struct drop *drop = drop_make();
	int fd = open_for_writing("a");

	(void)state;
	assert_int_equal(write(fd, "first\n", 6), 6);
	/* As inotify does it. */
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	close(fd);
	drop_puts("b", "second\n");
	drop_note(drop, "b");
	drop_take_all(drop);
	assert_story("first\nsecond\n");
	/* One that stays open keeps no other from being taken. */
	fd = open_for_writing("c");
	drop_note(drop, "c");
	drop_puts("d", "third\n");
	drop_note(drop, "d");
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	assert_story("first\nsecond\nthird\n");
	close(fd);
	drop_free(drop);
}

static void
test_one_that_was_moved_in_open_is_taken_in_the_end(void **state)
{
	struct drop *drop = drop_make();
	int fd = open_for_writing(".a");
	int64_t from_ms;

	(void)state;
	assert_int_equal(write(fd, "x\n", 2), 2);
	assert_int_equal(
	    renameat(temp_dir_fd, FOLDER "/.a", temp_dir_fd, FOLDER "/a"), 0);
	from_ms = clock_mono_ms();
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_LATER);
	assert_true(take_in_time(drop));
	assert_true(clock_mono_ms() - from_ms >= DROP_SETTLE_MS);
	assert_story("x\n");
	close(fd);
	drop_free(drop);
}

/* Make files that hold lines, each of which is closed twice. */
static void
write_twice(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		char line[32], path[32];

		snprintf(path, sizeof(path), FOLDER "/%d", i % 3);
		for (int j = 0; j < 2; j++) {
			int fd = openat(temp_dir_fd, path,
			    O_WRONLY | O_CREAT | O_APPEND, 0600);
			int len = snprintf(line, sizeof(line), "%d.%d\n", i, j);

			EXPECT(fd != -1);
			EXPECT(write(fd, line, (size_t)len) == len);
			close(fd);
		}
	}
	_exit(0);
}

static void
count_line(unsigned char counts[ROUNDS][2], const char *line)
{
	int i, j;

	/* An empty file is one, too: opened and closed by the taker. */
	if (sscanf(line, "%d.%d", &i, &j) != 2)
		return;
	assert_in_range(i, 0, ROUNDS - 1);
	assert_in_range(j, 0, 1);
	counts[i][j]++;
}

static void
test_nothing_is_lost_of_what_is_written_meanwhile(void **state)
{
	static unsigned char counts[ROUNDS][2];
	struct drop *drop = drop_make();
	struct buf story = { 0 };
	char *line, *rest;
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid != -1);
	if (pid == 0)
		write_twice();
	while (waitpid(pid, &status, WNOHANG) == 0) {
		drop_rescan(drop);
		/*
		 * Also DROP_FAILED: what was opened again cannot be put back
		 * if another file has its name by now, and is taken later.
		 */
		(void)drop_take_all(drop);
	}
	assert_int_equal(status, 0);
	drop_rescan(drop);
	assert_true(take_in_time(drop));
	drop_free(drop);
	drop_story(JOURNAL, &story);
	assert_int_equal(buf_append(&story, "", 1), 0);
	rest = (char *)story.data;
	while ((line = strsep(&rest, "\n|")) != NULL)
		count_line(counts, line);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(counts[i][0], 1);
		assert_int_equal(counts[i][1], 1);
	}
	buf_free(&story);
}

static void
open_again_and_again(void)
{
	for (int i = 0; i < 20 * ROUNDS; i++) {
		int fd = openat(temp_dir_fd, FOLDER "/a", O_WRONLY);

		EXPECT(fd != -1);
		close(fd);
	}
	_exit(0);
}

static void
test_who_opens_a_file_while_we_look_does_us_no_harm(void **state)
{
	int fd, status = -1;
	pid_t pid;

	(void)state;
	drop_puts("a", "x");
	fd = openat(temp_dir_fd, FOLDER "/a", O_RDONLY);
	assert_true(fd != -1);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0)
		open_again_and_again();
	while (waitpid(pid, &status, WNOHANG) == 0)
		(void)drop_file_is_written(fd);
	assert_int_equal(status, 0);
	assert_false(drop_file_is_written(fd));
	close(fd);
}

/* Whether they are open cannot be seen by one who owns them not. */
static void
take_from_others(void)
{
	struct drop *drop;

	apart_be_a_stranger();
	drop = drop_new(&drop_opts);
	EXPECT(drop != NULL);
	drop_note(drop, "told");
	drop_rescan(drop);
	EXPECT(drop_take_all(drop) == DROP_LATER);
	EXPECT(faccessat(temp_dir_fd, FOLDER "/told", F_OK, 0) != 0);
	EXPECT(faccessat(temp_dir_fd, FOLDER "/found", F_OK, 0) == 0);
	EXPECT(take_in_time(drop));
	EXPECT(faccessat(temp_dir_fd, FOLDER "/found", F_OK, 0) != 0);
	drop_free(drop);
}

static void
test_files_of_others_are_taken_when_told_or_still(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchmod(temp_dir_fd, 0777), 0);
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER, 0777, 0), 0);
	drop_puts("found", "1\n");
	drop_puts("told", "2\n");
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/found", 0644, 0), 0);
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/told", 0644, 0), 0);
	apart(take_from_others);
	assert_story("2\n1\n");
	assert_int_equal(fchmod(temp_dir_fd, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define DROP(test) cmocka_unit_test_setup_teardown(test, drop_start, drop_stop)
		DROP(test_a_file_that_is_being_written_is_left_alone),
		DROP(test_one_that_is_closed_is_found_without_being_told),
		DROP(test_one_that_is_told_before_it_is_closed_comes_first),
		DROP(test_one_that_was_moved_in_open_is_taken_in_the_end),
		DROP(test_nothing_is_lost_of_what_is_written_meanwhile),
		DROP(test_who_opens_a_file_while_we_look_does_us_no_harm),
		DROP(test_files_of_others_are_taken_when_told_or_still),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_writers", tests, temp_dir_make, temp_dir_remove);
}
