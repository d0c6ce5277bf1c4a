/* Where records end; test_record_fields.c has what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "spool/record.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_a_line_ends_with_lf_whatever_stands_before(void **state)
{
	(void)state;
	for (int before = -1; before < 256; before++) {
		for (int byte = 0; byte < 256; byte++)
			assert_int_equal(
			    record_is_end(RECORD_LINE, before, (uint8_t)byte),
			    byte == '\n');
	}
}

static void
test_a_block_ends_with_an_empty_line(void **state)
{
	(void)state;
	for (int before = -1; before < 256; before++) {
		bool at_start =
		    before == -1 || before == '\n' || before == '\r';

		for (int byte = 0; byte < 256; byte++) {
			bool is_end = at_start &&
			    (byte == '\r' || (byte == '\n' && before != '\r'));

			assert_int_equal(
			    record_is_end(RECORD_BLOCK, before, (uint8_t)byte),
			    is_end);
		}
	}
}

/* '|' stands behind each end that must be found in the text. */
static const struct {
	enum record_form form;
	const char *text;
} ends[] = {
	{ RECORD_LINE, "a" },
	{ RECORD_LINE, "a\n|b\n|" },
	{ RECORD_LINE, "\n|\n|a\r\n|\r\n|b\rc" },
	{ RECORD_BLOCK, "data: a\n" },
	{ RECORD_BLOCK, "data: a\n\n|data: b\n\n|" },
	{ RECORD_BLOCK, "data: a\r\n\r|\ndata: b\r\n\r|\n" },
	{ RECORD_BLOCK, "data: a\r\r|data: b\r\r|" },
	{ RECORD_BLOCK, "data: a\n\r|\ndata: b\r\n\n|" },
	{ RECORD_BLOCK, "data: a\r\n\n|" },
	{ RECORD_BLOCK, "\n|\n|data: a\n\n|" },
	{ RECORD_BLOCK, "\r|\n\r|\ndata: a\r\n" },
	{ RECORD_BLOCK, "\r|\n\n|" },
	{ RECORD_BLOCK, "\n|\r|\n" },
	{ RECORD_BLOCK, "a\n \n" },
};

static void
test_ends_are_found_in_either_direction(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(ends); i++) {
		enum record_form form = ends[i].form;
		uint8_t bytes[64];
		size_t stops[16] = { 0 }, n = 0, len = 0, at = 0;

		for (const char *p = ends[i].text; *p != '\0'; p++) {
			if (*p == '|')
				stops[n++] = len;
			else
				bytes[len++] = (uint8_t)*p;
		}
		for (size_t j = 0; j < n; j++) {
			at += record_find_end(form, bytes + at, len - at,
			    at == 0 ? -1 : bytes[at - 1], 0);
			assert_int_equal(at, stops[j]);
		}
		assert_int_equal(record_find_end(form, bytes + at, len - at,
				     at == 0 ? -1 : bytes[at - 1], 0),
		    0);
		at = len;
		while (n > 0) {
			at = record_last_end(form, bytes, at, -1);
			assert_int_equal(at, stops[--n]);
			at--;
		}
		assert_int_equal(record_last_end(form, bytes, at, -1), 0);
	}
}

/* The first end at or behind ${from}, looked for byte by byte. */
static size_t
slow_find(enum record_form form, const uint8_t *bytes, size_t len, int before,
    size_t from)
{
	for (size_t i = from; i < len; i++) {
		if (record_is_end(
			form, i == 0 ? before : bytes[i - 1], bytes[i]))
			return i + 1;
	}
	return 0;
}

static void
test_searches_agree_with_a_look_at_every_byte(void **state)
{
	static const char alphabet[] = "a:\r\n\r\n\n";
	static const int befores[] = { -1, 'x', '\r', '\n' };
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 20000; round++) {
		enum record_form form =
		    round % 2 == 0 ? RECORD_LINE : RECORD_BLOCK;
		size_t len = (size_t)rnd_between(&rnd, 1, 24);
		int before = befores[rnd_between(&rnd, 0, 3)];
		uint8_t *bytes = malloc(len);
		size_t last = 0, first;

		assert_non_null(bytes);
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)alphabet[rnd_between(
			    &rnd, 0, sizeof(alphabet) - 2)];
		first = slow_find(form, bytes, len, before, 0);
		for (size_t at = first; at != 0;
		     at = slow_find(form, bytes, len, before, at))
			last = at;
		/* Any known stretch without an end may be left out. */
		for (size_t from = 0; from < (first == 0 ? len + 1 : first);
		     from++)
			assert_int_equal(
			    record_find_end(form, bytes, len, before, from),
			    first);
		assert_int_equal(
		    record_last_end(form, bytes, len, before), last);
		free(bytes);
	}
}

static void
test_only_a_journal_says_what_was_skipped(void **state)
{
	static const char text[] = ": file a\nskipped: 70000\n\n";
	struct record rec;

	(void)state;
	assert_true(record_parse(RECORD_JOURNAL, (const uint8_t *)text,
	    sizeof(text) - 1, false, &rec));
	assert_int_equal(rec.skipped, 70000);
	assert_false(rec.has_data);
	assert_false(record_parse(RECORD_BLOCK, (const uint8_t *)text,
	    sizeof(text) - 1, false, &rec));
	assert_int_equal(rec.skipped, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_journal_says_what_was_skipped),
		cmocka_unit_test(
		    test_a_line_ends_with_lf_whatever_stands_before),
		cmocka_unit_test(test_a_block_ends_with_an_empty_line),
		cmocka_unit_test(test_ends_are_found_in_either_direction),
		cmocka_unit_test(test_searches_agree_with_a_look_at_every_byte),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
