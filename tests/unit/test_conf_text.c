/* Text that others chose, made safe to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "conf/conf_text.h"

static const struct {
	const char *in;
	const char *plain;
} cases[] = {
	{ "", "" },
	{ "news", "news" },
	{ "say \"hi\"", "say \"hi\"" },
	{ "a\\b", "a\\x5cb" },
	{ "\x1b[31m", "\\x1b[31m" },
	{ "a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xe2\x82\xac\xf0\x9f\x8e\x89", "\xe2\x82\xac\xf0\x9f\x8e\x89" },
	/* C1 controls: CSI in one character */
	{ "\xc2\x9b"
	  "31m",
	    "<U+009B>31m" },
	/* read from right to left, not seen at all, beyond 16 bits */
	{ "\u202egpj", "<U+202E>gpj" },
	{ "new\u200bs\ufeff", "new<U+200B>s<U+FEFF>" },
	{ "\u2028\u2029", "<U+2028><U+2029>" },
	{ "\U000e0041", "<U+E0041>" },
	/* not UTF-8: lone bytes, cut short, overlong, surrogate, too large */
	{ "\xff", "\\xff" },
	{ "\xc3", "\\xc3" },
	{ "\xe2\x82", "\\xe2\\x82" },
	{ "\xc0\xaf", "\\xc0\\xaf" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_plain_text_has_no_byte_that_steers_a_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct buf out = { 0 };

		assert_int_equal(conf_text_plain(cases[i].in, &out), 0);
		buf_append(&out, "", 1);
		assert_string_equal((const char *)out.data, cases[i].plain);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_plain_text_has_no_byte_that_steers_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
