/* What the log writes, and how many lines it allows. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* Room for more than any test writes; a pipe holds at least this. */
#define CAPTURED_MAX 16384

static int saved_stderr;
static int reading_end;

static int
capture_start(void **state)
{
	int ends[2];

	(void)state;
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	reading_end = ends[0];
	return 0;
}

static int
capture_stop(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reading_end);
	return 0;
}

/* Take what was logged since the last time, as text. */
static const char *
captured(void)
{
	static char text[CAPTURED_MAX + 1];
	ssize_t n = read(reading_end, text, CAPTURED_MAX);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What stands before the formatted text of a line. */
static const char *
prefix(const char *level)
{
	static char text[64];

	snprintf(
	    text, sizeof(text), "spoolcast[%ld]: %s ", (long)getpid(), level);
	return text;
}

static void
assert_line(const char *level, const char *want)
{
	const char *text = captured();
	size_t len = strlen(prefix(level));

	assert_memory_equal(text, prefix(level), len);
	assert_string_equal(text + len, want);
}

static void
test_a_line_names_process_and_level(void **state)
{
	(void)state;
	log_msg(LOG_LEVEL_ERROR, "event=x n=%d", 5);
	assert_line("error", "event=x n=5\n");
	log_msg(LOG_LEVEL_WARN, "%s", "");
	assert_line("warn", "\n");
	log_msg(LOG_LEVEL_INFO, "event=%s", "y");
	assert_line("info", "event=y\n");
}

static void
test_the_reason_follows_and_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	log_errno(LOG_LEVEL_WARN, "event=x");
	assert_int_equal(errno, ENOENT);
	assert_line("warn", "event=x error=\"No such file or directory\"\n");
	log_msg(LOG_LEVEL_WARN, "event=x");
	assert_int_equal(errno, ENOENT);
	assert_line("warn", "event=x\n");
}

static void
test_bytes_that_end_a_line_or_steer_a_terminal_are_replaced(void **state)
{
	(void)state;
	log_msg(LOG_LEVEL_INFO, "a\nb\rc\033[2Jd\te\177f\001");
	assert_line("info", "a?b?c?[2Jd?e?f?\n");
	log_msg(LOG_LEVEL_INFO, "plain = 'as it is' ~!");
	assert_line("info", "plain = 'as it is' ~!\n");
}

/* U+009B begins an escape sequence as well as ESC [ does. */
static void
test_c1_controls_steer_no_terminal_either(void **state)
{
	const char *text;

	(void)state;
	log_msg(LOG_LEVEL_INFO,
	    "a\xc2\x9b"
	    "2Jb");
	text = captured();
	assert_null(strstr(text, "\xc2\x9b"));
}

static void
test_lines_over_1000_bytes_are_cut(void **state)
{
	char long_text[3000];
	const char *text;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (size_t len = 900; len < 1100; len++) {
		size_t whole = strlen(prefix("warn")) + len;

		long_text[len] = '\0';
		errno = 0;
		log_msg(LOG_LEVEL_WARN, "%s", long_text);
		text = captured();
		assert_int_equal(
		    strlen(text), (whole < 1000 ? whole : 1000) + 1);
		assert_int_equal(text[strlen(text) - 1], '\n');
		errno = EACCES;
		log_errno(LOG_LEVEL_WARN, "%s", long_text);
		text = captured();
		assert_true(strlen(text) <= 1001);
		assert_true(strchr(text, '\n') == text + strlen(text) - 1);
		long_text[len] = 'x';
	}
}

static void
test_a_minute_has_room_for_a_burst_and_no_more(void **state)
{
	struct log_quota quota = { 0 };

	(void)state;
	for (int i = 0; i < LOG_BURST; i++)
		assert_int_equal(log_allow(&quota, 5000 + i), 1);
	for (int i = 0; i < 7; i++)
		assert_int_equal(log_allow(&quota, 64999), 0);
	assert_int_equal(quota.held_back, 7);
	assert_string_equal(captured(), "");

	/* A new minute tells first, then there is room again. */
	assert_int_equal(log_allow(&quota, 65000), 1);
	assert_line("warn", "event=log-held-back lines=7\n");
	for (int i = 1; i < LOG_BURST; i++)
		assert_int_equal(log_allow(&quota, 65000), 1);
	assert_int_equal(log_allow(&quota, 65000), 0);
	assert_string_equal(captured(), "");
}

static void
test_a_quiet_minute_tells_nothing(void **state)
{
	struct log_quota quota = { 0 };

	(void)state;
	for (int64_t now_ms = 0; now_ms < 6000000; now_ms += 60000) {
		for (int i = 0; i < LOG_BURST; i++)
			assert_int_equal(log_allow(&quota, now_ms + i), 1);
	}
	assert_int_equal(quota.held_back, 0);
	assert_string_equal(captured(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_LOG(test)                                                         \
	cmocka_unit_test_setup_teardown(test, capture_start, capture_stop)
		WITH_LOG(test_a_line_names_process_and_level),
		WITH_LOG(test_the_reason_follows_and_errno_is_kept),
		WITH_LOG(
		    test_bytes_that_end_a_line_or_steer_a_terminal_are_replaced),
		WITH_LOG(test_c1_controls_steer_no_terminal_either),
		WITH_LOG(test_lines_over_1000_bytes_are_cut),
		WITH_LOG(test_a_minute_has_room_for_a_burst_and_no_more),
		WITH_LOG(test_a_quiet_minute_tells_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
