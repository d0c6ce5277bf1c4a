/* Answers without a stream, and headers of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/answer.h"
#include "wire/wire.h"

/* The answer as text; valid until the next call. */
static const char *
text_of(const struct answer *answer, int has_body)
{
	static char text[2048];
	struct buf out = { 0 };

	assert_int_equal(
	    answer_append(&out, answer, has_body, wire_cgi_head), 0);
	assert_true(out.len < sizeof(text));
	assert_null(memchr(out.data, 0, out.len));
	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	buf_free(&out);
	return text;
}

/* Every line before the empty one must be "Name: value" and end in CRLF. */
static void
assert_header_form(const char *text)
{
	const char *line = text;

	while (strncmp(line, "\r\n", 2) != 0) {
		const char *end = strstr(line, "\r\n");
		const char *colon = strchr(line, ':');

		assert_non_null(end);
		assert_non_null(colon);
		assert_true(colon < end);
		assert_int_equal(colon[1], ' ');
		for (const char *p = line; p < end; p++)
			assert_in_range(*p, ' ', '~');
		line = end + 2;
	}
}

static void
test_statuses_come_with_their_phrases_and_fields(void **state)
{
	static const struct {
		int status;
		const char *first;
		const char *also; /* a line that must be there */
	} rows[] = {
		{ 204, "Status: 204 No Content\r\n",
		    "\r\nAllow: GET, HEAD, OPTIONS\r\n" },
		{ 400, "Status: 400 Bad Request\r\n", "\r\n" },
		{ 404, "Status: 404 Not Found\r\n", "\r\n" },
		{ 405, "Status: 405 Method Not Allowed\r\n",
		    "\r\nAllow: GET, HEAD, OPTIONS\r\n" },
		{ 406, "Status: 406 Not Acceptable\r\n", "\r\n" },
		{ 500, "Status: 500 Internal Server Error\r\n", "\r\n" },
		{ 503, "Status: 503 Service Unavailable\r\n",
		    "\r\nRetry-After: 30\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = { 0 };
		const char *text;

		assert_int_equal(
		    answer_set(&answer, rows[i].status, "because of %d", 5),
		    -1);
		assert_int_equal(answer.status, rows[i].status);
		text = text_of(&answer, 1);
		assert_memory_equal(text, rows[i].first, strlen(rows[i].first));
		assert_non_null(strstr(text, rows[i].also));
		assert_non_null(
		    strstr(text, "\r\nCache-Control: no-store\r\n"));
		assert_header_form(text);
		assert_int_equal(
		    strstr(text, "Retry-After") != NULL, rows[i].status == 503);
	}
}

static void
test_the_body_is_one_line_and_may_be_left_out(void **state)
{
	struct answer answer = { 0 };
	const char *body;

	(void)state;
	answer_set(&answer, 404, "no channel \"%s\"", "news");
	body = strstr(text_of(&answer, 1), "\r\n\r\n");
	assert_non_null(body);
	assert_string_equal(body, "\r\n\r\nspoolcast: no channel \"news\"\n");
	assert_non_null(strstr(text_of(&answer, 1),
	    "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	assert_non_null(strstr(
	    text_of(&answer, 1), "\r\nX-Content-Type-Options: nosniff\r\n"));
	/* HEAD: the same fields without it. */
	body = strstr(text_of(&answer, 0), "\r\n\r\n");
	assert_string_equal(body, "\r\n\r\n");
	assert_non_null(strstr(text_of(&answer, 0), "\r\nContent-Type: "));
}

static void
test_no_content_has_none(void **state)
{
	struct answer answer = { 0 };

	(void)state;
	answer_set(&answer, 204, "%s", "");
	assert_null(strstr(text_of(&answer, 1), "Content-Type"));
	assert_string_equal(
	    strstr(text_of(&answer, 1), "\r\n\r\n"), "\r\n\r\n");
}

static void
test_hostile_text_stays_on_its_line(void **state)
{
	struct answer answer = { 0 };

	(void)state;
	answer_set(&answer, 400, "a%sb", "\r\n\r\n<script>\t\x7f\xff\xc3\xa4");
	assert_string_equal(answer.text,
	    "a???"
	    "?<script>???"
	    "??b");
	/* Printable ASCII all stays. */
	for (int c = ' '; c <= '~'; c++) {
		answer_set(&answer, 400, "%c", c);
		assert_int_equal(answer.text[0], c);
	}
}

static void
test_text_that_is_too_long_is_cut(void **state)
{
	struct answer answer = { 0 };
	char longest[600];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(answer_set(&answer, 400, "%s", longest), -1);
	assert_int_equal(strlen(answer.text), sizeof(answer.text) - 1);
	assert_header_form(text_of(&answer, 1));
}

static void
test_a_stream_says_where_it_starts(void **state)
{
	static const char *const lines[] = {
		"\r\nContent-Type: text/event-stream; charset=utf-8\r\n",
		"\r\nCache-Control: no-cache, no-store, no-transform\r\n",
		"\r\nX-Accel-Buffering: no\r\n",
		"\r\nX-Content-Type-Options: nosniff\r\n",
		"\r\nLast-Event-ID: USU4AAAAAAAAAAA.AAAA\r\n",
	};
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(answer_append_stream(&out, "USU4AAAAAAAAAAA.AAAAxxx",
			     20, 0, wire_cgi_head),
	    0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_header_form((const char *)out.data);
	assert_memory_equal(out.data, "Status: 200 OK\r\n", 16);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(strstr((const char *)out.data, lines[i]));
	/* These belong to the web server. */
	assert_null(strstr((const char *)out.data, "\r\nConnection:"));
	assert_null(strstr((const char *)out.data, "Transfer-Encoding"));
	assert_null(strstr((const char *)out.data, "Content-Length"));
	/* Where it is not known to help, it may be answered by 501. */
	assert_null(strstr((const char *)out.data, "Incremental"));
	assert_null(strstr((const char *)out.data, "Content-Encoding"));
	assert_string_equal(
	    strstr((const char *)out.data, "\r\n\r\n"), "\r\n\r\n");
	buf_free(&out);
}

static void
test_a_refusal_to_an_eventsource_has_no_start(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&out, "before"), 0);
	assert_int_equal(
	    answer_append_stream(&out, NULL, 0,
		ANSWER_INCREMENTAL | ANSWER_IDENTITY, wire_cgi_head),
	    0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_memory_equal(out.data, "beforeStatus: 200 OK\r\n", 22);
	assert_null(strstr((const char *)out.data, "Last-Event-ID"));
	assert_non_null(
	    strstr((const char *)out.data, "\r\nIncremental: ?1\r\n"));
	assert_non_null(strstr(
	    (const char *)out.data, "\r\nContent-Encoding: identity\r\n"));
	assert_header_form((const char *)out.data + 6);
	buf_free(&out);
}

/* Headers and the first body bytes must fit what the strictest relay passes:
 * even the longest id leaves them in one small write. */
static void
test_the_longest_header_block_stays_small(void **state)
{
	struct buf out = { 0 };
	char id[128];

	(void)state;
	memset(id, 'A', sizeof(id));
	assert_int_equal(
	    answer_append_stream(&out, id, sizeof(id),
		ANSWER_INCREMENTAL | ANSWER_IDENTITY, wire_cgi_head),
	    0);
	assert_true(out.len < 512);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_statuses_come_with_their_phrases_and_fields),
		cmocka_unit_test(test_the_body_is_one_line_and_may_be_left_out),
		cmocka_unit_test(test_no_content_has_none),
		cmocka_unit_test(test_hostile_text_stays_on_its_line),
		cmocka_unit_test(test_text_that_is_too_long_is_cut),
		cmocka_unit_test(test_a_stream_says_where_it_starts),
		cmocka_unit_test(test_a_refusal_to_an_eventsource_has_no_start),
		cmocka_unit_test(test_the_longest_header_block_stays_small),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
