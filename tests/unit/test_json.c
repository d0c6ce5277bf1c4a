/* JSON is valid whatever is put into it, and spaced as its reader is used to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define FFFD "\xef\xbf\xbd"

static const struct {
	const char *in;
	const char *json;
} cases[] = {
	{ NULL, "null" },
	{ "", "\"\"" },
	{ "news", "\"news\"" },
	{ "say \"hi\"", "\"say \\\"hi\\\"\"" },
	{ "a\\b/c", "\"a\\\\b/c\"" },
	{ "\x1b[31m", "\"\\u001b[31m\"" },
	{ "a\nb\tc\x7f", "\"a\\u000ab\\u0009c\\u007f\"" },
	{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
	{ "\xe2\x82\xac\xf0\x9f\x8e\x89", "\"\xe2\x82\xac\xf0\x9f\x8e\x89\"" },
	/* C1 controls: CSI in one character */
	{ "\xc2\x9b"
	  "31m",
	    "\"\\u009b31m\"" },
	/* read from right to left, not seen at all, beyond 16 bits */
	{ "\u202egpj", "\"\\u202egpj\"" },
	{ "new\u200bs\ufeff", "\"new\\u200bs\\ufeff\"" },
	{ "\u2028\u2029", "\"\\u2028\\u2029\"" },
	{ "\U000e0041", "\"\\udb40\\udc41\"" },
	{ "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"" },
	/* not UTF-8: lone bytes, cut short, overlong, surrogate, too large */
	{ "\xff", "\"" FFFD "\"" },
	{ "\xc3", "\"" FFFD "\"" },
	{ "\xe2\x82", "\"" FFFD FFFD "\"" },
	{ "\xc0\xaf", "\"" FFFD FFFD "\"" },
	{ "\xe0\x80\xaf", "\"" FFFD FFFD FFFD "\"" },
	{ "\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"" },
	{ "\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"" },
	{ "\xf0\x8f\xbf\xbf", "\"" FFFD FFFD FFFD FFFD "\"" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
assert_text(struct buf *buf, const char *want)
{
	assert_int_equal(buf_append(buf, "", 1), 0);
	assert_string_equal((const char *)buf->data, want);
	buf_free(buf);
}

static void
test_strings_are_valid_whatever_they_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct buf out = { 0 }, want = { 0 };
		struct json json;

		json_begin(&json, &out, JSON_COMPACT);
		json_text(&json, "in", cases[i].in);
		assert_int_equal(json_finish(&json), 0);
		buf_printf(&want, "{\"in\":%s}\n", cases[i].json);
		buf_append(&want, "", 1);
		assert_text(&out, (const char *)want.data);
		buf_free(&want);
	}
}

static void
test_names_are_strings_and_a_nul_is_a_byte(void **state)
{
	struct buf out = { 0 };
	struct json json;

	(void)state;
	json_begin(&json, &out, JSON_COMPACT);
	json_bytes(&json, "a\"\n", "x\0y,z", 3);
	assert_int_equal(json_finish(&json), 0);
	assert_text(&out, "{\"a\\\"\\u000a\":\"x\\u0000y\"}\n");
}

/* Put an object with some of everything. */
static void
put_all(struct buf *out, enum json_style style)
{
	struct json json;

	json_begin(&json, out, style);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_object(&json, "none");
	json_end_object(&json);
	json_array(&json, "list");
	json_text(&json, NULL, "a, b: c");
	json_number(&json, NULL, UINT64_MAX);
	json_array(&json, NULL);
	json_end_array(&json);
	json_object(&json, NULL);
	json_text(&json, "deep", NULL);
	json_number(&json, "n", 0);
	json_end_object(&json);
	json_end_array(&json);
	json_number(&json, "last", 1);
	assert_int_equal(json_finish(&json), 0);
}

static void
test_commas_stand_between_values_only(void **state)
{
	struct buf out = { 0 };

	(void)state;
	put_all(&out, JSON_COMPACT);
	assert_text(&out,
	    "{\"yes\":true,\"no\":false,\"none\":{},\"list\":[\"a, b: c\","
	    "18446744073709551615,[],{\"deep\":null,\"n\":0}],\"last\":1}\n");
}

static void
test_blanks_follow_commas_and_colons_where_asked_for(void **state)
{
	struct buf out = { 0 };

	(void)state;
	put_all(&out, JSON_SPACED);
	assert_text(&out,
	    "{\"yes\": true, \"no\": false, \"none\": {}, \"list\": "
	    "[\"a, b: c\", 18446744073709551615, [], "
	    "{\"deep\": null, \"n\": 0}], \"last\": 1}\n");
}

static void
test_an_object_is_put_after_what_is_there(void **state)
{
	struct buf out = { 0 };
	struct json json;

	(void)state;
	buf_puts(&out, "data: ");
	for (int i = 0; i < 2; i++) {
		json_begin(&json, &out, JSON_COMPACT);
		assert_int_equal(json_finish(&json), 0);
	}
	assert_text(&out, "data: {}\n{}\n");
}

static void
test_what_failed_leaves_the_buffer_as_it_was(void **state)
{
	struct buf out = { 0 };
	struct json json;

	(void)state;
	buf_puts(&out, "before");
	json_begin(&json, &out, JSON_COMPACT);
	json_text(&json, "a", "b");
	json_fail(&json);
	json_text(&json, "c", "d");
	assert_int_equal(json_finish(&json), -1);
	assert_text(&out, "before");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_are_valid_whatever_they_hold),
		cmocka_unit_test(test_names_are_strings_and_a_nul_is_a_byte),
		cmocka_unit_test(test_commas_stand_between_values_only),
		cmocka_unit_test(
		    test_blanks_follow_commas_and_colons_where_asked_for),
		cmocka_unit_test(test_an_object_is_put_after_what_is_there),
		cmocka_unit_test(test_what_failed_leaves_the_buffer_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
