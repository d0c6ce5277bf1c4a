/* What becomes of characters that nobody sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/shown.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_what_can_be_seen_stays_as_it_is(void **state)
{
	static const char *const rows[] = { " ", "a", "~", "\\", "<", "\"",
		"\u00a1", "\u00e9", "\u0301", "\u05d0", "\u0627", "\u4e2d",
		"\uac00", "\ufffd", "\U0001f600", "\U00010380" };

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct shown shown;

		shown_next(rows[i], strlen(rows[i]), &shown);
		assert_int_equal(shown.kind, SHOWN_AS_IS);
		assert_int_equal(shown.used, strlen(rows[i]));
		assert_string_equal(shown.text, rows[i]);
		assert_int_equal(shown.len, strlen(rows[i]));
	}
}

static void
test_what_cannot_be_seen_is_spelled_out(void **state)
{
	static const struct {
		uint32_t code;
		const char *bytes, *text;
	} rows[] = {
		{ '\n', "\n", "\\x0a" },
		{ 0x1b, "\033", "\\x1b" },
		{ 0x7f, "\177", "\\x7f" },
		{ 0x85, "\xc2\x85", "<U+0085>" },
		{ 0x9b, "\xc2\x9b", "<U+009B>" },
		{ 0xa0, "\u00a0", "<U+00A0>" },
		{ 0xad, "\u00ad", "<U+00AD>" },
		{ 0x61c, "\u061c", "<U+061C>" },
		{ 0x180e, "\u180e", "<U+180E>" },
		{ 0x200b, "\u200b", "<U+200B>" },
		{ 0x200d, "\u200d", "<U+200D>" },
		{ 0x200f, "\u200f", "<U+200F>" },
		{ 0x2028, "\u2028", "<U+2028>" },
		{ 0x2029, "\u2029", "<U+2029>" },
		{ 0x202a, "\u202a", "<U+202A>" },
		{ 0x202e, "\u202e", "<U+202E>" },
		{ 0x2060, "\u2060", "<U+2060>" },
		{ 0x2066, "\u2066", "<U+2066>" },
		{ 0x2069, "\u2069", "<U+2069>" },
		{ 0x2800, "\u2800", "<U+2800>" },
		{ 0x3164, "\u3164", "<U+3164>" },
		{ 0xfdd0, "\xef\xb7\x90", "<U+FDD0>" },
		{ 0xfe0f, "\ufe0f", "<U+FE0F>" },
		{ 0xfeff, "\ufeff", "<U+FEFF>" },
		{ 0xfffe, "\xef\xbf\xbe", "<U+FFFE>" },
		{ 0x1d173, "\U0001d173", "<U+1D173>" },
		{ 0xe0001, "\U000e0001", "<U+E0001>" },
		{ 0xe007f, "\U000e007f", "<U+E007F>" },
		{ 0xe01ef, "\U000e01ef", "<U+E01EF>" },
		{ 0x10ffff, "\xf4\x8f\xbf\xbf", "<U+10FFFF>" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct shown shown;

		shown_next(rows[i].bytes, strlen(rows[i].bytes), &shown);
		assert_int_equal(shown.kind, SHOWN_CODE);
		assert_int_equal(shown.code, rows[i].code);
		assert_int_equal(shown.used, strlen(rows[i].bytes));
		assert_string_equal(shown.text, rows[i].text);
		assert_int_equal(shown.len, strlen(rows[i].text));
	}
}

static void
test_a_byte_that_is_no_text_is_spelled_out_alone(void **state)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{ "\x80", "\\x80" },
		{ "\xff", "\\xff" },
		{ "\xc0\x80", "\\xc0" },
		{ "\xc3", "\\xc3" },
		{ "\xc3(", "\\xc3" },
		{ "\xe2\x80", "\\xe2" },
		{ "\xe0\x80\xae", "\\xe0" },
		{ "\xed\xa0\x80", "\\xed" },
		{ "\xf0\x8f\xbf\xbf", "\\xf0" },
		{ "\xf4\x90\x80\x80", "\\xf4" },
		{ "\xf5\x80\x80\x80", "\\xf5" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct shown shown;

		shown_next(rows[i].bytes, strlen(rows[i].bytes), &shown);
		assert_int_equal(shown.kind, SHOWN_BYTE);
		assert_int_equal(shown.used, 1);
		assert_string_equal(shown.text, rows[i].text);
	}
}

static void
test_a_nul_is_a_character_like_others(void **state)
{
	struct shown shown;

	(void)state;
	shown_next("\0a", 2, &shown);
	assert_int_equal(shown.used, 1);
	assert_string_equal(shown.text, "\\x00");
}

/* The log counts on it where it cuts a line. */
static void
test_nothing_becomes_shorter(void **state)
{
	(void)state;
	for (uint32_t code = 0x80; code < 0x800; code++) {
		const char bytes[] = { (char)(0xc0 | code >> 6),
			(char)(0x80 | (code & 0x3f)) };
		struct shown shown;

		shown_next(bytes, 2, &shown);
		assert_int_equal(shown.code, code);
		assert_true(shown.len >= shown.used);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_can_be_seen_stays_as_it_is),
		cmocka_unit_test(test_what_cannot_be_seen_is_spelled_out),
		cmocka_unit_test(
		    test_a_byte_that_is_no_text_is_spelled_out_alone),
		cmocka_unit_test(test_a_nul_is_a_character_like_others),
		cmocka_unit_test(test_nothing_becomes_shorter),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("shown", tests, NULL, NULL);
}
