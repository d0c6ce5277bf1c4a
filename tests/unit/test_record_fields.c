/* What is in a record; test_record.c has where they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "spool/record.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BOM "\xef\xbb\xbf"

struct parsed {
	const char *in;
	bool is_first, is_record;
	const char *data; /* lines joined by '|'; NULL: none */
	const char *event, *id;
	int64_t retry_ms, expires_s; /* 0 stands for -1: none */
};

static void
assert_span(const struct span *got, const char *want)
{
	if (want == NULL) {
		assert_null(got->bytes);
		return;
	}
	assert_non_null(got->bytes);
	assert_int_equal(got->len, strlen(want));
	assert_memory_equal(got->bytes, want, got->len);
}

static void
assert_data(const struct record *rec, const char *want)
{
	struct record_iter iter = { 0 };
	struct buf text = { 0 };
	struct span line;

	while (record_data_next(rec, &iter, &line)) {
		assert_int_equal(buf_append(&text, line.bytes, line.len), 0);
		assert_int_equal(buf_puts(&text, "|"), 0);
	}
	/* Asked again, it is still over. */
	assert_false(record_data_next(rec, &iter, &line));
	assert_int_equal(text.len, strlen(want) + 1);
	assert_memory_equal(text.data, want, strlen(want));
	buf_free(&text);
}

static void
check_parsed(enum record_form form, const struct parsed *rows, size_t n)
{
	for (const struct parsed *row = rows; row < rows + n; row++) {
		size_t len = strlen(row->in);
		uint8_t *exact = malloc(len);
		struct record rec;
		bool is_record;

		assert_non_null(exact);
		memcpy(exact, row->in, len);
		is_record = record_parse(form, exact, len, row->is_first, &rec);
		if (is_record != row->is_record)
			fail_msg("\"%s\"", row->in);
		if (!is_record) {
			free(exact);
			continue;
		}
		assert_int_equal(rec.form, form);
		assert_int_equal(rec.has_data, row->data != NULL);
		assert_span(&rec.event, row->event);
		assert_span(&rec.id, row->id);
		assert_int_equal(
		    rec.retry_ms, row->retry_ms == 0 ? -1 : row->retry_ms);
		assert_int_equal(
		    rec.expires_s, row->expires_s == 0 ? -1 : row->expires_s);
		if (row->data != NULL)
			assert_data(&rec, row->data);
		free(exact);
	}
}

static void
test_a_line_is_never_interpreted(void **state)
{
	static const struct parsed rows[] = {
		{ .in = "a\n", .is_record = true, .data = "a" },
		{ .in = "a\r\n", .is_record = true, .data = "a" },
		{ .in = "data: a\n", .is_record = true, .data = "data: a" },
		{ .in = "id: 5\n", .is_record = true, .data = "id: 5" },
		{ .in = "retry: 1\n", .is_record = true, .data = "retry: 1" },
		{ .in = "expires: 1\n",
		    .is_record = true,
		    .data = "expires: 1" },
		{ .in = "event: x\n", .is_record = true, .data = "event: x" },
		{ .in = ": a\n", .is_record = true, .data = ": a" },
		{ .in = " \n", .is_record = true, .data = " " },
		{ .in = "\n" },
		{ .in = "\r\n" },
	};

	(void)state;
	check_parsed(RECORD_LINE, rows, N_ROWS(rows));
}

static void
test_a_nul_in_a_line_is_content(void **state)
{
	struct record_iter iter = { 0 };
	struct record rec;
	struct span line;

	(void)state;
	assert_true(record_parse(
	    RECORD_LINE, (const uint8_t *)"a\0b\n", 4, false, &rec));
	assert_true(record_data_next(&rec, &iter, &line));
	assert_int_equal(line.len, 3);
	assert_memory_equal(line.bytes, "a\0b", 3);
	assert_false(record_data_next(&rec, &iter, &line));
	assert_true(
	    record_parse(RECORD_LINE, (const uint8_t *)"\0\n", 2, false, &rec));
	assert_int_equal(rec.body.len, 1);
}

static void
test_a_cr_inside_a_line_becomes_a_data_line(void **state)
{
	static const struct parsed rows[] = {
		{ .in = "a\rb\n", .is_record = true, .data = "a|b" },
		{ .in = "a\rb\r\n", .is_record = true, .data = "a|b" },
		{ .in = "\ra\n", .is_record = true, .data = "|a" },
		{ .in = "a\r\r\n", .is_record = true, .data = "a|" },
		{ .in = "\r\r\n", .is_record = true, .data = "|" },
		{ .in = "a\r\rb\rc\n", .is_record = true, .data = "a||b|c" },
	};

	(void)state;
	check_parsed(RECORD_LINE, rows, N_ROWS(rows));
}

static void
test_a_bom_is_skipped_at_the_start_of_the_file_only(void **state)
{
	static const struct parsed lines[] = {
		{ .in = BOM "a\n",
		    .is_first = true,
		    .is_record = true,
		    .data = "a" },
		{ .in = BOM "a\n", .is_record = true, .data = BOM "a" },
		{ .in = BOM BOM "\n",
		    .is_first = true,
		    .is_record = true,
		    .data = BOM },
		{ .in = BOM "\n", .is_first = true },
		{ .in = BOM "\r\n", .is_first = true },
		{ .in = BOM "\n", .is_record = true, .data = BOM },
		{ .in = "\xef\xbb\n",
		    .is_first = true,
		    .is_record = true,
		    .data = "\xef\xbb" },
	};
	static const struct parsed blocks[] = {
		{ .in = BOM "data: a\n\n",
		    .is_first = true,
		    .is_record = true,
		    .data = "a" },
		{ .in = BOM "\ndata: a\n\n",
		    .is_first = true,
		    .is_record = true,
		    .data = "a" },
		{ .in = BOM "data: a\n\n" },
		{ .in = "data: a\ndata:" BOM "b\n\n",
		    .is_first = true,
		    .is_record = true,
		    .data = "a|" BOM "b" },
	};

	(void)state;
	check_parsed(RECORD_LINE, lines, N_ROWS(lines));
	check_parsed(RECORD_BLOCK, blocks, N_ROWS(blocks));
}

/* WHATWG HTML 9.2.6, and the examples that it gives. */
static void
test_fields_are_read_as_a_browser_reads_them(void **state)
{
	static const struct parsed rows[] = {
		{ .in = "data: a\n\n", .is_record = true, .data = "a" },
		{ .in = "data:a\n\n", .is_record = true, .data = "a" },
		{ .in = "data:  a\n\n", .is_record = true, .data = " a" },
		{ .in = "data:\ta\n\n", .is_record = true, .data = "\ta" },
		{ .in = "data: a \n\n", .is_record = true, .data = "a " },
		{ .in = "data: a: b\n\n", .is_record = true, .data = "a: b" },
		{ .in = "data\n\n", .is_record = true, .data = "" },
		{ .in = "data:\n\n", .is_record = true, .data = "" },
		{ .in = "data: \n\n", .is_record = true, .data = "" },
		{ .in = "data\ndata\n\n", .is_record = true, .data = "|" },
		{ .in = "data: YHOO\ndata: +2\ndata: 10\n\n",
		    .is_record = true,
		    .data = "YHOO|+2|10" },
		{ .in = "data: a\r\ndata: b\rdata: c\n\r\n",
		    .is_record = true,
		    .data = "a|b|c" },
		{ .in = "\ndata: a\r\n\r", .is_record = true, .data = "a" },
		{ .in = ": test\nxdata: b\ndata2: c\ndata: a\nDATA: d\n\n",
		    .is_record = true,
		    .data = "a" },
		{ .in = " data: b\ndata : c\ndata: a\n\n",
		    .is_record = true,
		    .data = "a" },
		{ .in = "event: add\ndata: 7\n\n",
		    .is_record = true,
		    .data = "7",
		    .event = "add" },
		{ .in = "event: a\nevent: b\ndata: 7\n\n",
		    .is_record = true,
		    .data = "7",
		    .event = "b" },
		{ .in = "event: a\nevent\ndata: 7\n\n",
		    .is_record = true,
		    .data = "7" },
		{ .in = "event:  a \ndata: 7\n\n",
		    .is_record = true,
		    .data = "7",
		    .event = " a " },
		{ .in = "data: 7\nid: 1\n\n",
		    .is_record = true,
		    .data = "7",
		    .id = "1" },
		{ .in = "id: 1\nid: 2\ndata: 7\n\n",
		    .is_record = true,
		    .data = "7",
		    .id = "2" },
		{ .in = "id: 1\nid\ndata: 7\n\n",
		    .is_record = true,
		    .data = "7" },
		{ .in = "data: a", .is_record = true, .data = "a" },
	};

	(void)state;
	check_parsed(RECORD_BLOCK, rows, N_ROWS(rows));
}

static void
test_numbers_are_digits_or_ignored(void **state)
{
	static const struct parsed rows[] = {
		{ .in = "retry: 3000\n\n",
		    .is_record = true,
		    .retry_ms = 3000 },
		{ .in = "retry:1\n\n", .is_record = true, .retry_ms = 1 },
		{ .in = "retry: 007\n\n", .is_record = true, .retry_ms = 7 },
		{ .in = "retry: 1\nretry: x\n\n",
		    .is_record = true,
		    .retry_ms = 1 },
		{ .in = "retry: 1\nretry: 2\n\n",
		    .is_record = true,
		    .retry_ms = 2 },
		{ .in = "retry: 5s\n\n" },
		{ .in = "retry: -1\n\n" },
		{ .in = "retry: +1\n\n" },
		{ .in = "retry: 1.5\n\n" },
		{ .in = "retry:  1\n\n" },
		{ .in = "retry: 1 \n\n" },
		{ .in = "retry:\n\n" },
		{ .in = "retry\n\n" },
		{ .in = "data: a\nretry: 5s\nexpires: 99\n\n",
		    .is_record = true,
		    .data = "a",
		    .expires_s = 99 },
		{ .in = "data: a\nexpires: never\n\n",
		    .is_record = true,
		    .data = "a" },
		{ .in = "data: a\nexpires: -1\n\n",
		    .is_record = true,
		    .data = "a" },
	};
	struct record rec;

	(void)state;
	check_parsed(RECORD_BLOCK, rows, N_ROWS(rows));
	/* 0 is a number too. */
	assert_true(record_parse(RECORD_BLOCK,
	    (const uint8_t *)"retry: 0\nexpires: 0\n\n", 21, false, &rec));
	assert_int_equal(rec.retry_ms, 0);
	assert_int_equal(rec.expires_s, 0);
	assert_false(rec.has_data);
}

static void
test_what_says_nothing_is_no_record(void **state)
{
	static const struct parsed blocks[] = { { .in = "\n" }, { .in = "\r" },
		{ .in = "\n\r" }, { .in = ": ping\n\n" }, { .in = ":\n\n" },
		{ .in = "event: x\n\n" }, { .in = "id: 5\n\n" },
		{ .in = "unknown: 5\n\n" }, { .in = "dat: a\n\n" },
		{ .in = "datax\n\n" }, { .in = "expires: 5\n\n" } };

	(void)state;
	check_parsed(RECORD_BLOCK, blocks, N_ROWS(blocks));
}

/* record.h: "all of it, without the end and without a BOM". */
static void
test_the_body_is_what_stands_before_the_end(void **state)
{
	static const struct {
		enum record_form form;
		const char *in, *body;
	} rows[] = {
		{ RECORD_LINE, "abc\n", "abc" },
		{ RECORD_LINE, "abc\r\n", "abc" },
		{ RECORD_LINE, BOM "abc\n", "abc" },
		{ RECORD_LINE, "a\rb\r\n", "a\rb" },
		{ RECORD_BLOCK, "data: abc\n\n", "data: abc\n" },
		{ RECORD_BLOCK, BOM "data: abc\n\n", "data: abc\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct record rec;

		assert_true(
		    record_parse(rows[i].form, (const uint8_t *)rows[i].in,
			strlen(rows[i].in), true, &rec));
		assert_int_equal(rec.body.len, strlen(rows[i].body));
		assert_memory_equal(rec.body.bytes, rows[i].body, rec.body.len);
	}
}

static void
test_flush_is_one_of_three_words(void **state)
{
	static const struct {
		const char *in;
		enum record_flush flush;
		bool is_record;
	} rows[] = {
		{ "data: a\n\n", RECORD_FLUSH_NONE, true },
		{ "flush: now\n\n", RECORD_FLUSH_NOW, true },
		{ "data: a\nflush: hold\n\n", RECORD_FLUSH_HOLD, true },
		{ "flush:close\ndata: a\n\n", RECORD_FLUSH_CLOSE, true },
		{ "flush: close\nflush: now\n\n", RECORD_FLUSH_NOW, true },
		{ "flush: hold\nflush: x\n\n", RECORD_FLUSH_HOLD, true },
		{ "flush: Now\n\n", RECORD_FLUSH_NONE, false },
		{ "flush: now \n\n", RECORD_FLUSH_NONE, false },
		{ "flush: nowhere\n\n", RECORD_FLUSH_NONE, false },
		{ "flush:\n\n", RECORD_FLUSH_NONE, false },
		{ "flush\n\n", RECORD_FLUSH_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct record rec;

		if (record_parse(RECORD_BLOCK, (const uint8_t *)rows[i].in,
			strlen(rows[i].in), false, &rec) != rows[i].is_record ||
		    rec.flush != rows[i].flush)
			fail_msg("\"%s\"", rows[i].in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flush_is_one_of_three_words),
		cmocka_unit_test(test_a_line_is_never_interpreted),
		cmocka_unit_test(test_a_nul_in_a_line_is_content),
		cmocka_unit_test(test_a_cr_inside_a_line_becomes_a_data_line),
		cmocka_unit_test(
		    test_a_bom_is_skipped_at_the_start_of_the_file_only),
		cmocka_unit_test(test_fields_are_read_as_a_browser_reads_them),
		cmocka_unit_test(test_numbers_are_digits_or_ignored),
		cmocka_unit_test(test_what_says_nothing_is_no_record),
		cmocka_unit_test(test_the_body_is_what_stands_before_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("record_fields", tests, NULL, NULL);
}
