/* Configuration files: what is read, and what is said about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf_load.h"

static struct conf *
parse(const char *text, struct conf_errors *errs)
{
	return conf_load_text(text, strlen(text), "/etc/x/my.ini", errs);
}

/* Parse ${text}, which must be right. */
static struct conf *
parse_right(const char *text)
{
	struct conf_errors errs = { 0 };
	struct conf *conf = parse(text, &errs);

	if (conf == NULL)
		fail_msg("%s", conf_errors_line(&errs, 0));
	assert_int_equal(conf_errors_count(&errs), 0);
	return conf;
}

static void
test_an_empty_file_gives_the_defaults(void **state)
{
	struct conf *conf = parse_right("");

	(void)state;
	assert_int_equal(conf_base(conf)->heartbeat_ms, 15000);
	assert_string_equal(conf_base(conf)->path, "/etc/x/spool");
	conf_free(conf);
}

static void
test_values_of_all_sections_are_read(void **state)
{
	struct conf *conf = parse_right("[spool]\n"
					"path = /srv/spool\n"
					"[stream]\n"
					"heartbeat = 20s\n"
					"on_gap = newest\n"
					"retry_jitter=10%\n"
					"[limits]\n"
					"streams = 7\n"
					"[access]\n"
					"channels = news, build-*\n"
					"[stream]\n"
					"retry: 2s\n");
	const struct settings *s = conf_base(conf);

	(void)state;
	assert_string_equal(s->path, "/srv/spool");
	assert_int_equal(s->heartbeat_ms, 20000);
	assert_int_equal(s->on_gap, ON_GAP_NEWEST);
	assert_int_equal(s->retry_jitter, 10);
	assert_int_equal(s->streams, 7);
	assert_string_equal(s->channels, "news,build-*");
	assert_int_equal(s->retry_ms, 2000);
	conf_free(conf);
}

static void
test_line_ends_marks_and_comments_do_not_matter(void **state)
{
	struct conf *conf = parse_right("\xef\xbb\xbf[stream] ; comment\r\n"
					"; comment\r\n"
					"  # indented comment\r\n"
					"\t\r\n"
					"heartbeat = 1s ; comment\r\n"
					"retry = 4s");

	(void)state;
	assert_int_equal(conf_base(conf)->heartbeat_ms, 1000);
	assert_int_equal(conf_base(conf)->retry_ms, 4000);
	conf_free(conf);
}

static void
test_a_relative_path_starts_at_the_folder_of_the_file(void **state)
{
	struct conf *conf = parse_right("[spool]\npath = data/spool\n");
	struct conf_errors errs = { 0 };

	(void)state;
	assert_string_equal(conf_base(conf)->path, "/etc/x/data/spool");
	conf_free(conf);
	conf = conf_load_text("", 0, "my.ini", &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, "spool");
	conf_free(conf);
}

/* Each text has one mistake, about which this is said. */
static const struct {
	const char *text;
	const char *want;
} wrong[] = {
	{ "[strem]\nx = 1\n",
	    "my.ini:1: [strem]: unknown section; did you mean [stream]?" },
	{ "[database]\n", "my.ini:1: [database]: unknown section; " },
	{ "[]\n", "my.ini:1: []: unknown section" },
	{ "[stream\n", "my.ini:1: the heading does not end with ']'" },
	{ "[stream] x\n", "my.ini:1: the heading does not end with ']'" },
	{ "[stream]\nheartbeet = 1s\n",
	    "my.ini:2: [stream] heartbeet: unknown key; did you mean heartbeat "
	    "in [stream]?" },
	{ "[stream]\ncolour = red\n",
	    "my.ini:2: [stream] colour: unknown key; " },
	{ "[spool]\nheartbeat = 1s\n",
	    "my.ini:2: [spool] heartbeat: not a key of this section; put it "
	    "under [stream]" },
	{ "heartbeat = 1s\n",
	    "my.ini:1: heartbeat: comes before the first section; put it "
	    "under [stream]" },
	{ "[stream]\nheartbeat = 15\n",
	    "my.ini:2: [stream] heartbeat: '15' has no unit; write " },
	{ "[stream]\n\n\nheartbeat = 2h\n",
	    "my.ini:4: [stream] heartbeat: '2h' is out of range; write 100ms "
	    "to 1h" },
	{ "[stream]\nheartbeat = 1s\nretry = 1s\nheartbeat = 1s\n",
	    "my.ini:4: [stream] heartbeat: line 2 gives it already; leave " },
	{ "[stream]\nretry = 1s\n[flush]\n[stream]\nretry = 1s\n",
	    "my.ini:5: [stream] retry: line 2 gives it already; leave " },
	{ "[stream]\nheartbeat\n", "my.ini:2: the line has no '='; write " },
	{ "[stream]\nheartbeat", "my.ini:2: the line has no '='; write " },
	{ "[stream]\nheartbeat ; = 1s\n", "my.ini:2: the line has no '='" },
	{ "[stream]\nheartbeat =\n",
	    "my.ini:2: [stream] heartbeat: the value is empty; write one" },
	{ "[stream]\n= 1s\n", "my.ini:2: [stream] : unknown key; " },
	{ "[stream]\nretry = 1s\n heartbeat = 1s\n",
	    "my.ini:3: the line is indented, as if it continued the one "
	    "before; remove the blanks at its start" },
	{ "[stream]\n\tretry = 1s\n", "my.ini:2: the line is indented" },
	{ "[spool]\npath = spool # mine\n",
	    "my.ini:2: [spool] path: '#' would be part of the value" },
	{ "[spool]\npath = a\x01\n", "my.ini:2: byte 0x01 is not text; " },
	{ "[spool]\rpath = a\r", "my.ini:1: byte 0x0d is not text; " },
	{ "[channel]\n",
	    "my.ini:1: [channel ]: neither a channel name nor a glob" },
	{ "[channel -x]\n", "my.ini:1: [channel -x]: neither a channel name" },
	{ "[channel a b]\n",
	    "my.ini:1: [channel a b]: neither a channel name" },
	{ "[channel x[]\n", "my.ini:1: [channel x[]: neither a channel name" },
	{ "[channels]\n", "my.ini:1: [channels]: unknown section" },
	{ "[channel a]\npath = x\n",
	    "my.ini:2: [channel a] path: cannot differ by channel; put it "
	    "under [spool]" },
	{ "[channel a]\nstall = 9s\n", "cannot differ by channel" },
	{ "[channel a]\nretry = 1s\n[channel b]\n[channel a]\nretry = 2s\n",
	    "my.ini:5: [channel a] retry: line 2 gives it already" },
	{ "[access]\nkey_file = keys\n",
	    "my.ini:2: [access] key_file: this version cannot do that yet; "
	    "leave the key out" },
	{ "[channel a]\nusers = bob\n",
	    "my.ini:2: [channel a] users: this version cannot do that yet" },
	{ "[access]\nusers = bob\n", "this version cannot do that yet" },
	{ "[access]\norigins = *\n", "this version cannot do that yet" },
	{ "[access]\npublish = token\n", "this version cannot do that yet" },
	{ "[source]\nredis = redis://h:1/0\n",
	    "this version cannot do that yet" },
	{ "[flush]\nmode = padded\n",
	    "my.ini:2: [flush] mode: 'padded' is not known; write auto, "
	    "stream, batch, pad or close" },
	{ "[flush]\nhold = 10ms\n", "my.ini:2: [flush] hold: " },
	{ "[channel a]\nincremental = yes\n", "cannot differ by channel" },
};

static void
test_each_mistake_has_one_line_that_tells_the_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct conf_errors errs = { 0 };

		assert_null(parse(wrong[i].text, &errs));
		assert_int_equal(conf_errors_count(&errs), 1);
		assert_int_equal(errs.is_system, 0);
		if (strstr(conf_errors_line(&errs, 0), wrong[i].want) == NULL)
			fail_msg("%s -> %s", wrong[i].text,
			    conf_errors_line(&errs, 0));
		conf_errors_free(&errs);
	}
}

static void
test_all_mistakes_are_told_at_once(void **state)
{
	struct conf_errors errs = { 0 };

	(void)state;
	assert_null(parse("[stream]\nx = 1\n\nheartbeat = 1\n[y]\nz = 1\n"
			  "nothing\n[spool]\nalso nothing\n",
	    &errs));
	/* Of keys in a section that is unknown nothing is said. */
	assert_int_equal(conf_errors_count(&errs), 5);
	assert_non_null(strstr(conf_errors_line(&errs, 0), "my.ini:2: "));
	assert_non_null(strstr(conf_errors_line(&errs, 1), "my.ini:4: "));
	assert_non_null(strstr(conf_errors_line(&errs, 2), "my.ini:5: "));
	assert_non_null(strstr(conf_errors_line(&errs, 3), "my.ini:7: "));
	assert_non_null(strstr(conf_errors_line(&errs, 4), "my.ini:9: "));
	conf_errors_free(&errs);
}

static void
test_a_file_full_of_mistakes_does_not_flood(void **state)
{
	struct conf_errors errs = { 0 };
	struct buf text = { 0 };

	(void)state;
	buf_puts(&text, "[stream]\n");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "nonsense\n");
	assert_null(
	    conf_load_text((const char *)text.data, text.len, "my.ini", &errs));
	assert_int_equal(conf_errors_count(&errs), CONF_ERRORS_MAX + 1);
	assert_string_equal(conf_errors_line(&errs, CONF_ERRORS_MAX),
	    "further problems are not shown");
	conf_errors_free(&errs);
	buf_free(&text);
}

/* inih keeps 49 bytes of a heading and ends it at the first ']'. */
static void
test_long_names_and_brackets_in_headings_are_read_in_full(void **state)
{
	static const char name[] = "a234567890123456789012345678901234567890"
				   "123456789012345678901234";
	struct conf *conf;
	char text[200];

	(void)state;
	snprintf(text, sizeof(text),
	    "[channel %s]\nretry = 9s\n[channel b[0-9]c[x]]\nretry = 8s\n",
	    name);
	conf = parse_right(text);
	assert_string_equal(conf_section_name(conf_section(conf, 0)), name);
	assert_string_equal(
	    conf_section_name(conf_section(conf, 1)), "b[0-9]c[x]");
	assert_null(conf_section(conf, 2));
	assert_int_equal(conf_for(conf, name)->retry_ms, 9000);
	assert_int_equal(conf_for(conf, "b1cx")->retry_ms, 8000);
	conf_free(conf);
}

static void
test_too_many_channel_sections_are_an_error(void **state)
{
	struct conf_errors errs = { 0 };
	struct buf text = { 0 };

	(void)state;
	for (int i = 0; i <= CONF_SECTIONS_MAX; i++)
		buf_printf(&text, "[channel c%d]\nretry = 1s\n", i);
	assert_null(
	    conf_load_text((const char *)text.data, text.len, "my.ini", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	assert_non_null(strstr(conf_errors_line(&errs, 0),
	    "my.ini:2001: [channel c1000]: more than 1000 channel sections"));
	conf_errors_free(&errs);
	text.len = 0;
	for (int i = 0; i <= CONF_GLOBS_MAX; i++)
		buf_printf(&text, "[channel c%d*]\nretry = 1s\n", i);
	assert_null(
	    conf_load_text((const char *)text.data, text.len, "my.ini", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	conf_errors_free(&errs);
	buf_free(&text);
}

static void
test_a_missing_file_is_wrong_and_a_folder_is_refused(void **state)
{
	struct conf_errors errs = { 0 };

	(void)state;
	assert_null(conf_load("/nonexistent/spoolcast.ini", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	assert_string_equal(conf_errors_line(&errs, 0),
	    "/nonexistent/spoolcast.ini: No such file or directory; "
	    "name a file that is there");
	assert_int_equal(errs.is_system, 0);
	conf_errors_free(&errs);
	assert_null(conf_load("/", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	assert_int_equal(errs.is_system, 1);
	conf_errors_free(&errs);
}

static void
test_a_huge_file_is_an_error(void **state)
{
	struct conf_errors errs = { 0 };

	(void)state;
	assert_null(conf_load("/dev/zero", &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	assert_non_null(strstr(conf_errors_line(&errs, 0), "larger than"));
	assert_int_equal(errs.is_system, 0);
	conf_errors_free(&errs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_file_gives_the_defaults),
		cmocka_unit_test(test_values_of_all_sections_are_read),
		cmocka_unit_test(
		    test_line_ends_marks_and_comments_do_not_matter),
		cmocka_unit_test(
		    test_a_relative_path_starts_at_the_folder_of_the_file),
		cmocka_unit_test(
		    test_each_mistake_has_one_line_that_tells_the_remedy),
		cmocka_unit_test(test_all_mistakes_are_told_at_once),
		cmocka_unit_test(test_a_file_full_of_mistakes_does_not_flood),
		cmocka_unit_test(
		    test_long_names_and_brackets_in_headings_are_read_in_full),
		cmocka_unit_test(test_too_many_channel_sections_are_an_error),
		cmocka_unit_test(
		    test_a_missing_file_is_wrong_and_a_folder_is_refused),
		cmocka_unit_test(test_a_huge_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
