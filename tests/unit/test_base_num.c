/* Numbers as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What the output holds before; an error must leave it. */
#define BEFORE 4711

struct row {
	const char *text;
	enum num_error error;
	int64_t value;
};

static enum num_error
read_uint(const char *text, size_t len, int64_t *out)
{
	uint64_t value = BEFORE;
	enum num_error error = num_uint(text, len, &value);

	*out = (int64_t)value;
	return error;
}

static enum num_error
read_size(const char *text, size_t len, int64_t *out)
{
	uint64_t value = BEFORE;
	enum num_error error = num_size(text, len, &value);

	*out = (int64_t)value;
	return error;
}

static enum num_error
read_percent(const char *text, size_t len, int64_t *out)
{
	uint64_t value = BEFORE;
	enum num_error error = num_percent(text, len, &value);

	*out = (int64_t)value;
	return error;
}

static void
check_rows(const struct row *rows, size_t n,
    enum num_error (*parse)(const char *text, size_t len, int64_t *out))
{
	for (const struct row *row = rows; row < rows + n; row++) {
		int64_t value = BEFORE;
		enum num_error error =
		    parse(row->text, strlen(row->text), &value);
		int64_t want = row->error == NUM_OK ? row->value : BEFORE;

		if (error != row->error || value != want)
			fail_msg("\"%s\": %s, %lld", row->text,
			    num_strerror(error), (long long)value);
	}
}

static void
test_an_integer_is_digits_and_nothing_else(void **state)
{
	static const struct row rows[] = {
		{ "0", NUM_OK, 0 },
		{ "7", NUM_OK, 7 },
		{ "007", NUM_OK, 7 },
		{ "18014398509481985", NUM_OK, 18014398509481985 },
		{ "9223372036854775807", NUM_OK, INT64_MAX },
		{ "9223372036854775808", NUM_OVERFLOW, 0 },
		{ "18446744073709551616", NUM_OVERFLOW, 0 },
		{ "99999999999999999999999999999", NUM_OVERFLOW, 0 },
		{ "", NUM_EMPTY, 0 },
		{ "+1", NUM_SYNTAX, 0 },
		{ "-1", NUM_SYNTAX, 0 },
		{ " 1", NUM_SYNTAX, 0 },
		{ "1 ", NUM_SYNTAX, 0 },
		{ "1\n", NUM_SYNTAX, 0 },
		{ "1.5", NUM_SYNTAX, 0 },
		{ "1e3", NUM_SYNTAX, 0 },
		{ "0x10", NUM_SYNTAX, 0 },
		{ "5s", NUM_SYNTAX, 0 },
		{ "1_000", NUM_SYNTAX, 0 },
		/* Arabic-Indic digits are digits to some libraries. */
		{ "\xd9\xa3", NUM_SYNTAX, 0 },
	};

	(void)state;
	check_rows(rows, N_ROWS(rows), read_uint);
}

static void
test_the_length_decides_and_not_a_nul(void **state)
{
	uint64_t value = BEFORE;

	(void)state;
	assert_int_equal(num_uint("12345", 2, &value), NUM_OK);
	assert_int_equal(value, 12);
	assert_int_equal(num_uint("12\0", 3, &value), NUM_SYNTAX);
	assert_int_equal(num_uint("\0", 1, &value), NUM_SYNTAX);
	assert_int_equal(value, 12);
}

static void
test_a_duration_carries_its_unit(void **state)
{
	static const struct row rows[] = {
		{ "0", NUM_OK, 0 },
		{ "00", NUM_OK, 0 },
		{ "0s", NUM_OK, 0 },
		{ "250ms", NUM_OK, 250 },
		{ "15s", NUM_OK, 15000 },
		{ "4m", NUM_OK, 240000 },
		{ "1h", NUM_OK, 3600000 },
		{ "7d", NUM_OK, 604800000 },
		{ "9223372036854775807ms", NUM_OK, INT64_MAX },
		{ "9223372036854775s", NUM_OK, 9223372036854775000 },
		{ "9223372036854776s", NUM_OVERFLOW, 0 },
		{ "106751991167d", NUM_OK, 9223372036828800000 },
		{ "106751991168d", NUM_OVERFLOW, 0 },
		{ "9223372036854775808ms", NUM_OVERFLOW, 0 },
		{ "", NUM_EMPTY, 0 },
		{ "15", NUM_NO_UNIT, 0 },
		{ "1", NUM_NO_UNIT, 0 },
		{ "15 s", NUM_UNIT, 0 },
		{ "15S", NUM_UNIT, 0 },
		{ "15sec", NUM_UNIT, 0 },
		{ "15msx", NUM_UNIT, 0 },
		{ "1h30m", NUM_UNIT, 0 },
		{ "1w", NUM_UNIT, 0 },
		{ "1.5s", NUM_UNIT, 0 },
		{ "0x", NUM_UNIT, 0 },
		{ "s", NUM_SYNTAX, 0 },
		{ "-1s", NUM_SYNTAX, 0 },
		{ " 1s", NUM_SYNTAX, 0 },
	};

	(void)state;
	check_rows(rows, N_ROWS(rows), num_duration);
}

static void
test_a_size_may_carry_a_suffix(void **state)
{
	static const struct row rows[] = {
		{ "0", NUM_OK, 0 },
		{ "4096", NUM_OK, 4096 },
		{ "64K", NUM_OK, 65536 },
		{ "16M", NUM_OK, 16777216 },
		{ "1G", NUM_OK, 1073741824 },
		{ "8589934591G", NUM_OK, 9223372035781033984 },
		{ "8589934592G", NUM_OVERFLOW, 0 },
		{ "", NUM_EMPTY, 0 },
		{ "64k", NUM_UNIT, 0 },
		{ "64KB", NUM_UNIT, 0 },
		{ "64KiB", NUM_UNIT, 0 },
		{ "1T", NUM_UNIT, 0 },
		{ "64 K", NUM_UNIT, 0 },
		{ "K", NUM_SYNTAX, 0 },
		{ "-64K", NUM_SYNTAX, 0 },
	};

	(void)state;
	check_rows(rows, N_ROWS(rows), read_size);
}

static void
test_a_share_needs_its_sign(void **state)
{
	static const struct row rows[] = {
		{ "0%", NUM_OK, 0 },
		{ "50%", NUM_OK, 50 },
		{ "100%", NUM_OK, 100 },
		{ "250%", NUM_OK, 250 },
		{ "", NUM_EMPTY, 0 },
		{ "50", NUM_NO_UNIT, 0 },
		{ "0", NUM_NO_UNIT, 0 },
		{ "50%%", NUM_UNIT, 0 },
		{ "50 %", NUM_UNIT, 0 },
		{ "0.5%", NUM_UNIT, 0 },
		{ "%", NUM_SYNTAX, 0 },
		{ "-5%", NUM_SYNTAX, 0 },
	};

	(void)state;
	check_rows(rows, N_ROWS(rows), read_percent);
}

static void
test_printing_takes_the_largest_unit_that_divides(void **state)
{
	static const struct row durations[] = {
		{ "0", NUM_OK, 0 },
		{ "1ms", NUM_OK, 1 },
		{ "1500ms", NUM_OK, 1500 },
		{ "15s", NUM_OK, 15000 },
		{ "90s", NUM_OK, 90000 },
		{ "2m", NUM_OK, 120000 },
		{ "1h", NUM_OK, 3600000 },
		{ "36h", NUM_OK, 129600000 },
		{ "7d", NUM_OK, 604800000 },
		{ "9223372036854775807ms", NUM_OK, INT64_MAX },
	};
	static const struct row sizes[] = {
		{ "0", NUM_OK, 0 },
		{ "1", NUM_OK, 1 },
		{ "4100", NUM_OK, 4100 },
		{ "64K", NUM_OK, 65536 },
		{ "1025K", NUM_OK, 1049600 },
		{ "16M", NUM_OK, 16777216 },
		{ "3G", NUM_OK, 3221225472 },
		{ "9223372036854775807", NUM_OK, INT64_MAX },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < N_ROWS(durations); i++) {
		num_print_duration(durations[i].value, text, sizeof(text));
		assert_string_equal(text, durations[i].text);
	}
	check_rows(durations, N_ROWS(durations), num_duration);
	for (size_t i = 0; i < N_ROWS(sizes); i++) {
		num_print_size((uint64_t)sizes[i].value, text, sizeof(text));
		assert_string_equal(text, sizes[i].text);
	}
	check_rows(sizes, N_ROWS(sizes), read_size);
}

static void
test_printing_keeps_to_the_room_it_has(void **state)
{
	char text[8] = "??????";

	(void)state;
	num_print_duration(1234567, text, 4);
	assert_string_equal(text, "123");
	assert_int_equal(text[4], '?');
	num_print_size(1234567, text, 3);
	assert_string_equal(text, "12");
	assert_int_equal(text[4], '?');
}

static void
test_every_error_has_a_phrase_of_its_own(void **state)
{
	(void)state;
	for (int i = NUM_OK; i <= NUM_OVERFLOW; i++) {
		assert_true(strlen(num_strerror((enum num_error)i)) > 0);
		for (int j = NUM_OK; j < i; j++)
			assert_string_not_equal(num_strerror((enum num_error)i),
			    num_strerror((enum num_error)j));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_integer_is_digits_and_nothing_else),
		cmocka_unit_test(test_the_length_decides_and_not_a_nul),
		cmocka_unit_test(test_a_duration_carries_its_unit),
		cmocka_unit_test(test_a_size_may_carry_a_suffix),
		cmocka_unit_test(test_a_share_needs_its_sign),
		cmocka_unit_test(
		    test_printing_takes_the_largest_unit_that_divides),
		cmocka_unit_test(test_printing_keeps_to_the_room_it_has),
		cmocka_unit_test(test_every_error_has_a_phrase_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
