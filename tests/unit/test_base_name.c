/* Channel names, and the patterns and lists that select them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/name.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_a_name_keeps_to_its_alphabet(void **state)
{
	static const struct {
		const char *text;
		bool is_name;
	} rows[] = {
		{ "a", true },
		{ "Z", true },
		{ "0", true },
		{ "news", true },
		{ "user-42", true },
		{ "a_b-c", true },
		{ "0-", true },
		{ "", false },
		{ "-a", false },
		{ "_a", false },
		{ "-", false },
		{ ".", false },
		{ "..", false },
		{ ".spoolcast", false },
		{ "a.b", false },
		{ "a/b", false },
		{ "/", false },
		{ "a b", false },
		{ " a", false },
		{ "a\n", false },
		{ "a*", false },
		{ "a~", false },
		{ "a,b", false },
		{ "a%41", false },
		{ "gr\xc3\xbc\xc3\x9f", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (name_is_valid(rows[i].text, strlen(rows[i].text)) !=
		    rows[i].is_name)
			fail_msg("\"%s\"", rows[i].text);
	}
}

/* [A-Za-z0-9] first, [A-Za-z0-9_-] behind it. */
static bool
is_in_alphabet(int byte, bool is_first)
{
	const char *alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789";

	if (byte == 0)
		return false;
	return strchr(alnum, byte) != NULL ||
	    (!is_first && (byte == '_' || byte == '-'));
}

static void
test_every_byte_is_judged_by_its_place(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char text[2] = { (char)byte, 'a' };

		assert_int_equal(
		    name_is_valid(text, 2), is_in_alphabet(byte, true));
		text[0] = 'a';
		text[1] = (char)byte;
		assert_int_equal(
		    name_is_valid(text, 2), is_in_alphabet(byte, false));
	}
}

static void
test_names_and_patterns_have_at_most_64_bytes(void **state)
{
	char text[66];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_true(name_is_valid(text, 64));
	assert_false(name_is_valid(text, 65));
	text[0] = '*';
	assert_true(name_is_pattern(text, 64));
	assert_false(name_is_pattern(text, 65));
}

static void
test_a_pattern_has_something_special_in_it(void **state)
{
	static const struct {
		const char *text;
		bool is_pattern;
	} rows[] = {
		{ "*", true },
		{ "?", true },
		{ "build-*", true },
		{ "*-*", true },
		{ "-*", true },
		{ "[ab]", true },
		{ "a[0-9]", true },
		{ "[!a]x", true },
		{ "x[a-]", true },
		{ "[a][b]", true },
		{ "", false },
		{ "news", false },
		{ "a/*", false },
		{ "a.*", false },
		{ ".*", false },
		{ "*,*", false },
		{ "* ", false },
		{ "[", false },
		{ "[]", false },
		{ "[!]", false },
		{ "[a", false },
		{ "*[a", false },
		{ "[a]]", false },
		{ "]", false },
		{ "[a[b]", false },
		{ "[[:alpha:]]", false },
		{ "[a/b]", false },
		{ "[a*]", false },
		{ "a\\*", false },
		{ "!(a)", false },
		{ "\xff*", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (name_is_pattern(rows[i].text, strlen(rows[i].text)) !=
		    rows[i].is_pattern)
			fail_msg("\"%s\"", rows[i].text);
	}
	/* The bracket is closed beyond the length: not in sight. */
	assert_false(name_is_pattern("[ab]", 3));
	assert_false(name_is_pattern("*\0", 2));
}

static void
test_patterns_select_names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "news", "news", true },
		{ "news", "News", false },
		{ "news", "new", false },
		{ "new", "news", false },
		{ "*", "a", true },
		{ "build-*", "build-", true },
		{ "build-*", "build-17", true },
		{ "build-*", "rebuild-17", false },
		{ "*-*", "a-b-c", true },
		{ "?", "a", true },
		{ "?", "ab", false },
		{ "user-[0-9]", "user-7", true },
		{ "user-[0-9]", "user-x", false },
		{ "user-[!0-9]", "user-7", false },
		{ "user-[!0-9]", "user-x", true },
		{ "[a-]x", "-x", true },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (name_matches(rows[i].pattern, rows[i].name) !=
		    rows[i].matches)
			fail_msg(
			    "\"%s\" and \"%s\"", rows[i].pattern, rows[i].name);
	}
}

static void
test_a_list_selects_by_any_of_its_members(void **state)
{
	static const struct {
		const char *list, *name;
		bool matches;
	} rows[] = {
		{ "", "a", false },
		{ " ", "a", false },
		{ ",", "a", false },
		{ "a", "a", true },
		{ "a,b", "b", true },
		{ "a,b", "a,b", false },
		{ "a, b", "b", true },
		{ "  a\t,\tb  ", "b", true },
		{ "a,,b", "b", true },
		{ "a,b,", "c", false },
		{ "x*,news", "news", true },
		{ "x*,news", "xylophone", true },
		{ "ab", "a", false },
		{ "a", "ab", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (name_in_list(rows[i].list, rows[i].name) != rows[i].matches)
			fail_msg(
			    "\"%s\" and \"%s\"", rows[i].list, rows[i].name);
	}
}

static void
test_a_list_member_that_is_too_long_selects_nothing(void **state)
{
	char list[80];
	char name[65];

	(void)state;
	memset(name, 'x', 64);
	name[64] = '\0';
	memset(list, 'x', 65);
	memcpy(list + 65, ",b", 3);
	assert_false(name_in_list(list, name));
	assert_true(name_in_list(list, "b"));
	/* Without its first byte it is as long as can be. */
	assert_true(name_in_list(list + 1, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_keeps_to_its_alphabet),
		cmocka_unit_test(test_every_byte_is_judged_by_its_place),
		cmocka_unit_test(test_names_and_patterns_have_at_most_64_bytes),
		cmocka_unit_test(test_a_pattern_has_something_special_in_it),
		cmocka_unit_test(test_patterns_select_names),
		cmocka_unit_test(test_a_list_selects_by_any_of_its_members),
		cmocka_unit_test(
		    test_a_list_member_that_is_too_long_selects_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
