/* The growable byte buffer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
test_a_zeroed_buffer_is_empty_and_usable(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_consume(&buf, 0);
	assert_int_equal(buf_append(&buf, NULL, 0), 0);
	assert_int_equal(buf_puts(&buf, ""), 0);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_puts(&buf, "abc"), 0);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "abc", 3);
	buf_free(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_puts(&buf, "again"), 0);
	assert_memory_equal(buf.data, "again", 5);
	buf_free(&buf);
	buf_free(&buf);
}

static void
test_what_is_appended_stays_in_order(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	/* Far beyond the first allocation, with NULs among it. */
	for (size_t i = 0; i < 100000; i++) {
		uint8_t bytes[2] = { (uint8_t)(i >> 8), (uint8_t)i };

		assert_int_equal(buf_append(&buf, bytes, 2), 0);
	}
	assert_int_equal(buf.len, 200000);
	assert_true(buf.cap >= buf.len);
	for (size_t i = 0; i < 100000; i++) {
		if (buf.data[2 * i] != (uint8_t)(i >> 8) ||
		    buf.data[2 * i + 1] != (uint8_t)i)
			fail_msg("at %zu", i);
	}
	buf_free(&buf);
}

static void
test_reserving_makes_room_and_changes_no_content(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&buf, "abc"), 0);
	for (size_t more = 0; more < 3000; more += 7) {
		assert_int_equal(buf_reserve(&buf, more), 0);
		assert_true(buf.cap - buf.len >= more);
		/* All of it may be written to. */
		memset(buf.data + buf.len, 'x', more);
		assert_int_equal(buf.len, 3);
		assert_memory_equal(buf.data, "abc", 3);
	}
	buf_free(&buf);
}

static void
test_room_that_there_cannot_be_is_refused(void **state)
{
	struct buf buf = { 0 };
	struct buf before;

	(void)state;
	errno = 0;
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -1);
	assert_int_equal(errno, ENOMEM);
	assert_null(buf.data);
	assert_int_equal(buf_puts(&buf, "abc"), 0);
	before = buf;
	for (size_t less = 0; less < 3; less++) {
		errno = 0;
		assert_int_equal(buf_reserve(&buf, SIZE_MAX - less), -1);
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_int_equal(buf_reserve(&buf, SIZE_MAX / 2 - less), -1);
		assert_int_equal(errno, ENOMEM);
	}
	assert_memory_equal(&buf, &before, sizeof(buf));
	assert_memory_equal(buf.data, "abc", 3);
	buf_free(&buf);
}

static void
test_formatted_text_comes_without_its_nul(void **state)
{
	struct buf buf = { 0 };
	struct buf want = { 0 };

	(void)state;
	assert_int_equal(buf_printf(&buf, "%s", ""), 0);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_printf(&buf, "%d-%s", -5, "x"), 0);
	assert_int_equal(buf.len, 4);
	assert_memory_equal(buf.data, "-5-x", 4);
	buf_free(&buf);
	/* Across every size at which it has to grow. */
	for (int width = 1; width < 600; width++) {
		assert_int_equal(buf_printf(&buf, "%*d", width, 7), 0);
		for (int i = 1; i < width; i++)
			assert_int_equal(buf_puts(&want, " "), 0);
		assert_int_equal(buf_puts(&want, "7"), 0);
	}
	assert_int_equal(buf.len, want.len);
	assert_memory_equal(buf.data, want.data, want.len);
	buf_free(&buf);
	buf_free(&want);
}

static void
test_consuming_moves_up_the_rest(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&buf, "0123456789"), 0);
	buf_consume(&buf, 0);
	assert_int_equal(buf.len, 10);
	buf_consume(&buf, 3);
	assert_int_equal(buf.len, 7);
	assert_memory_equal(buf.data, "3456789", 7);
	assert_int_equal(buf_puts(&buf, "ab"), 0);
	buf_consume(&buf, 8);
	assert_memory_equal(buf.data, "b", 1);
	buf_consume(&buf, 1);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void
test_numbers_and_text_that_hardly_fit(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} rows[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { 3000, "3000" },
		{ UINT64_MAX, "18446744073709551615" } };
	struct buf buf = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf.len = 0;
		assert_int_equal(buf_put_uint(&buf, rows[i].number), 0);
		assert_int_equal(buf.len, strlen(rows[i].text));
		assert_memory_equal(buf.data, rows[i].text, buf.len);
	}
	/* The NUL that is not kept needs room as well. */
	for (size_t left = 0; left < 5; left++) {
		buf.len = buf.cap - left;
		assert_int_equal(buf_printf(&buf, "%s", "abc"), 0);
		assert_memory_equal(buf.data + buf.len - 3, "abc", 3);
	}
	buf_free(&buf);
	assert_int_equal(buf_printf(&buf, "%d %s", 12, "x"), 0);
	assert_int_equal(buf.len, 4);
	buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_text_that_hardly_fit),
		cmocka_unit_test(test_a_zeroed_buffer_is_empty_and_usable),
		cmocka_unit_test(test_what_is_appended_stays_in_order),
		cmocka_unit_test(
		    test_reserving_makes_room_and_changes_no_content),
		cmocka_unit_test(test_room_that_there_cannot_be_is_refused),
		cmocka_unit_test(test_formatted_text_comes_without_its_nul),
		cmocka_unit_test(test_consuming_moves_up_the_rest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
