/* Types that only we may use, and what else a publisher writes into an event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/event.h"
#include "spool/record.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const enum record_form blocks[] = { RECORD_BLOCK, RECORD_JOURNAL };

static void
parse(enum record_form form, const char *text, struct record *rec)
{
	assert_true(
	    record_parse(form, (const uint8_t *)text, strlen(text), true, rec));
}

static void
test_a_type_of_ours_is_left_out_and_the_data_stays(void **state)
{
	static const char *const rows[] = {
		"event: spoolcast.gap\ndata: x\n\n",
		"event:spoolcast.gap\ndata: x\n\n",
		"event: spoolcast.\ndata: x\n\n",
		"event: spoolcast.anything at all\rdata: x\r\r",
		"event: a\r\nevent: spoolcast.skipped\r\ndata: x\r\n\r\n",
		("\xef\xbb\xbf"
		 "event: spoolcast.open\ndata: x\n\n"),
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows) * N_ROWS(blocks); i++) {
		struct record_iter iter = { 0 };
		struct record rec;
		struct span line;

		parse(blocks[i % 2], rows[i / 2], &rec);
		assert_true(rec.has_reserved_type);
		assert_null(rec.event.bytes);
		assert_true(rec.has_data);
		assert_true(record_data_next(&rec, &iter, &line));
		assert_int_equal(line.len, 1);
		assert_int_equal(line.bytes[0], 'x');
	}
}

static void
test_other_types_stay_however_alike(void **state)
{
	static const struct {
		const char *text, *type;
	} rows[] = {
		{ "event: spoolcast\ndata: x\n\n", "spoolcast" },
		{ "event: Spoolcast.gap\ndata: x\n\n", "Spoolcast.gap" },
		{ "event:  spoolcast.gap\ndata: x\n\n", " spoolcast.gap" },
		{ "event: my.spoolcast.gap\ndata: x\n\n", "my.spoolcast.gap" },
		{ "event: spoolcast.gap\nevent: mine\ndata: x\n\n", "mine" },
		{ "event: spoolcast-gap\ndata: x\n\n", "spoolcast-gap" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows) * N_ROWS(blocks); i++) {
		struct record rec;

		parse(blocks[i % 2], rows[i / 2].text, &rec);
		assert_false(rec.has_reserved_type);
		assert_non_null(rec.event.bytes);
		assert_int_equal(rec.event.len, strlen(rows[i / 2].type));
		assert_memory_equal(
		    rec.event.bytes, rows[i / 2].type, rec.event.len);
	}
}

static void
test_a_line_may_say_what_it_likes(void **state)
{
	struct record rec;

	(void)state;
	parse(RECORD_LINE, "event: spoolcast.gap\n", &rec);
	assert_false(rec.has_reserved_type);
	assert_true(rec.has_data);
}

static void
test_a_hint_lasts_a_day_at_most_however_long_it_is(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "retry: 86399999\n\n", 86399999 },
		{ "retry: 86400000\n\n", 86400000 },
		{ "retry: 86400001\n\n", 86400000 },
		{ "retry: 9223372036854775807\n\n", 86400000 },
		{ "retry: 9223372036854775808\n\n", 86400000 },
		{ "retry: 99999999999999999999999999\n\n", 86400000 },
		{ "retry: 000000000000000000000000001\n\n", 1 },
		{ "retry: 1\nretry: 99999999999999999999x\n\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows) * N_ROWS(blocks); i++) {
		struct record rec;

		parse(blocks[i % 2], rows[i / 2].text, &rec);
		assert_int_equal(rec.retry_ms, rows[i / 2].ms);
	}
}

/* What a record becomes on the wire, behind the id ABCD. */
static void
assert_event(const char *bytes, size_t len, const char *want)
{
	const struct span id = { (const uint8_t *)"ABCD", 4 };
	struct buf out = { 0 };
	struct record rec;

	assert_true(record_parse(
	    RECORD_BLOCK, (const uint8_t *)bytes, len, false, &rec));
	assert_int_equal(event_append(&out, &id, NULL, &rec), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_string_equal((const char *)out.data, want);
	buf_free(&out);
}

/* An id, a type or text cannot become a line of its own, nor an id of ours. */
static void
test_no_field_of_a_record_becomes_another(void **state)
{
	static const char nul_id[] = "id: a\0b\ndata: x\n\n";
	static const char nul_type[] = "event: spoolcast\0.gap\ndata: x\n\n";
	static const char ids[] = "id: ~A.B~\xe2\x80\xa8 \x85:\tC\ndata: x\n\n";
	static const char text[] = "data: a\rid: 7\revent: e\rdata: b\n\n";

	(void)state;
	assert_event(nul_id, sizeof(nul_id) - 1, "data: x\nid: ABCD~a_b\n\n");
	assert_event(nul_type, sizeof(nul_type) - 1,
	    "event: spoolcast\xef\xbf\xbd.gap\ndata: x\nid: ABCD\n\n");
	assert_event(
	    ids, sizeof(ids) - 1, "data: x\nid: ABCD~~A.B~_______C\n\n");
	assert_event(text, sizeof(text) - 1,
	    "event: e\ndata: a\ndata: b\nid: ABCD~7\n\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_type_of_ours_is_left_out_and_the_data_stays),
		cmocka_unit_test(test_other_types_stay_however_alike),
		cmocka_unit_test(test_a_line_may_say_what_it_likes),
		cmocka_unit_test(
		    test_a_hint_lasts_a_day_at_most_however_long_it_is),
		cmocka_unit_test(test_no_field_of_a_record_becomes_another),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "record_reserved", tests, NULL, NULL);
}
