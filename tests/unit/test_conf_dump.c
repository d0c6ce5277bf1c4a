/* Settings as text: the sample file, and what holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf_dump.h"
#include "conf/conf_load.h"

static struct conf *
parse(const char *text)
{
	struct conf_errors errs = { 0 };
	struct conf *conf =
	    conf_load_text(text, strlen(text), "/etc/x/my.ini", &errs);

	if (conf == NULL)
		fail_msg("%s", conf_errors_line(&errs, 0));
	return conf;
}

/* The sample as a string that the caller frees. */
static char *
sample(void)
{
	struct buf out = { 0 };

	assert_int_equal(conf_dump_sample(&out), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	return (char *)out.data;
}

/* What conf_dump_text gives for ${conf}; the caller frees it. */
static char *
text_of(const struct conf *conf)
{
	struct buf out = { 0 };

	assert_int_equal(conf_dump_text(conf, &out), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	return (char *)out.data;
}

static void
test_the_sample_loads_and_changes_nothing(void **state)
{
	char *text = sample();
	struct conf *conf = parse(text), *empty = parse("");
	char *got = text_of(conf), *want = text_of(empty);

	(void)state;
	assert_string_equal(got, want);
	free(got);
	free(want);
	conf_free(conf);
	conf_free(empty);
	free(text);
}

/* Remove the ';' of each line that is a key or a heading behind one. */
static void
uncomment(char *text)
{
	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line[0] == ';' && line[1] != ' ' && line[1] != '\n')
			memmove(line, line + 1, strlen(line));
	}
}

static void
test_what_the_sample_shows_is_every_default(void **state)
{
	char *text = sample(), *channels;
	struct conf *conf, *empty = parse("");
	char *got, *want = text_of(empty);

	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		char line[200];

		snprintf(line, sizeof(line), "\n;%s =%s%s\n",
		    settings_keys[i].name,
		    settings_keys[i].initial[0] == '\0' ? "" : " ",
		    settings_keys[i].initial);
		assert_non_null(strstr(text, line));
	}
	uncomment(text);
	channels = strstr(text, "[channel ");
	assert_non_null(channels);
	conf = parse(text);
	assert_non_null(conf_section(conf, 0));
	conf_free(conf);
	*channels = '\0';
	conf = parse(text);
	for (size_t i = 0; i < settings_count; i++)
		assert_true(conf_section_line(conf_section_base(conf),
				&settings_keys[i]) > 0);
	got = text_of(conf);
	assert_string_equal(got, want);
	free(got);
	free(want);
	conf_free(conf);
	conf_free(empty);
	free(text);
}

static void
test_no_line_of_the_sample_is_too_wide(void **state)
{
	char *text = sample();

	(void)state;
	for (const char *line = text; *line != '\0'; line++) {
		size_t len = strcspn(line, "\n");

		assert_true(len <= 78);
		line += len;
	}
	free(text);
}

static void
test_text_shows_what_is_in_effect(void **state)
{
	struct conf *conf = parse("[stream]\nlifetime = 90s\n"
				  "[access]\nchannels = a, b-*\n"
				  "[channel a]\nheartbeat = 1s\n"
				  "[channel b-*]\nmode = stream\n");
	char *text = text_of(conf);

	(void)state;
	assert_non_null(strstr(text, "spool.path = /etc/x/spool\n"));
	assert_non_null(strstr(text, "\nstream.lifetime = 90s\n"));
	assert_non_null(strstr(text, "\nstream.retry = 3s\n"));
	assert_non_null(strstr(text, "\naccess.channels = a,b-*\n"));
	assert_non_null(strstr(text, "\nchannel a.heartbeat = 1s\n"));
	assert_non_null(strstr(text, "\nchannel b-*.mode = stream\n"));
	/* What is not there for this version is not in effect. */
	assert_null(strstr(text, "key_file"));
	assert_null(strstr(text, "channel a.retry"));
	free(text);
	conf_free(conf);
}

static void
test_json_tells_the_same_with_units_in_names(void **state)
{
	struct conf *conf = parse("[spool]\npath = /a\\\"b\n"
				  "[access]\nchannels = a, b-*\n"
				  "[channel a]\nheartbeat = 1s\nhistory = 2\n"
				  "[channel b-*]\n");
	struct buf out = { 0 };
	struct json json;

	(void)state;
	json_begin(&json, &out, JSON_SPACED);
	conf_dump_json(conf, &json);
	assert_int_equal(json_finish(&json), 0);
	buf_append(&out, "", 1);
	assert_string_equal((const char *)out.data,
	    "{\"settings\": {\"spool\": {\"path\": \"/a\\\\\\\"b\", "
	    "\"max_record\": 65536, \"max_size\": 0, \"max_age_ms\": 0, "
	    "\"keep\": 4, \"links\": \"owner\", \"keep_files\": false, "
	    "\"type_from_extension\": false}, "
	    "\"stream\": {\"heartbeat_ms\": 15000, "
	    "\"lifetime_ms\": 250000, \"retry_ms\": 3000, "
	    "\"retry_jitter\": 50, \"reconnect_rate\": 100, "
	    "\"retry_overload_ms\": 30000, \"history\": 0, "
	    "\"history_max\": 1000, \"on_gap\": \"oldest\", "
	    "\"stall_ms\": 60000, \"drain_ms\": 1000}, "
	    "\"flush\": {\"mode\": \"auto\", \"interval_ms\": 50, "
	    "\"bytes\": 16384, \"pad\": 4100, \"hold_ms\": 25000, "
	    "\"close_retry_ms\": 500, \"poll_retry_ms\": 5000, "
	    "\"client_may_choose\": false, \"incremental\": \"auto\", "
	    "\"identity\": true}, "
	    "\"limits\": {\"streams\": 0, \"streams_per_address\": 0, "
	    "\"channels_per_stream\": 32, \"memory\": 67108864, "
	    "\"resume_bytes\": 67108864}, "
	    "\"access\": {\"channels\": [\"a\", \"b-*\"]}}, "
	    "\"channels\": [{\"channel\": \"a\", \"settings\": "
	    "{\"heartbeat_ms\": 1000, \"history\": 2}}, "
	    "{\"channel\": \"b-*\", \"settings\": {}}]}\n");
	buf_free(&out);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample_loads_and_changes_nothing),
		cmocka_unit_test(test_what_the_sample_shows_is_every_default),
		cmocka_unit_test(test_no_line_of_the_sample_is_too_wide),
		cmocka_unit_test(test_text_shows_what_is_in_effect),
		cmocka_unit_test(test_json_tells_the_same_with_units_in_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
