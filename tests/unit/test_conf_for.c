/* Which settings hold for which channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf_load.h"

static struct conf *
parse(const char *text)
{
	struct conf_errors errs = { 0 };
	struct conf *conf = conf_load_text(text, strlen(text), "my.ini", &errs);

	if (conf == NULL)
		fail_msg("%s", conf_errors_line(&errs, 0));
	return conf;
}

static void
test_a_channel_without_section_has_the_base(void **state)
{
	struct conf *conf = parse("[channel news]\nretry = 1s\n"
				  "[channel build-*]\nretry = 2s\n");

	(void)state;
	assert_ptr_equal(conf_for(conf, "other"), conf_base(conf));
	assert_ptr_equal(conf_for(conf, "build"), conf_base(conf));
	assert_ptr_equal(conf_for(conf, ""), conf_base(conf));
	conf_free(conf);
}

static void
test_a_section_changes_only_its_keys(void **state)
{
	struct conf *conf = parse("[channel news]\nretry = 1s\nhistory = 5\n"
				  "[stream]\nheartbeat = 7s\n");
	const struct settings *s = conf_for(conf, "news");

	(void)state;
	assert_int_equal(s->retry_ms, 1000);
	assert_int_equal(s->history, 5);
	/* The base counts, wherever in the file it stands. */
	assert_int_equal(s->heartbeat_ms, 7000);
	assert_int_equal(conf_base(conf)->retry_ms, 3000);
	conf_free(conf);
}

static void
test_the_most_specific_section_wins_key_by_key(void **state)
{
	struct conf *conf =
	    parse("[channel build-x]\nretry = 1s\n"
		  "[channel build-*]\nretry = 2s\nhistory = 2\n"
		  "[channel *]\nretry = 3s\nhistory = 3\nheartbeat = 3s\n"
		  "[channel b*]\nretry = 4s\nhistory = 4\nmax_record = 4K\n");
	const struct settings *s = conf_for(conf, "build-x");

	(void)state;
	assert_int_equal(s->retry_ms, 1000);
	assert_int_equal(s->history, 2);
	assert_int_equal(s->max_record, 4096);
	assert_int_equal(s->heartbeat_ms, 3000);
	s = conf_for(conf, "build-y");
	assert_int_equal(s->retry_ms, 2000);
	assert_int_equal(s->max_record, 4096);
	s = conf_for(conf, "bx");
	assert_int_equal(s->retry_ms, 4000);
	assert_int_equal(s->history, 4);
	s = conf_for(conf, "x");
	assert_int_equal(s->retry_ms, 3000);
	assert_int_equal(s->max_record, 65536);
	conf_free(conf);
}

static void
test_of_equally_specific_globs_the_later_wins(void **state)
{
	struct conf *conf = parse("[channel ab*]\nretry = 1s\n"
				  "[channel *yz]\nretry = 2s\n"
				  "[channel [a][b]c*]\nretry = 3s\n");

	(void)state;
	assert_int_equal(conf_for(conf, "ab-yz")->retry_ms, 2000);
	assert_int_equal(conf_for(conf, "abc")->retry_ms, 1000);
	conf_free(conf);
}

static void
test_the_same_sections_give_the_same_pointer(void **state)
{
	struct conf *conf = parse("[channel news]\nretry = 1s\n"
				  "[channel a*]\nretry = 2s\n"
				  "[channel *z]\nretry = 3s\n");
	const struct settings *both = conf_for(conf, "a-1-z");

	(void)state;
	assert_ptr_equal(conf_for(conf, "news"), conf_for(conf, "news"));
	assert_ptr_equal(conf_for(conf, "a1"), conf_for(conf, "a2"));
	for (int i = 0; i < 10000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "a-%d-z", i);
		assert_ptr_equal(conf_for(conf, name), both);
	}
	assert_ptr_not_equal(both, conf_for(conf, "a1"));
	conf_free(conf);
}

/* 11 globs can match in 2048 ways; then the most specific counts alone. */
static void
test_hostile_names_cannot_make_memory_grow_without_end(void **state)
{
	struct buf text = { 0 };
	const struct settings *seen[4096];
	struct conf_errors errs = { 0 };
	struct conf *conf;
	size_t differ = 0;

	(void)state;
	for (int i = 0; i < 12; i++)
		buf_printf(&text, "[channel *%c*]\nhistory = %d\n", 'a' + i, i);
	conf =
	    conf_load_text((const char *)text.data, text.len, "my.ini", &errs);
	assert_non_null(conf);
	for (size_t i = 1; i < 4096; i++) {
		char name[16] = "X";
		size_t len = 1, last = 0;

		for (size_t bit = 0; bit < 12; bit++) {
			if ((i >> bit & 1) != 0) {
				name[len++] = (char)('a' + bit);
				last = bit;
			}
		}
		name[len] = '\0';
		seen[i] = conf_for(conf, name);
		assert_ptr_equal(conf_for(conf, name), seen[i]);
		assert_int_equal(seen[i]->history, last);
		differ++;
		for (size_t j = 1; j < i; j++) {
			if (seen[j] == seen[i]) {
				differ--;
				break;
			}
		}
	}
	assert_int_equal(differ, 1024 + 12);
	conf_free(conf);
	buf_free(&text);
}

static void
test_freeing_nothing_is_fine(void **state)
{
	(void)state;
	conf_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_channel_without_section_has_the_base),
		cmocka_unit_test(test_a_section_changes_only_its_keys),
		cmocka_unit_test(
		    test_the_most_specific_section_wins_key_by_key),
		cmocka_unit_test(test_of_equally_specific_globs_the_later_wins),
		cmocka_unit_test(test_the_same_sections_give_the_same_pointer),
		cmocka_unit_test(
		    test_hostile_names_cannot_make_memory_grow_without_end),
		cmocka_unit_test(test_freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
