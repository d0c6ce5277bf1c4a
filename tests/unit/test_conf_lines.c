/* Lines that inih alone would get wrong without a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "conf/conf_load.h"

/* Parse "[spool]", then "path = " and ${len} bytes of value in all. */
static struct conf *
parse_long(size_t len, const char *end, struct conf_errors *errs)
{
	struct buf text = { 0 };
	struct conf *conf;

	buf_puts(&text, "[spool]\npath = /");
	while (text.len < 8 + len)
		buf_puts(&text, "a");
	buf_puts(&text, end);
	conf =
	    conf_load_text((const char *)text.data, text.len, "my.ini", errs);
	buf_free(&text);
	return conf;
}

static void
test_the_longest_line_is_read_in_full(void **state)
{
	static const char *const ends[] = { "\n", "\r\n", "" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct conf_errors errs = { 0 };
		struct conf *conf = parse_long(198, ends[i], &errs);

		assert_non_null(conf);
		assert_int_equal(strlen(conf_base(conf)->path), 198 - 7);
		conf_free(conf);
	}
}

static void
test_a_longer_line_is_an_error_and_its_tail_no_line(void **state)
{
	(void)state;
	/* With 199 and 200 bytes inih by itself would cut, or find a line. */
	for (size_t len = 199; len < 450; len++) {
		struct conf_errors errs = { 0 };

		assert_null(parse_long(len, "\n[stream]\n", &errs));
		assert_int_equal(conf_errors_count(&errs), 1);
		assert_non_null(strstr(
		    conf_errors_line(&errs, 0), "my.ini:2: the line has "));
		assert_non_null(strstr(conf_errors_line(&errs, 0),
		    "at most 198 can be read; shorten"));
		conf_errors_free(&errs);
	}
}

static void
test_a_long_comment_is_no_error(void **state)
{
	struct buf text = { 0 };
	struct conf_errors errs = { 0 };
	struct conf *conf;

	(void)state;
	buf_puts(&text, "; ");
	while (text.len < 197)
		buf_puts(&text, " ");
	buf_puts(&text, "[spool]\n");
	conf =
	    conf_load_text((const char *)text.data, text.len, "my.ini", &errs);
	assert_non_null(conf);
	conf_free(conf);
	buf_free(&text);
}

static void
test_a_nul_byte_is_an_error(void **state)
{
	static const char text[] = "[stream]\nretry = 1s\0ms\nheartbeat = 1s\n";
	struct conf_errors errs = { 0 };

	(void)state;
	assert_null(conf_load_text(text, sizeof(text) - 1, "my.ini", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	assert_non_null(
	    strstr(conf_errors_line(&errs, 0), "my.ini:2: byte 0x00 "));
	conf_errors_free(&errs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_longest_line_is_read_in_full),
		cmocka_unit_test(
		    test_a_longer_line_is_an_error_and_its_tail_no_line),
		cmocka_unit_test(test_a_long_comment_is_no_error),
		cmocka_unit_test(test_a_nul_byte_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
