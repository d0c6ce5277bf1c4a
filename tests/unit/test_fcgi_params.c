/* Name-value pairs: right ones, and every way for a length to lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fcgi/fcgi_params.h"
#include "helpers/fcgi_peer.h"

#define BYTES(text) (text), sizeof(text) - 1

static const struct row {
	const char *what;
	const char *bytes;
	size_t len;
	int pairs; /* that come before the end or the fault */
	int last;  /* 0 at the end, -1 at a fault */
} rows[] = {
	{ "nothing", BYTES(""), 0, 0 },
	{ "an empty pair", BYTES("\0\0"), 1, 0 },
	{ "two pairs", BYTES("\1\2abb\0\1c"), 2, 0 },
	{ "no value length", BYTES("\1"), 0, -1 },
	{ "a pair, then no value length", BYTES("\1\1ab\1"), 1, -1 },
	{ "a name that is cut", BYTES("\2\0a"), 0, -1 },
	{ "a value that is cut", BYTES("\1\2ab"), 0, -1 },
	{ "a long name length of 1 byte", BYTES("\x80"), 0, -1 },
	{ "a long name length of 3 bytes", BYTES("\x80\0\0"), 0, -1 },
	{ "a long name length and no more", BYTES("\x80\0\0\1"), 0, -1 },
	{ "a long value length of 3 bytes", BYTES("\1\x80\0\0"), 0, -1 },
	{ "long lengths of short parts",
	    BYTES("\x80\0\0\1"
		  "\x80\0\0\1"
		  "ab"),
	    1, 0 },
	{ "a name of 2 GiB",
	    BYTES("\xff\xff\xff\xff"
		  "\0a"),
	    0, -1 },
	{ "a value of 2 GiB",
	    BYTES("\1\xff\xff\xff\xff"
		  "a"),
	    0, -1 },
	{ "both of 2 GiB", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), 0, -1 },
	{ "a value one byte over", BYTES("\0\3ab"), 0, -1 },
};

static void
test_next_reports_pairs_end_and_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		/* A block of its own, so that a read too far is noticed. */
		uint8_t *bytes = malloc(row->len + (row->len == 0));
		struct fcgi_param param;
		size_t at = 0;
		int pairs = 0;
		int rc;

		assert_non_null(bytes);
		memcpy(bytes, row->bytes, row->len);
		while (
		    (rc = fcgi_params_next(bytes, row->len, &at, &param)) == 1)
			pairs++;
		if (pairs != row->pairs || rc != row->last)
			fail_msg("%s: %d pairs, then %d", row->what, pairs, rc);
		free(bytes);
	}
}

static void
test_next_leaves_output_alone_at_fault(void **state)
{
	static const uint8_t bytes[] = "\1\1ab\1\7c";
	struct fcgi_param param;
	struct fcgi_param before;
	size_t at = 0;

	(void)state;
	assert_int_equal(fcgi_params_next(bytes, 7, &at, &param), 1);
	before = param;
	assert_int_equal(fcgi_params_next(bytes, 7, &at, &param), -1);
	assert_int_equal(at, 4);
	assert_ptr_equal(param.name, before.name);
	assert_ptr_equal(param.value, before.value);
	assert_int_equal(param.name_len, 1);
	assert_int_equal(param.value_len, 1);
}

static void
test_next_accepts_no_bytes_at_null(void **state)
{
	struct fcgi_param param;
	size_t at = 0;

	(void)state;
	assert_int_equal(fcgi_params_next(NULL, 0, &at, &param), 0);
}

static void
test_next_returns_what_was_written(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 300, 8000 };
	const size_t n = sizeof(lengths) / sizeof(lengths[0]);
	struct buf pairs = { 0 };
	struct fcgi_param param;
	char name[8001];
	char value[8001];
	size_t at = 0;

	(void)state;
	memset(name, 'n', sizeof(name));
	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < n * n; i++) {
		name[lengths[i / n]] = '\0';
		value[lengths[i % n]] = '\0';
		peer_pair(&pairs, name, value);
		name[lengths[i / n]] = 'n';
		value[lengths[i % n]] = 'v';
	}
	for (size_t i = 0; i < n * n; i++) {
		assert_int_equal(
		    fcgi_params_next(pairs.data, pairs.len, &at, &param), 1);
		assert_int_equal(param.name_len, lengths[i / n]);
		assert_int_equal(param.value_len, lengths[i % n]);
		assert_memory_equal(param.name, name, param.name_len);
		assert_memory_equal(param.value, value, param.value_len);
	}
	assert_int_equal(
	    fcgi_params_next(pairs.data, pairs.len, &at, &param), 0);
	buf_free(&pairs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_reports_pairs_end_and_fault),
		cmocka_unit_test(test_next_leaves_output_alone_at_fault),
		cmocka_unit_test(test_next_accepts_no_bytes_at_null),
		cmocka_unit_test(test_next_returns_what_was_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_params", tests, NULL, NULL);
}
