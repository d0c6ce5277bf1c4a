/* The bytes of events and notices; test_event_oracle.c reads them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/event.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define R "\xef\xbf\xbd"

static const struct span id = { (const uint8_t *)"ABcd-_9", 7 };

static void
assert_bytes(const struct buf *got, const char *want)
{
	if (got->len == strlen(want) && memcmp(got->data, want, got->len) == 0)
		return;
	fail_msg("got \"%.*s\", want \"%s\"", (int)got->len,
	    (const char *)got->data, want);
}

/* The event of a record, whose bytes need not live on. */
static struct buf
event_of(enum record_form form, const char *bytes, size_t len)
{
	uint8_t *exact = malloc(len);
	struct buf out = { 0 };
	struct record rec;

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	assert_true(record_parse(form, exact, len, false, &rec));
	assert_int_equal(event_append(&out, &id, NULL, &rec), 0);
	free(exact);
	return out;
}

#define ID "id: ABcd-_9\n\n"
#define AT "event: spoolcast.at\ndata:\n"

static void
test_records_become_blocks(void **state)
{
	static const struct {
		enum record_form form;
		const char *in, *want;
	} rows[] = {
		{ RECORD_LINE, "hello\n", "data: hello\n" ID },
		{ RECORD_LINE, "a\rb\r\n", "data: a\ndata: b\n" ID },
		{ RECORD_LINE, "\ra\n", "data:\ndata: a\n" ID },
		{ RECORD_LINE, " a\n", "data:  a\n" ID },
		{ RECORD_LINE, "id: 5\n", "data: id: 5\n" ID },
		{ RECORD_LINE, "a\xff\n", "data: a" R "\n" ID },
		{ RECORD_BLOCK, "data: a\n\n", "data: a\n" ID },
		{ RECORD_BLOCK, "data:a\rdata:b\r\n\r",
		    "data: a\ndata: b\n" ID },
		{ RECORD_BLOCK, "data\n\n", "data:\n" ID },
		{ RECORD_BLOCK, "data\ndata\n\n", "data:\ndata:\n" ID },
		{ RECORD_BLOCK, "data:  a\n\n", "data:  a\n" ID },
		{ RECORD_BLOCK, ": x\ndata: a\nfoo: b\nexpires: 9\n\n",
		    "data: a\n" ID },
		{ RECORD_BLOCK, "event: add\ndata: 7\n\n",
		    "event: add\ndata: 7\n" ID },
		{ RECORD_BLOCK, "event:\ndata: 7\n\n", "data: 7\n" ID },
		{ RECORD_BLOCK, "event: a\xc3\ndata: 7\n\n",
		    "event: a" R "\ndata: 7\n" ID },
		{ RECORD_BLOCK, "data: a\ndata: b\xe2\x82\ndata: \xac\n\n",
		    "data: a\ndata: b" R "\ndata: " R "\n" ID },
		{ RECORD_BLOCK, "retry: 5\n\n", "retry: 5\n" AT ID },
		{ RECORD_BLOCK, "retry: 0\n\n", "retry: 0\n" AT ID },
		{ RECORD_BLOCK, "flush: now\n\n", AT ID },
		/* No event: what would be its type is not told. */
		{ RECORD_BLOCK, "retry: 5\nevent: x\n\n", "retry: 5\n" AT ID },
		{ RECORD_BLOCK, "data: a\nretry: 9223372036854775807\n\n",
		    "retry: 86400000\ndata: a\n" ID },
		{ RECORD_BLOCK, "data: a\nid: 5\n\n",
		    "data: a\nid: ABcd-_9~5\n\n" },
		{ RECORD_BLOCK, "retry: 5\nid: 5\n\n",
		    "retry: 5\n" AT "id: ABcd-_9~5\n\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct buf out =
		    event_of(rows[i].form, rows[i].in, strlen(rows[i].in));

		assert_bytes(&out, rows[i].want);
		buf_free(&out);
	}
}

static void
test_a_nul_becomes_a_replacement_character(void **state)
{
	struct buf out = event_of(RECORD_LINE, "a\0b\n", 4);

	(void)state;
	assert_bytes(&out, "data: a" R "b\n" ID);
	buf_free(&out);
	out = event_of(RECORD_BLOCK, "event: \0\ndata: \0\n\n", 18);
	assert_bytes(&out, "event: " R "\ndata: " R "\n" ID);
	buf_free(&out);
}

static bool
is_safe(uint8_t byte)
{
	return byte != 0 &&
	    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789._~-",
		byte) != NULL;
}

/* Every byte as the publisher's whole id, but for line ends, which end it. */
static void
test_hostile_bytes_in_own_ids_become_underscores(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char in[] = "id:  \ndata: a\n\n";
		char want[] = "data: a\nid: ABcd-_9~ \n\n";
		struct buf out;

		if (byte == '\n' || byte == '\r')
			continue;
		in[4] = (char)byte;
		want[20] = (char)(is_safe((uint8_t)byte) ? byte : '_');
		out = event_of(RECORD_BLOCK, in, sizeof(in) - 1);
		assert_bytes(&out, want);
		buf_free(&out);
	}
}

static void
test_ids_with_an_own_part_have_at_most_128_bytes(void **state)
{
	char in[400], marks[200];

	(void)state;
	memset(marks, 'M', sizeof(marks));
	for (size_t n_marks = 1; n_marks < 140; n_marks++) {
		struct span start = { (const uint8_t *)marks, n_marks };
		size_t room = n_marks < 127 ? 127 - n_marks : 0;

		for (size_t own = 1; own < 200; own += 9) {
			struct buf out = { 0 };
			struct record rec;
			size_t used = own < room ? own : room;
			size_t len = n_marks + (used > 0) + used;

			memcpy(in, "id: ", 4);
			memset(in + 4, 'p', own);
			memcpy(in + 4 + own, "\ndata: a\n\n", 10);
			assert_true(record_parse(RECORD_BLOCK,
			    (const uint8_t *)in, own + 14, false, &rec));
			assert_int_equal(
			    event_append(&out, &start, NULL, &rec), 0);
			assert_memory_equal(out.data, "data: a\nid: ", 12);
			assert_int_equal(out.len, 12 + len + 2);
			assert_null(memchr(out.data + 12, '\n', len));
			/* No '~' that nothing follows. */
			assert_int_equal(
			    out.data[11 + len], used > 0 ? 'p' : 'M');
			buf_free(&out);
		}
	}
}

static void
test_notices_have_their_exact_bytes(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(event_append_at(&out, &id), 0);
	assert_bytes(&out, AT ID);
	out.len = 0;
	assert_int_equal(event_append_open(&out, &id), 0);
	assert_bytes(&out, "event: spoolcast.open\ndata:\n" ID);
	out.len = 0;
	assert_int_equal(
	    event_append_gap(&out, &id, "news", GAP_EXPIRED, "oldest"), 0);
	assert_bytes(&out,
	    "event: spoolcast.gap\ndata: {\"channel\":\"news\","
	    "\"reason\":\"expired\",\"resumed\":\"oldest\"}\n" ID);
	out.len = 0;
	assert_int_equal(
	    event_append_gap(&out, &id, "a-b_C", GAP_UNKNOWN, "newest"), 0);
	assert_bytes(&out,
	    "event: spoolcast.gap\ndata: {\"channel\":\"a-b_C\","
	    "\"reason\":\"unknown\",\"resumed\":\"newest\"}\n" ID);
	out.len = 0;
	assert_int_equal(
	    event_append_skipped(&out, &id, "news", UINT64_MAX, 12), 0);
	assert_bytes(&out,
	    "event: spoolcast.skipped\ndata: {\"channel\":\"news\","
	    "\"size\":18446744073709551615,\"position\":12}\n" ID);
	out.len = 0;
	assert_int_equal(event_append_retry(&out, 3000), 0);
	assert_bytes(&out, "retry: 3000\n");
	buf_free(&out);
}

static void
test_a_channel_can_be_the_type(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "data: a\n\n", "event: news\ndata: a\n" ID },
		{ "event:\ndata: a\n\n", "event: news\ndata: a\n" ID },
		{ "event: add\ndata: a\n\n", "event: news.add\ndata: a\n" ID },
		{ "retry: 5\n\n", "retry: 5\n" AT ID },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct buf out = { 0 };
		struct record rec;

		assert_true(
		    record_parse(RECORD_BLOCK, (const uint8_t *)rows[i].in,
			strlen(rows[i].in), false, &rec));
		assert_int_equal(event_append(&out, &id, "news", &rec), 0);
		assert_bytes(&out, rows[i].want);
		buf_free(&out);
	}
}

static void
test_a_channel_with_our_name_makes_no_event_of_ours(void **state)
{
	static const char text[] = "event: gap\ndata: a\n\n";
	struct buf out = { 0 };
	struct record rec;

	(void)state;
	assert_true(record_parse(RECORD_BLOCK, (const uint8_t *)text,
	    sizeof(text) - 1, false, &rec));
	assert_int_equal(event_append(&out, &id, "spoolcast", &rec), 0);
	assert_bytes(&out, "event: spoolcast\ndata: a\n" ID);
	buf_free(&out);
}

static void
test_blocks_are_appended(void **state)
{
	struct buf out = { 0 };
	struct record rec;

	(void)state;
	assert_int_equal(event_append_retry(&out, 1), 0);
	assert_int_equal(event_append_at(&out, &id), 0);
	assert_true(
	    record_parse(RECORD_LINE, (const uint8_t *)"a\n", 2, false, &rec));
	assert_int_equal(event_append(&out, &id, NULL, &rec), 0);
	assert_int_equal(event_append_padding(&out, 3), 0);
	assert_int_equal(event_append_beat(&out, false), 0);
	assert_int_equal(event_append_beat(&out, true), 0);
	assert_bytes(&out,
	    "retry: 1\n" AT ID "data: a\n" ID
	    ": \n:\nevent: spoolcast.beat\ndata:\n\n");
	buf_free(&out);
}

static void
test_padding_is_one_comment_of_just_that_size(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < 3000; bytes += bytes < 20 ? 1 : 97) {
		size_t len = bytes < 2 ? 2 : bytes;
		struct buf out = { 0 };
		const uint8_t *end;

		assert_int_equal(event_append_padding(&out, bytes), 0);
		assert_int_equal(out.len, len);
		assert_int_equal(out.data[0], ':');
		end = memchr(out.data, '\n', out.len);
		assert_int_equal(end - out.data, len - 1);
		assert_null(memchr(out.data, '\r', out.len));
		assert_null(memchr(out.data, 0, out.len));
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_become_blocks),
		cmocka_unit_test(test_a_nul_becomes_a_replacement_character),
		cmocka_unit_test(
		    test_hostile_bytes_in_own_ids_become_underscores),
		cmocka_unit_test(
		    test_ids_with_an_own_part_have_at_most_128_bytes),
		cmocka_unit_test(test_notices_have_their_exact_bytes),
		cmocka_unit_test(test_a_channel_can_be_the_type),
		cmocka_unit_test(
		    test_a_channel_with_our_name_makes_no_event_of_ours),
		cmocka_unit_test(test_blocks_are_appended),
		cmocka_unit_test(test_padding_is_one_comment_of_just_that_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
