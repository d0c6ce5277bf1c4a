/*
 * spool/rotation.c: what is never renamed, and folders and disks that refuse
 * something.
 */
#include <sys/mount.h>

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/rotation_series.h"

static void
refuses(const char *why)
{
	assert_int_equal(series_rotate("news", 4), ROTATION_FAILED);
	if (strstr(series_report.problem, why) == NULL)
		fail_msg("%s", series_report.problem);
	/* Nothing has begun, and nothing is in the way of others. */
	assert_string_equal(series_text(".rotation.new"), "-");
	assert_int_equal(rotation_complete(temp_dir, false, &series_report),
	    ROTATION_NOTHING);
}

static void
test_only_plain_files_of_one_name_are_rotated(void **state)
{
	(void)state;
	series_write("target", "t");
	assert_int_equal(symlinkat("target", temp_dir_fd, "news"), 0);
	refuses("is a link");
	unlinkat(temp_dir_fd, "news", 0);
	assert_int_equal(mkdirat(temp_dir_fd, "news", 0755), 0);
	refuses("not a plain file");
	unlinkat(temp_dir_fd, "news", AT_REMOVEDIR);
	assert_int_equal(
	    linkat(temp_dir_fd, "target", temp_dir_fd, "news", 0), 0);
	refuses("hard link");
	assert_string_equal(series_text("target"), "t");
	unlinkat(temp_dir_fd, "news", 0);
	/* A pipe is empty. */
	assert_int_equal(mkfifoat(temp_dir_fd, "news", 0600), 0);
	assert_int_equal(series_rotate("news", 4), ROTATION_NOTHING);
}

static void
test_older_segments_are_plain_files_too(void **state)
{
	(void)state;
	series_make("news", "c b");
	assert_int_equal(mkdirat(temp_dir_fd, "news.2", 0755), 0);
	refuses("news.2 is not a plain file");
	series_is("news", 1, "c b");
	unlinkat(temp_dir_fd, "news.2", AT_REMOVEDIR);
	assert_int_equal(symlinkat("target", temp_dir_fd, "news.2"), 0);
	refuses("news.2 is not a plain file");
	unlinkat(temp_dir_fd, "news.2", 0);
	/* Above a number that is free, and above keep, it is in nobody's way.
	 */
	assert_int_equal(mkdirat(temp_dir_fd, "news.3", 0755), 0);
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	series_is("news", 2, "'' c b");
	series_write("news", "d");
	assert_int_equal(series_rotate("news", 2), ROTATION_DONE);
	series_is("news", 2, "'' d c");
}

static void
test_a_folder_in_the_place_of_the_new_file_is_an_error(void **state)
{
	(void)state;
	series_make("news", "b a");
	assert_int_equal(mkdirat(temp_dir_fd, ".rotation.new", 0755), 0);
	assert_int_equal(series_rotate("news", 4), ROTATION_FAILED);
	assert_non_null(
	    strstr(series_report.problem, "cannot make a new news"));
	series_is("news", 1, "b a");
	unlinkat(temp_dir_fd, ".rotation.new", AT_REMOVEDIR);
	/* But not a file: it is what somebody left who was killed. */
	series_write(".rotation.new", "x");
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	series_is("news", 2, "'' b a");
}

static void
on_another_disk(const char *options)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("none", temp_dir, "tmpfs", 0, options) == 0);
	temp_dir_fd = open(temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(temp_dir_fd != -1);
}

/* Fill the disk up. */
static void
fill(void)
{
	static const char page[4096] = "x";
	int fd =
	    openat(temp_dir_fd, "rest", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(fd != -1);
	while (write(fd, page, sizeof(page)) > 0)
		continue;
	EXPECT(errno == ENOSPC);
	close(fd);
}

static void
on_a_full_disk(void)
{
	on_another_disk("size=64k");
	series_make("news", "b a");
	fill();
	/* There never was a rotation: there is no room for its note. */
	EXPECT(series_rotate("news", 1) == ROTATION_FAILED);
	EXPECT(strstr(series_report.problem, "No space left") != NULL);
	series_is("news", 2, "b a -");
	EXPECT(strcmp(series_text(".rotation.new"), "-") == 0);
	EXPECT(unlinkat(temp_dir_fd, "rest", 0) == 0);
	EXPECT(series_rotate("news", 1) == ROTATION_DONE);
	series_is("news", 2, "'' b -");
	/* From then on it needs none, and gives back that of the oldest. */
	series_write("news", "c");
	fill();
	EXPECT(series_rotate("news", 1) == ROTATION_DONE);
	series_is("news", 2, "'' c -");
}

static void
without_inodes(void)
{
	/* The folder, its own, the lock, two segments; not the new one. */
	on_another_disk("nr_inodes=6");
	series_make("news", "b");
	EXPECT(series_rotate("news", 4) == ROTATION_DONE);
	series_write("news", "c");
	series_write("other", "x");
	EXPECT(series_rotate("news", 4) == ROTATION_FAILED);
	EXPECT(strstr(series_report.problem, "No space left") != NULL);
	series_is("news", 2, "c b -");
	EXPECT(rotation_complete(temp_dir, false, &series_report) ==
	    ROTATION_NOTHING);
	EXPECT(unlinkat(temp_dir_fd, "other", 0) == 0);
	EXPECT(series_rotate("news", 4) == ROTATION_DONE);
	series_is("news", 2, "'' c b");
}

static void
on_a_read_only_disk(void)
{
	on_another_disk("size=64k");
	series_make("news", "b a");
	EXPECT(mount(NULL, temp_dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	EXPECT(series_rotate("news", 4) == ROTATION_FAILED);
	EXPECT(strstr(series_report.problem, "Read-only") != NULL);
	EXPECT(rotation_complete(temp_dir, false, &series_report) ==
	    ROTATION_NOTHING);
	series_is("news", 2, "b a -");
}

static void
test_disks_that_are_full_or_read_only(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	series_apart(on_a_full_disk);
	series_apart(without_inodes);
	series_apart(on_a_read_only_disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define REFUSED(test) cmocka_unit_test_teardown(test, series_teardown)
		REFUSED(test_only_plain_files_of_one_name_are_rotated),
		REFUSED(test_older_segments_are_plain_files_too),
		REFUSED(test_a_folder_in_the_place_of_the_new_file_is_an_error),
		REFUSED(test_disks_that_are_full_or_read_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "rotation_refused", tests, temp_dir_make, temp_dir_remove);
}
