/* The table of settings, and the types of its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/conf_member.h"
#include "conf/settings.h"

static const struct conf_key *
key(const char *name)
{
	const struct conf_key *found = settings_find(name, strlen(name));

	assert_non_null(found);
	return found;
}

static void
test_no_two_keys_have_one_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
			    settings_keys[i].name, settings_keys[j].name);
	}
}

static void
test_no_two_keys_share_a_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(
			    settings_keys[i].offset != settings_keys[j].offset);
	}
}

static void
test_the_keys_of_a_section_stand_together(void **state)
{
	(void)state;
	for (size_t i = 2; i < settings_count; i++) {
		for (size_t j = 0; j + 1 < i; j++) {
			if (strcmp(settings_keys[i].section,
				settings_keys[j].section) == 0)
				assert_string_equal(settings_keys[i].section,
				    settings_keys[i - 1].section);
		}
	}
}

static void
test_every_sentence_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const char *doc = settings_keys[i].doc;

		assert_true(strlen(doc) > 10);
		assert_int_equal(doc[strlen(doc) - 1], '.');
	}
}

static void
test_every_default_is_allowed_and_prints_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *row = &settings_keys[i];
		struct settings settings;
		struct conf_value value;
		struct buf why = { 0 }, out = { 0 };

		if (conf_type_parse(row, row->initial, &value, &why) != 0)
			fail_msg("%s: %.*s", row->name, (int)why.len,
			    (const char *)why.data);
		conf_member_store(row, &settings, &value);
		assert_int_equal(conf_member_print(row, &settings, &out), 0);
		free(value.text);
		buf_free(&out);
	}
}

static void
test_limits_are_values_themselves(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *row = &settings_keys[i];
		struct conf_value value;
		struct buf why = { 0 };

		assert_true((row->min == NULL) == (row->max == NULL));
		if (row->min == NULL)
			continue;
		assert_int_equal(
		    conf_type_parse(row, row->min, &value, &why), 0);
		assert_int_equal(
		    conf_type_parse(row, row->max, &value, &why), 0);
	}
}

static void
test_choices_are_in_the_order_of_their_enum(void **state)
{
	struct conf_value value;
	struct buf why = { 0 };

	(void)state;
	conf_type_parse(key("on_gap"), "oldest", &value, &why);
	assert_int_equal(value.number, ON_GAP_OLDEST);
	conf_type_parse(key("on_gap"), "newest", &value, &why);
	assert_int_equal(value.number, ON_GAP_NEWEST);
	conf_type_parse(key("mode"), "auto", &value, &why);
	assert_int_equal(value.number, FLUSH_AUTO);
	conf_type_parse(key("mode"), "stream", &value, &why);
	assert_int_equal(value.number, FLUSH_STREAM);
	assert_int_equal(why.len, 0);
}

static void
test_defaults_are_those_of_the_contract(void **state)
{
	struct conf *conf = conf_new();
	const struct settings *s;

	(void)state;
	assert_non_null(conf);
	s = conf_base(conf);
	assert_string_equal(s->path, "spool");
	assert_int_equal(s->max_record, 65536);
	assert_int_equal(s->heartbeat_ms, 15000);
	assert_int_equal(s->lifetime_ms, 250000);
	assert_int_equal(s->retry_ms, 3000);
	assert_int_equal(s->retry_jitter, 50);
	assert_int_equal(s->reconnect_rate, 100);
	assert_int_equal(s->retry_overload_ms, 30000);
	assert_int_equal(s->history, 0);
	assert_int_equal(s->history_max, 1000);
	assert_int_equal(s->on_gap, ON_GAP_OLDEST);
	assert_int_equal(s->stall_ms, 60000);
	assert_int_equal(s->drain_ms, 1000);
	assert_int_equal(s->flush_mode, FLUSH_AUTO);
	assert_int_equal(s->streams, 0);
	assert_int_equal(s->channels_per_stream, 32);
	assert_int_equal(s->memory, 64 << 20);
	assert_string_equal(s->channels, "*");
	conf_free(conf);
}

/* A value that is accepted prints as "out"; else "why" is in the message. */
struct value_case {
	const char *key;
	const char *in;
	const char *out;
	const char *why;
};

static const struct value_case cases[] = {
	{ "heartbeat", "15s", "15s", NULL },
	{ "heartbeat", "1000ms", "1s", NULL },
	{ "heartbeat", "100ms", "100ms", NULL },
	{ "heartbeat", "99ms", NULL, "out of range; write 100ms to 1h" },
	{ "heartbeat", "61m", NULL, "out of range; write 100ms to 1h" },
	{ "heartbeat", "0", NULL, "out of range" },
	{ "heartbeat", "15", NULL, "'15' has no unit" },
	{ "heartbeat", "15 s", NULL, "'15 s' is not a duration" },
	{ "heartbeat", "-1s", NULL, "is not a duration" },
	{ "heartbeat", "", NULL, "the value is empty" },
	{ "heartbeat", "99999999999999999999s", NULL, "out of range" },
	{ "lifetime", "0", "0", NULL },
	{ "lifetime", "0s", "0", NULL },
	{ "lifetime", "1ms", NULL, "write 100ms to 7d, or 0" },
	{ "drain", "0", "0", NULL },
	{ "drain", "61s", NULL, "write 0s to 60s" },
	{ "max_record", "1K", "1K", NULL },
	{ "max_record", "1024", "1K", NULL },
	{ "max_record", "16M", "16M", NULL },
	{ "max_record", "17M", NULL, "write 1K to 16M" },
	{ "max_record", "64k", NULL, "is not a size" },
	{ "retry_jitter", "0%", "0%", NULL },
	{ "retry_jitter", "100%", "100%", NULL },
	{ "retry_jitter", "101%", NULL, "write 0% to 100%" },
	{ "retry_jitter", "50", NULL, "'50' has no unit" },
	{ "reconnect_rate", "1", "1", NULL },
	{ "reconnect_rate", "0", NULL, "out of range" },
	{ "reconnect_rate", "1K", NULL, "is not a count" },
	{ "channels_per_stream", "1001", NULL, "write 1 to 1000" },
	{ "on_gap", "newest", "newest", NULL },
	{ "on_gap", "Newest", NULL, "write oldest or newest" },
	{ "mode", "stream", "stream", NULL },
	{ "mode", "close", "close", NULL },
	{ "mode", "fast", NULL,
	    "'fast' is not known; write auto, stream, batch, pad or close" },
	{ "hold", "0", "0", NULL },
	{ "hold", "99ms", NULL, "write 100ms to 1h" },
	{ "interval", "0s", NULL, "write 1ms to 1m" },
	{ "pad", "63", NULL, "write 64 to 1M" },
	{ "streams_per_address", "8", "8", NULL },
	{ "incremental", "maybe", NULL, "write auto, yes or no" },
	{ "path", "/srv/my spool", "/srv/my spool", NULL },
	{ "path", "", NULL, "the value is empty" },
	{ "path", "\"spool\"", NULL, "quotes would be part" },
	{ "channels", "news", "news", NULL },
	{ "channels", " a ,\tb-* , [x-z]?", "a,b-*,[x-z]?", NULL },
	{ "channels", "a,,b", NULL, "a name is missing" },
	{ "channels", "a,", NULL, "a name is missing" },
	{ "channels", "", NULL, "the value is empty" },
	{ "channels", "a b", NULL,
	    "'a b' is neither a channel name nor a glob" },
	{ "channels", "../x", NULL, "is neither a channel name" },
	{ "channels", "[x", NULL, "is neither a channel name" },
};

static void
test_values_are_read_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct value_case *c = &cases[i];
		struct conf_value value = { 0, NULL };
		struct settings settings;
		struct buf why = { 0 }, out = { 0 };
		int result = conf_type_parse(key(c->key), c->in, &value, &why);

		if (c->out != NULL) {
			assert_int_equal(result, 0);
			conf_member_store(key(c->key), &settings, &value);
			conf_member_print(key(c->key), &settings, &out);
			buf_append(&out, "", 1);
			assert_string_equal((const char *)out.data, c->out);
		} else {
			assert_int_equal(result, -1);
			buf_append(&why, "", 1);
			if (strstr((const char *)why.data, c->why) == NULL)
				fail_msg("%s = %s: %s", c->key, c->in,
				    (const char *)why.data);
		}
		free(value.text);
		buf_free(&why);
		buf_free(&out);
	}
}

/* What this version cannot do must never look as if it were done. */
static void
test_keys_for_later_take_only_their_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *row = &settings_keys[i];
		static const char *const others[] = { "1", "5s", "yes", "token",
			"on", "https://example.org", "" };

		if ((row->flags & CONF_LATER) == 0)
			continue;
		for (size_t j = 0; j < sizeof(others) / sizeof(char *); j++) {
			struct conf_value value = { 0, NULL };
			struct buf why = { 0 };

			if (strcmp(others[j], row->initial) == 0)
				continue;
			assert_int_equal(
			    conf_type_parse(row, others[j], &value, &why), -1);
			buf_append(&why, "", 1);
			assert_non_null(strstr(
			    (const char *)why.data, "leave the key out"));
			buf_free(&why);
		}
	}
}

static void
test_a_default_may_be_written_in_another_way(void **state)
{
	struct conf_value value;
	struct buf why = { 0 };

	(void)state;
	assert_int_equal(
	    conf_type_parse(key("max_age"), "0s", &value, &why), 0);
	assert_int_equal(
	    conf_type_parse(key("keep_files"), "off", &value, &why), 0);
	assert_int_equal(
	    conf_type_parse(key("bytes"), "16384", &value, &why), 0);
}

static void
test_misspelt_names_are_recognized(void **state)
{
	(void)state;
	assert_string_equal(settings_near("heartbeet")->name, "heartbeat");
	assert_string_equal(settings_near("haertbeat")->name, "heartbeat");
	assert_string_equal(settings_near("max_recrd")->name, "max_record");
	assert_string_equal(settings_near("Retry")->name, "retry");
	assert_null(settings_near("colour"));
	assert_null(settings_near(""));
	assert_null(settings_near(
	    "a_name_that_is_far_longer_than_any_key_could_ever_be"));
	assert_string_equal(settings_section_near("strem"), "stream");
	assert_null(settings_section_near("database"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_two_keys_have_one_name),
		cmocka_unit_test(test_no_two_keys_share_a_member),
		cmocka_unit_test(test_the_keys_of_a_section_stand_together),
		cmocka_unit_test(test_every_sentence_ends),
		cmocka_unit_test(test_every_default_is_allowed_and_prints_back),
		cmocka_unit_test(test_limits_are_values_themselves),
		cmocka_unit_test(test_choices_are_in_the_order_of_their_enum),
		cmocka_unit_test(test_defaults_are_those_of_the_contract),
		cmocka_unit_test(test_values_are_read_strictly),
		cmocka_unit_test(test_keys_for_later_take_only_their_default),
		cmocka_unit_test(test_a_default_may_be_written_in_another_way),
		cmocka_unit_test(test_misspelt_names_are_recognized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
