/*
 * spool/rotation.c: which segment gets which name, what is due, and what was
 * begun by somebody who was killed.
 */
#include <sys/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/rotation_series.h"

static const struct {
	const char *name;
	const char *before;
	unsigned keep;
	const char *after; /* up to number 6 */
} rotations[] = {
	{ "the first", "a", 4, "'' a - - - - -" },
	{ "the second", "b a", 4, "'' b a - - - -" },
	{ "all numbers taken", "e d c b a", 4, "'' e d c b - -" },
	{ "the lowest free number", "e d - b a", 4, "'' e d b a - -" },
	{ "the first number free", "e - c b a", 4, "'' e c b a - -" },
	{ "one is kept", "b a", 1, "'' b - - - - -" },
	{ "none is kept", "b a", 0, "'' - - - - - -" },
	{ "none is kept, and there is none", "a", 0, "'' - - - - - -" },
	{ "keep was lowered", "g f e d c b a", 2, "'' g f - - - -" },
	{ "keep was lowered to a free number", "g f - d c b a", 2,
	    "'' g f - - - -" },
	{ "keep was raised", "c b a", 6, "'' c b a - - -" },
	{ "some numbers over keep are free", "d c b - - - x", 2,
	    "'' d c - - - -" },
};

static void
test_segments_move_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rotations) / sizeof(rotations[0]); i++) {
		series_make("news", rotations[i].before);
		assert_int_equal(
		    series_rotate("news", rotations[i].keep), ROTATION_DONE);
		assert_int_equal(series_report.size, 1);
		print_message("# %s\n", rotations[i].name);
		series_is("news", 6, rotations[i].after);
		assert_string_equal(series_text(".rotation.new"), "-");
		series_clear();
	}
}

static void
test_every_series_of_a_spool_can_be_rotated(void **state)
{
	static const char *const bases[] = { "news", "deploy.sse",
		".spoolcast/jobs.d.log", ".spoolcast/alerts.fifo.log" };

	(void)state;
	series_make("other", "o");
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		/* The first rotation makes the folder of the journals. */
		series_make(bases[i], "b a");
		assert_int_equal(series_rotate(bases[i], 4), ROTATION_DONE);
		series_is(bases[i], 3, "'' b a -");
	}
	assert_string_equal(series_text("other"), "o");
}

static void
test_a_number_far_above_is_left_alone(void **state)
{
	(void)state;
	series_make("news", "b a");
	series_write("news.999999", "x");
	series_write("news.4294967295", "y");
	series_write("news.01", "z");
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	series_is("news", 3, "'' b a -");
	assert_string_equal(series_text("news.999999"), "x");
	assert_string_equal(series_text("news.4294967295"), "y");
	assert_string_equal(series_text("news.01"), "z");
}

static void
test_what_is_missing_or_empty_is_not_rotated(void **state)
{
	(void)state;
	assert_int_equal(series_rotate("news", 4), ROTATION_NOTHING);
	/* Not even a lock is made for it. */
	assert_string_equal(series_text(SERIES_LOCK), "-");
	series_make("news", "- a");
	assert_int_equal(series_rotate("news", 4), ROTATION_NOTHING);
	series_write("news", "");
	assert_int_equal(series_rotate("news", 4), ROTATION_NOTHING);
	series_is("news", 2, "'' a -");
}

static void
test_a_size_makes_it_due(void **state)
{
	struct rotation rotation = { .base = "news", .keep = 1, .max_size = 4 };

	(void)state;
	assert_true(rotation_due_ms(temp_dir, &rotation) == INT64_MAX);
	series_write("news", "abc");
	assert_true(rotation_due_ms(temp_dir, &rotation) == INT64_MAX);
	assert_int_equal(rotation_run(temp_dir, &rotation, &series_report),
	    ROTATION_NOTHING);
	series_write("news", "d");
	assert_true(rotation_due_ms(temp_dir, &rotation) == 0);
	assert_int_equal(
	    rotation_run(temp_dir, &rotation, &series_report), ROTATION_DONE);
	series_is("news", 1, "'' abcd");
	assert_int_equal(series_report.size, 4);
}

static bool
is_due(void)
{
	const struct rotation rotation = { .base = "news", .max_age_ms = 2000 };

	return rotation_due_ms(temp_dir, &rotation) == 0;
}

static void
test_an_age_makes_it_due(void **state)
{
	struct rotation rotation = {
		.base = "news", .keep = 1, .max_age_ms = INT64_C(3600000)
	};
	int64_t due_ms;

	(void)state;
	series_write("news", "");
	assert_true(rotation_due_ms(temp_dir, &rotation) == INT64_MAX);
	series_write("news", "a");
	due_ms = rotation_due_ms(temp_dir, &rotation);
	assert_true(due_ms > 0 && due_ms <= rotation.max_age_ms);
	assert_int_equal(rotation_run(temp_dir, &rotation, &series_report),
	    ROTATION_NOTHING);
	/* The age is in whole seconds; it comes to be 2 of them. */
	for (int tries = 0; tries < 2000 && !is_due(); tries++)
		usleep(10000);
	rotation.max_age_ms = 2000;
	assert_int_equal(
	    rotation_run(temp_dir, &rotation, &series_report), ROTATION_DONE);
	series_is("news", 1, "'' a");
}

static void
test_who_may_not_wait_is_told_that_others_have_a_lock(void **state)
{
	int fd;

	(void)state;
	series_make("news", "a");
	series_make("other", "x");
	assert_int_equal(series_rotate("other", 4), ROTATION_DONE);
	fd = openat(temp_dir_fd, SERIES_LOCK, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(series_rotate("news", 4), ROTATION_BUSY);
	assert_int_equal(
	    rotation_complete(temp_dir, false, &series_report), ROTATION_BUSY);
	close(fd);
	/* A writer, who looks whether it still is the file before it writes. */
	fd = openat(temp_dir_fd, "news", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(series_rotate("news", 4), ROTATION_BUSY);
	series_is("news", 1, "a -");
	close(fd);
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
}

static const struct {
	const char *before; /* as it was left */
	unsigned newest;    /* the number that the newest has by now */
	unsigned keep;
	const char *after; /* up to number 4 */
} killed[] = {
	/* Behind the note, behind each rename, behind the new file. */
	{ "d c b a", 0, 4, "'' d c b a" },
	{ "d c b - a", 0, 4, "'' d c b a" },
	{ "d c - b a", 0, 4, "'' d c b a" },
	{ "d - c b a", 0, 4, "'' d c b a" },
	{ "- d c b a", 1, 4, "'' d c b a" },
	{ "e d c b a", 1, 4, "e d c b a" },
	/* With one that is removed: before, behind, and later. */
	{ "d c b a", 0, 3, "'' d c b -" },
	{ "d c b -", 0, 3, "'' d c b -" },
	{ "d c - b", 0, 3, "'' d c b -" },
	{ "- d c b", 1, 3, "'' d c b -" },
	{ "d c b a", 0, 0, "'' - - - -" },
	/* The newest was removed or moved on by others meanwhile. */
	{ "- c d", 2, 4, "- c d - -" },
};

static void
test_what_was_begun_is_completed(void **state)
{
	char name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(killed) / sizeof(killed[0]); i++) {
		series_make("news", killed[i].before);
		snprintf(name, sizeof(name),
		    killed[i].newest == 0 ? "news" : "news.%u",
		    killed[i].newest);
		series_leave_note("news", name, killed[i].keep);
		print_message("# %s\n", killed[i].before);
		assert_int_equal(
		    rotation_complete(temp_dir, false, &series_report),
		    ROTATION_DONE);
		series_is("news", 4, killed[i].after);
		assert_string_equal(series_text(".rotation.new"), "-");
		assert_int_equal(
		    rotation_complete(temp_dir, false, &series_report),
		    ROTATION_NOTHING);
		series_clear();
	}
}

static void
test_who_rotates_completes_what_was_begun_first(void **state)
{
	(void)state;
	series_make("news", "d - c b a");
	series_make("other", "x");
	series_leave_note("news", "news", 4);
	assert_int_equal(series_rotate("other", 4), ROTATION_DONE);
	series_is("news", 4, "'' d c b a");
	series_is("other", 1, "'' x");
}

static void
test_what_cannot_be_completed_keeps_nobody_from_rotating(void **state)
{
	(void)state;
	series_make("news", "d - c b a");
	series_make("other", "x");
	series_leave_note("news", "news", 4);
	assert_int_equal(
	    linkat(temp_dir_fd, "news", temp_dir_fd, "link", 0), 0);
	assert_int_equal(series_rotate("other", 4), ROTATION_DONE);
	series_is("news", 4, "d - c b a");
	series_is("other", 1, "'' x");
}

static void
test_a_note_that_makes_no_sense_means_nothing(void **state)
{
	static const char *const notes[] = { "", " ", "news", "news 1",
		"news x 4", "news 1 1001", "../news 1 4", "/etc/news 1 4",
		".spoolcast/rotation 1 4", ".spoolcast/../news 1 4",
		".spoolcast/news 1 4", "news.1 1 4", "news.d 1 4", ". 1 4",
		"news/x 1 4", "news 99999999999999999999 4" };
	char text[161];

	(void)state;
	series_make("news", "b a");
	series_leave_note("news", "news", 4);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		int fd = openat(temp_dir_fd, SERIES_LOCK, O_WRONLY | O_CLOEXEC);

		snprintf(text, sizeof(text), "%-159s\n", notes[i]);
		assert_int_equal(pwrite(fd, text, 160, 0), 160);
		assert_int_equal(
		    rotation_complete(temp_dir, false, &series_report),
		    ROTATION_NOTHING);
		/* Cut off in the middle, and not a text at all. */
		assert_int_equal(ftruncate(fd, 10), 0);
		assert_int_equal(
		    rotation_complete(temp_dir, false, &series_report),
		    ROTATION_NOTHING);
		memset(text, 'x', sizeof(text));
		assert_int_equal(pwrite(fd, text, 160, 0), 160);
		assert_int_equal(
		    rotation_complete(temp_dir, false, &series_report),
		    ROTATION_NOTHING);
		close(fd);
	}
	series_is("news", 2, "b a -");
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SERIES(test) cmocka_unit_test_teardown(test, series_teardown)
		SERIES(test_segments_move_up),
		SERIES(test_every_series_of_a_spool_can_be_rotated),
		SERIES(test_a_number_far_above_is_left_alone),
		SERIES(test_what_is_missing_or_empty_is_not_rotated),
		SERIES(test_a_size_makes_it_due),
		SERIES(test_an_age_makes_it_due),
		SERIES(test_who_may_not_wait_is_told_that_others_have_a_lock),
		SERIES(test_what_was_begun_is_completed),
		SERIES(test_who_rotates_completes_what_was_begun_first),
		SERIES(
		    test_what_cannot_be_completed_keeps_nobody_from_rotating),
		SERIES(test_a_note_that_makes_no_sense_means_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "rotation", tests, temp_dir_make, temp_dir_remove);
}
