/* What is in dropped files, and how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/drop_folder.h"

static void
test_content_is_data_whatever_it_is(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} rows[] = {
#define ROW(in, out) { in, sizeof(in) - 1, out "\n" }
		ROW("", ""),
		ROW("\n", ""),
		ROW("\n\n", "|"),
		ROW("x", "x"),
		ROW("x\n", "x"),
		ROW("x\r\n", "x"),
		ROW("x\r", "x"),
		ROW("x\r\r\n", "x|"),
		ROW("x\n\r", "x|"),
		ROW("one\ntwo\rthree\r\nfour", "one|two|three|four"),
		ROW("\n\nx\n\n", "||x|"),
		ROW(" x\n  y", " x|  y"),
		ROW("data: x\nevent: y\n: z", "data: x|event: y|: z"),
		ROW("\xef\xbb\xbfx\n", "x"),
		ROW("\xef\xbb\xbf", ""),
		ROW("x\xef\xbb\xbf", "x\xef\xbb\xbf"),
		ROW("\xff\xfe\x80", "\xff\xfe\x80"),
#undef ROW
	};
	struct buf want = { 0 };
	char name[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "%03zu", i);
		drop_put(name, rows[i].bytes, rows[i].len);
		assert_int_equal(buf_puts(&want, rows[i].want), 0);
	}
	assert_int_equal(buf_append(&want, "", 1), 0);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story((const char *)want.data);
	buf_free(&want);
}

static void
test_all_bytes_are_kept(void **state)
{
	struct buf text = { 0 };
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	drop_put("all", bytes, sizeof(bytes));
	assert_int_equal(drop_once(), DROP_DONE);
	drop_read(JOURNAL, &text);
	assert_non_null(memmem(text.data, text.len, bytes, 10));
	assert_non_null(memmem(text.data, text.len, bytes + 11, 2));
	assert_non_null(memmem(text.data, text.len, bytes + 14, 242));
	buf_free(&text);
}

static void
test_what_is_too_large_is_told_but_not_read(void **state)
{
	char bytes[1030];
	struct stat st;
	int fd;

	(void)state;
	drop_opts.max_record = 1024;
	memset(bytes, 'x', sizeof(bytes));
	drop_put("a", bytes, 1025);
	bytes[1024] = '\n';
	drop_put("b", bytes, 1025);
	bytes[1024] = '\r';
	drop_put("c", bytes, 1025);
	bytes[1025] = '\n';
	drop_put("d", bytes, 1026);
	bytes[1024] = '\n';
	drop_put("e", bytes, 1026);
	drop_put("f", bytes, 1027);
	/* Nothing but a hole. */
	drop_puts("g", "x");
	fd = openat(temp_dir_fd, FOLDER "/g", O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	assert_int_equal(drop_once(), DROP_DONE);
	bytes[1024] = '\0';
	{
		struct buf want = { 0 };

		buf_printf(&want,
		    "skipped 1025\n%s\n%s\n%s\nskipped 1026\nskipped 1027\n"
		    "skipped 1099511627776\n",
		    bytes, bytes, bytes);
		assert_int_equal(buf_append(&want, "", 1), 0);
		assert_story((const char *)want.data);
		buf_free(&want);
	}
	assert_int_equal(fstatat(temp_dir_fd, JOURNAL, &st, 0), 0);
	assert_true(st.st_size < 5000);
}

static void
test_holes_are_zeros(void **state)
{
	struct buf text = { 0 };
	static const char zeros[5000];
	int fd;

	(void)state;
	drop_puts("a", "x");
	fd = openat(temp_dir_fd, FOLDER "/a", O_WRONLY);
	assert_int_equal(ftruncate(fd, 5001), 0);
	close(fd);
	assert_int_equal(drop_once(), DROP_DONE);
	drop_read(JOURNAL, &text);
	assert_non_null(memmem(text.data, text.len, zeros, sizeof(zeros)));
	buf_free(&text);
}

static void
test_a_record_may_be_as_large_as_the_largest_allowed(void **state)
{
	size_t len = 1 << 20;
	char *bytes = malloc(len);
	struct record rec;
	struct buf text = { 0 };

	(void)state;
	assert_non_null(bytes);
	drop_opts.max_record = len;
	/* Each byte becomes a line of its own. */
	memset(bytes, '\n', len);
	drop_put("a", bytes, len);
	assert_int_equal(drop_once(), DROP_DONE);
	drop_read(JOURNAL, &text);
	assert_int_equal(
	    record_find_end(RECORD_JOURNAL, text.data, text.len, -1, 0),
	    text.len);
	assert_true(
	    record_parse(RECORD_JOURNAL, text.data, text.len, true, &rec));
	assert_true(rec.body.len <= record_limit(RECORD_JOURNAL, len));
	buf_free(&text);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define DROP(test) cmocka_unit_test_setup_teardown(test, drop_start, drop_stop)
		DROP(test_content_is_data_whatever_it_is),
		DROP(test_all_bytes_are_kept),
		DROP(test_what_is_too_large_is_told_but_not_read),
		DROP(test_holes_are_zeros),
		DROP(test_a_record_may_be_as_large_as_the_largest_allowed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_content", tests, temp_dir_make, temp_dir_remove);
}
