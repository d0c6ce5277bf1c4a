/* What all processes on a spool may write to the log together. */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helpers/temp_dir.h"
#include "spool/log_page.h"

#define NOW_S ((int64_t)1700000000)
#define FILE_NAME ".spoolcast/lines"

/* How many of ${n} lines, each of a process of its own, may be written. */
static unsigned
told(unsigned n, enum log_about about, int64_t now_s, bool are_equal)
{
	static uint64_t hash;
	unsigned told = 0, held_back;

	hash++;
	for (unsigned i = 0; i < n; i++) {
		struct log_page page = { .fd = -1 };

		told += log_page_may(&page, temp_dir, now_s, about,
		    are_equal ? hash : ++hash, &held_back);
		assert_int_equal(held_back, 0);
		log_page_close(&page);
	}
	return told;
}

static void
test_all_processes_share_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(told(150, LOG_ABOUT_PEERS, NOW_S, false), LOG_BURST);
	assert_int_equal(told(5, LOG_ABOUT_PEERS, NOW_S, false), 0);
}

static void
test_what_is_used_for_one_thing_is_left_for_others(void **state)
{
	(void)state;
	assert_int_equal(told(150, LOG_ABOUT_GAPS, NOW_S, true), LOG_BURST);
	assert_int_equal(told(150, LOG_ABOUT_PEERS, NOW_S, true), LOG_BURST);
	assert_int_equal(told(3, LOG_ABOUT_SPOOL, NOW_S, false), 3);
	assert_int_equal(told(3, LOG_ABOUT_US, NOW_S, false), 3);
}

static void
test_of_the_spool_the_same_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(told(1000, LOG_ABOUT_SPOOL, NOW_S, true), 1);
	assert_int_equal(told(1000, LOG_ABOUT_US, NOW_S, true), 1);
	assert_int_equal(told(3, LOG_ABOUT_SPOOL, NOW_S, false), 3);
}

static void
test_a_new_minute_tells_what_was_held_back_in_the_last(void **state)
{
	struct log_page page = { .fd = -1 };
	unsigned held_back;

	(void)state;
	told(107, LOG_ABOUT_GAPS, NOW_S, true);
	told(4, LOG_ABOUT_SPOOL, NOW_S, true);
	assert_true(log_page_may(
	    &page, temp_dir, NOW_S + 60, LOG_ABOUT_GAPS, 1, &held_back));
	assert_int_equal(held_back, 7 + 3);
	assert_true(log_page_may(
	    &page, temp_dir, NOW_S + 60, LOG_ABOUT_GAPS, 1, &held_back));
	assert_int_equal(held_back, 0);
	log_page_close(&page);
	assert_int_equal(
	    told(150, LOG_ABOUT_GAPS, NOW_S + 60, true), LOG_BURST - 2);
}

static void
test_one_process_writes_no_more_than_its_part(void **state)
{
	struct log_page page = { .fd = -1 };
	unsigned held_back, n = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		n += log_page_may(
		    &page, temp_dir, NOW_S, LOG_ABOUT_PEERS, i, &held_back);
	assert_int_equal(n, LOG_PAGE_OWN);
	log_page_close(&page);
	assert_int_equal(
	    told(1000, LOG_ABOUT_PEERS, NOW_S, false), LOG_BURST - n);
}

static int
open_file(int flags)
{
	int fd = openat(temp_dir_fd, FILE_NAME, flags | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	return fd;
}

/* Nothing that is in the file makes a process write more than its part. */
static void
test_what_somebody_wrote_there_is_silence_or_bounded_noise(void **state)
{
	uint8_t bytes[5000];
	unsigned held_back;

	(void)state;
	srandom(20261129);
	for (unsigned i = 0; i < 2000; i++) {
		struct log_page page = { .fd = -1 };
		unsigned n = 0;
		int fd;

		/* Both what it had and what it has not are bent. */
		told(1, LOG_ABOUT_GAPS, NOW_S, false);
		fd = open_file(O_RDWR);
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = i % 3 == 0 ? 0xff : (uint8_t)random();
		if (i % 5 == 0)
			assert_int_equal(ftruncate(fd, i % 4000), 0);
		else
			assert_true(pwrite(fd, bytes, i % 4000 + 1,
					(off_t)(i % 2) * 16) > 0);
		close(fd);
		for (unsigned j = 0; j < 60; j++)
			n += log_page_may(&page, temp_dir, NOW_S + i % 7 * 60,
			    i % LOG_ABOUTS, j, &held_back);
		assert_true(n <= LOG_PAGE_OWN);
		log_page_close(&page);
	}
	/* It heals by itself. */
	assert_int_equal(
	    told(150, LOG_ABOUT_GAPS, NOW_S + 600, true), LOG_BURST);
}

/* Ask for a line; the process is alone afterwards, and has a few. */
static void
assert_alone(const char *spool)
{
	struct log_page page = { .fd = -1 };
	unsigned held_back, n = 0;

	for (unsigned i = 0; i < 100; i++)
		n += log_page_may(
		    &page, spool, NOW_S, LOG_ABOUT_PEERS, i, &held_back);
	assert_int_equal(n, LOG_PAGE_ALONE);
	log_page_close(&page);
}

static void
test_without_the_page_a_process_writes_a_few_lines(void **state)
{
	(void)state;
	assert_alone(NULL);
	assert_alone("/nowhere/at/all");
	/* Others' files are not written to, and nothing is waited for. */
	assert_int_equal(mkdirat(temp_dir_fd, ".spoolcast", 0700), 0);
	close(openat(temp_dir_fd, "precious", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlinkat("../precious", temp_dir_fd, FILE_NAME), 0);
	assert_alone(temp_dir);
	unlinkat(temp_dir_fd, FILE_NAME, 0);
	assert_int_equal(
	    linkat(temp_dir_fd, "precious", temp_dir_fd, FILE_NAME, 0), 0);
	assert_alone(temp_dir);
	unlinkat(temp_dir_fd, FILE_NAME, 0);
	assert_int_equal(mkfifoat(temp_dir_fd, FILE_NAME, 0600), 0);
	assert_alone(temp_dir);
	unlinkat(temp_dir_fd, FILE_NAME, 0);
	assert_int_equal(mkdirat(temp_dir_fd, FILE_NAME, 0700), 0);
	assert_alone(temp_dir);
}

static void
test_a_lock_that_stays_is_waited_for_once(void **state)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	(void)state;
	told(1, LOG_ABOUT_PEERS, NOW_S, false);
	fd = open_file(O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_alone(temp_dir);
	close(fd);
}

static int
clear(void **state)
{
	(void)state;
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_DIR(test) cmocka_unit_test_teardown(test, clear)
		WITH_DIR(test_all_processes_share_what_there_is),
		WITH_DIR(test_what_is_used_for_one_thing_is_left_for_others),
		WITH_DIR(test_of_the_spool_the_same_is_told_once),
		WITH_DIR(
		    test_a_new_minute_tells_what_was_held_back_in_the_last),
		WITH_DIR(test_one_process_writes_no_more_than_its_part),
		WITH_DIR(
		    test_what_somebody_wrote_there_is_silence_or_bounded_noise),
		WITH_DIR(test_without_the_page_a_process_writes_a_few_lines),
		WITH_DIR(test_a_lock_that_stays_is_waited_for_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "log_page", tests, temp_dir_make, temp_dir_remove);
}
