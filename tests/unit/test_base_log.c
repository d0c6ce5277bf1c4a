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
#include "base/shown.h"

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

/* Line ${n} of what was logged since captured() was called last. */
static void
assert_line_at(int n, const char *level, const char *want)
{
	static const char *text;

	if (n == 0)
		text = captured();
	assert_memory_equal(text, prefix(level), strlen(prefix(level)));
	text += strlen(prefix(level));
	assert_memory_equal(text, want, strlen(want));
	text += strlen(want);
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
test_bytes_that_end_a_line_or_steer_a_terminal_are_spelled_out(void **state)
{
	(void)state;
	log_msg(LOG_LEVEL_INFO, "a\nb\rc\033[2Jd\te\177f\001");
	assert_line("info", "a\\x0ab\\x0dc\\x1b[2Jd\\x09e\\x7ff\\x01\n");
	log_msg(LOG_LEVEL_INFO, "plain = 'as it is' ~!");
	assert_line("info", "plain = 'as it is' ~!\n");
}

/* U+009B begins an escape sequence as well as ESC [ does. */
static void
test_c1_controls_steer_no_terminal_either(void **state)
{
	(void)state;
	log_msg(LOG_LEVEL_INFO,
	    "a\xc2\x9b"
	    "2Jb");
	assert_line("info", "a<U+009B>2Jb\n");
}

/* A name that reads backwards, and two that differ in what nobody sees. */
static void
test_what_nobody_sees_is_spelled_out(void **state)
{
	(void)state;
	log_msg(LOG_LEVEL_WARN, "file=\"%s\"", "x\u202egpj.exe\u202c");
	assert_line("warn", "file=\"x<U+202E>gpj.exe<U+202C>\"\n");
	log_msg(LOG_LEVEL_WARN, "file=\"%s\"", "new\u200bs \u00e9\xff");
	assert_line("warn", "file=\"new<U+200B>s \u00e9\\xff\"\n");
	log_msg(LOG_LEVEL_WARN, "file=\"%s\"", "a\u2028b\U000e0041\ufeff");
	assert_line("warn", "file=\"a<U+2028>b<U+E0041><U+FEFF>\"\n");
}

static void
test_a_line_is_cut_between_two_characters(void **state)
{
	static const char *const units[] = { "\u202e", "\u00e9", "\U0001f600",
		"\xff", "\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		char long_text[1200] = "";
		const char *text;
		struct shown shown;
		size_t len;

		while (strlen(long_text) + 5 < sizeof(long_text))
			strcat(long_text, units[i]);
		log_msg(LOG_LEVEL_WARN, "%s", long_text);
		text = captured();
		len = strlen(text);
		assert_true(len > 980 && len <= 1001);
		assert_true(strchr(text, '\n') == text + len - 1);
		shown_next(units[i], strlen(units[i]), &shown);
		assert_memory_equal(
		    text + len - 1 - shown.len, shown.text, shown.len);
	}
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

static void
test_of_the_spool_the_same_line_is_told_once_a_minute(void **state)
{
	struct log_quota spool = { .about = LOG_ABOUT_SPOOL };
	struct log_quota peers = { .about = LOG_ABOUT_PEERS };
	int64_t start_ms = 9000000;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		if (log_allow(&spool, start_ms + i))
			log_msg(LOG_LEVEL_WARN, "event=large at=%d", i % 3);
	}
	assert_line_at(0, "warn", "event=large at=0\n");
	assert_line_at(1, "warn", "event=large at=1\n");
	assert_line_at(2, "warn", "event=large at=2\n");
	assert_int_equal(spool.used, 3);
	/* Another line still has room. */
	assert_int_equal(log_allow(&spool, start_ms + 5000), 1);
	log_msg(LOG_LEVEL_WARN, "event=large at=other");
	assert_line("warn", "event=large at=other\n");
	/* And so have strangers, for the same as often as they do it. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log_allow(&peers, start_ms), 1);
		log_msg(LOG_LEVEL_WARN, "event=refused");
		assert_line("warn", "event=refused\n");
	}
	/* A minute later it is told that more was, and once again what. */
	assert_int_equal(log_allow(&spool, start_ms + 60000), 1);
	assert_line("warn", "event=log-held-back lines=4997\n");
	log_msg(LOG_LEVEL_WARN, "event=large at=0");
	assert_line("warn", "event=large at=0\n");
}

static unsigned gate_asked;
static enum log_about gate_about;
static uint64_t gate_hash;

static bool
gate_may(void *cookie, enum log_about about, uint64_t hash, unsigned *held_back)
{
	assert_ptr_equal(cookie, &gate_asked);
	gate_about = about;
	gate_hash = hash;
	*held_back = gate_asked == 2 ? 7 : 0;
	return ++gate_asked != 2;
}

static void
test_a_gate_is_asked_for_each_line(void **state)
{
	const struct log_gate gate = { gate_may, &gate_asked };
	struct log_quota peers = { .about = LOG_ABOUT_PEERS };
	uint64_t hash;

	(void)state;
	log_share(&gate);
	assert_int_equal(log_allow(&peers, 1), 1);
	log_msg(LOG_LEVEL_WARN, "event=x");
	assert_line("warn", "event=x\n");
	assert_int_equal(gate_about, LOG_ABOUT_PEERS);
	hash = gate_hash;
	/* That was for one line; the next has no quota. */
	log_msg(LOG_LEVEL_INFO, "event=x");
	assert_string_equal(captured(), "");
	assert_int_equal(gate_about, LOG_ABOUT_US);
	assert_true(gate_hash == hash);
	log_msg(LOG_LEVEL_INFO, "event=y");
	assert_line_at(0, "warn", "event=log-held-back lines=7\n");
	assert_line_at(1, "info", "event=y\n");
	assert_true(gate_hash != hash);
	log_share(NULL);
	log_msg(LOG_LEVEL_INFO, "event=z");
	assert_line("info", "event=z\n");
	assert_int_equal(gate_asked, 3);
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
		    test_bytes_that_end_a_line_or_steer_a_terminal_are_spelled_out),
		WITH_LOG(test_c1_controls_steer_no_terminal_either),
		WITH_LOG(test_what_nobody_sees_is_spelled_out),
		WITH_LOG(test_a_line_is_cut_between_two_characters),
		WITH_LOG(test_lines_over_1000_bytes_are_cut),
		WITH_LOG(test_a_minute_has_room_for_a_burst_and_no_more),
		WITH_LOG(test_a_quiet_minute_tells_nothing),
		WITH_LOG(test_of_the_spool_the_same_line_is_told_once_a_minute),
		WITH_LOG(test_a_gate_is_asked_for_each_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
