/* What we write, read back by a reader that shares no code with ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fastcgi.h>

#include "base/buf.h"
#include "fcgi/fcgi_encode.h"
#include "fcgi/fcgi_values.h"

struct record {
	unsigned type;
	unsigned id;
	const uint8_t *content;
	size_t len;
};

/* Read the record at *at, offsets by hand from FastCGI 1.0 section 3.3. */
static struct record
read_record(const uint8_t *bytes, size_t len, size_t *at)
{
	const uint8_t *p = bytes + *at;
	struct record r;

	assert_true(len - *at >= 8);
	assert_int_equal(p[0], 1);
	r.type = p[1];
	r.id = p[2] * 256U + p[3];
	r.len = p[4] * 256U + p[5];
	r.content = p + 8;
	assert_int_equal(p[6], 0);
	assert_int_equal(p[7], 0);
	assert_true(len - *at - 8 >= r.len);
	*at += 8 + r.len;
	return r;
}

static void
test_stdout_says_id_and_length(void **state)
{
	static const size_t lengths[] = { 0, 1, 255, 256, 65535 };
	static const uint16_t ids[] = { 1, 255, 256, 65535 };
	static uint8_t bytes[FCGI_ENCODE_HEADER_LEN + 65535];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
			struct record r;
			size_t at = 0;

			fcgi_encode_stdout(bytes, ids[j], lengths[i]);
			r = read_record(bytes, sizeof(bytes), &at);
			assert_int_equal(r.type, 6);
			assert_int_equal(r.id, ids[j]);
			assert_int_equal(r.len, lengths[i]);
		}
	}
}

static void
test_end_carries_both_statuses(void **state)
{
	static const uint8_t want[] = { 0x12, 0x34, 0x56, 0x78, 3, 0, 0, 0 };
	uint8_t bytes[FCGI_ENCODE_END_LEN];
	struct record r;
	size_t at = 0;

	(void)state;
	fcgi_encode_end(bytes, 0xfffe, FCGI_UNKNOWN_ROLE, 0x12345678);
	r = read_record(bytes, sizeof(bytes), &at);
	assert_int_equal(r.type, 3);
	assert_int_equal(r.id, 0xfffe);
	assert_int_equal(r.len, sizeof(want));
	assert_memory_equal(r.content, want, sizeof(want));
	assert_int_equal(at, sizeof(bytes));
}

static void
test_finish_appends_empty_stdout_and_end(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 7, 0, 0, 0, 0 };
	struct buf buf = { 0 };
	struct record r;
	size_t at = 2;

	(void)state;
	assert_int_equal(buf_puts(&buf, "ab"), 0);
	assert_int_equal(fcgi_encode_finish(&buf, 9, 7), 0);
	assert_memory_equal(buf.data, "ab", 2);
	r = read_record(buf.data, buf.len, &at);
	assert_int_equal(r.type, 6);
	assert_int_equal(r.id, 9);
	assert_int_equal(r.len, 0);
	r = read_record(buf.data, buf.len, &at);
	assert_int_equal(r.type, 3);
	assert_int_equal(r.id, 9);
	assert_int_equal(r.len, sizeof(want));
	assert_memory_equal(r.content, want, sizeof(want));
	assert_int_equal(at, buf.len);
	buf_free(&buf);
}

static void
test_values_are_answered_once_and_only_if_known(void **state)
{
	static const char asked[] = "\x0f\0FCGI_MPXS_CONNS"
				    "\4\0WHAT"
				    "\x0e\0FCGI_MAX_CONNS"
				    "\x0d\0FCGI_MAX_REQS"
				    "\x0d\3FCGI_MAX_REQSabc";
	static const char want[] = "\x0e\x0a"
				   "FCGI_MAX_CONNS4294967295"
				   "\x0d\x0a"
				   "FCGI_MAX_REQS4294967295"
				   "\x0f\1FCGI_MPXS_CONNS0";
	uint8_t out[FCGI_VALUES_ANSWER_MAX];
	struct record r;
	size_t at = 0;
	size_t len;

	(void)state;
	len = fcgi_values_answer(
	    out, (const uint8_t *)asked, sizeof(asked) - 1, UINT32_MAX);
	r = read_record(out, sizeof(out), &at);
	assert_int_equal(at, len);
	assert_int_equal(r.type, 10);
	assert_int_equal(r.id, 0);
	assert_int_equal(r.len, sizeof(want) - 1);
	assert_memory_equal(r.content, want, sizeof(want) - 1);
}

static void
test_values_of_nothing_and_of_nonsense(void **state)
{
	uint8_t out[FCGI_VALUES_ANSWER_MAX];

	(void)state;
	assert_int_equal(fcgi_values_answer(out, NULL, 0, 1), 8);
	assert_int_equal(
	    fcgi_values_answer(out, (const uint8_t *)"\x0d", 1, 1), 0);
}

static void
test_unknown_type_names_the_type(void **state)
{
	static const uint8_t want[] = { 77, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t out[FCGI_VALUES_ANSWER_MAX];
	struct record r;
	size_t at = 0;

	(void)state;
	assert_int_equal(fcgi_values_unknown(out, 77), 16);
	r = read_record(out, 16, &at);
	assert_int_equal(r.type, 11);
	assert_int_equal(r.id, 0);
	assert_int_equal(r.len, sizeof(want));
	assert_memory_equal(r.content, want, sizeof(want));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stdout_says_id_and_length),
		cmocka_unit_test(test_end_carries_both_statuses),
		cmocka_unit_test(test_finish_appends_empty_stdout_and_end),
		cmocka_unit_test(
		    test_values_are_answered_once_and_only_if_known),
		cmocka_unit_test(test_values_of_nothing_and_of_nonsense),
		cmocka_unit_test(test_unknown_type_names_the_type),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_encode", tests, NULL, NULL);
}
