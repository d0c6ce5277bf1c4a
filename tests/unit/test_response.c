/* Responses of all kinds: heads, fields and bodies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/response.h"
#include "wire/wire.h"

#define STREAM "text/event-stream; charset=utf-8"

/* The response as text; valid until the next call. */
static const char *
text_of(const struct response *response, bool has_body)
{
	static char text[4096];
	struct buf out = { 0 };

	assert_int_equal(
	    response_append(&out, response, has_body, wire_cgi_head), 0);
	assert_true(out.len < sizeof(text));
	assert_null(memchr(out.data, 0, out.len));
	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	buf_free(&out);
	return text;
}

/* The body that a refusal with this text has; valid until the next call. */
static const char *
refusal(const char *text)
{
	struct response response = { 0 };
	const char *body;

	response_refuse(&response, 400, "%s", text);
	body = strstr(text_of(&response, true), "\r\n\r\n");
	assert_non_null(body);
	response_free(&response);
	return body + 4;
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
		const char *want; /* the head */
	} rows[] = {
		{ 400,
		    "Status: 400 Bad Request\r\nCache-Control: no-store\r\n" },
		{ 404, "Status: 404 Not Found\r\nCache-Control: no-store\r\n" },
		{ 405,
		    "Status: 405 Method Not Allowed\r\n"
		    "Cache-Control: no-store\r\n"
		    "Allow: GET, HEAD, OPTIONS\r\n" },
		{ 406,
		    "Status: 406 Not Acceptable\r\n"
		    "Cache-Control: no-store\r\n" },
		{ 500,
		    "Status: 500 Internal Server Error\r\n"
		    "Cache-Control: no-store\r\n" },
		{ 503,
		    "Status: 503 Service Unavailable\r\n"
		    "Cache-Control: no-store\r\nRetry-After: 30\r\n" },
		{ 299, "Status: 299 Unknown\r\nCache-Control: no-store\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct response response = { 0 };
		char want[512];

		assert_int_equal(response_refuse(&response, rows[i].status,
				     "because of %d", 5),
		    -1);
		assert_int_equal(response.status, rows[i].status);
		snprintf(want, sizeof(want),
		    "%sContent-Type: text/plain; charset=utf-8\r\n"
		    "X-Content-Type-Options: nosniff\r\n\r\n",
		    rows[i].want);
		/* HEAD gets the same fields without the body. */
		assert_string_equal(text_of(&response, false), want);
		strcat(want, "spoolcast: because of 5\n");
		assert_string_equal(text_of(&response, true), want);
		response_free(&response);
	}
}

static void
test_no_content_has_none(void **state)
{
	struct response response = { 0 };

	(void)state;
	/* What was to be sent before counts no more. */
	response_refuse(&response, 404, "no channel");
	response_set(&response, 204);
	assert_string_equal(text_of(&response, true),
	    "Status: 204 No Content\r\nCache-Control: no-store\r\n"
	    "Allow: GET, HEAD, OPTIONS\r\n\r\n");
	response_free(&response);
}

static void
test_hostile_text_stays_on_its_line(void **state)
{
	char text[2] = { 0 }, want[32];

	(void)state;
	assert_string_equal(refusal("a\r\n\r\n<script>\t\x7f\xff\xc3\xa4"
				    "b"),
	    "spoolcast: a???"
	    "?<script>???"
	    "??b\n");
	/* Printable ASCII all stays. */
	for (int c = ' '; c <= '~'; c++) {
		text[0] = (char)c;
		snprintf(want, sizeof(want), "spoolcast: %c\n", c);
		assert_string_equal(refusal(text), want);
	}
}

static void
test_a_line_that_is_too_long_is_cut(void **state)
{
	char longest[600];
	const char *body;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	body = refusal(longest);
	assert_int_equal(strlen(body), strlen("spoolcast: ") + 255 + 1);
	assert_int_equal(body[strlen(body) - 1], '\n');
}

static void
test_a_body_may_be_of_any_length_and_type(void **state)
{
	struct response response = { 0 };
	const char *text;

	(void)state;
	response_set(&response, 200);
	response.type = "application/json";
	for (int i = 0; i < 100; i++)
		assert_int_equal(
		    buf_printf(&response.body, "{\"line\":%d}\n", i), 0);
	text = text_of(&response, true);
	assert_header_form(text);
	assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
	assert_int_equal(
	    strlen(strstr(text, "\r\n\r\n") + 4), response.body.len);
	response_free(&response);
}

static void
test_a_stream_has_what_keeps_others_from_collecting_it(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_stream(&response, STREAM);
	response_field(&response, "Last-Event-ID", "USU4AA.AAAAxxx", 11);
	response_field(&response, "Incremental", "?1", 2);
	assert_int_equal(buf_puts(&response.body, "retry: 1\n"), 0);
	/*
	 * Connection, Transfer-Encoding and Content-Length belong to the web
	 * server.
	 */
	assert_string_equal(text_of(&response, true),
	    "Status: 200 OK\r\n"
	    "Content-Type: text/event-stream; charset=utf-8\r\n"
	    "Cache-Control: no-cache, no-store, no-transform\r\n"
	    "X-Accel-Buffering: no\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Last-Event-ID: USU4AA.AAAA\r\n"
	    "Incremental: ?1\r\n\r\nretry: 1\n");
	response_free(&response);
}

static void
test_fields_stay_whatever_is_decided(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_field(&response, "Vary", "Origin", 6);
	response_stream(&response, STREAM);
	response_refuse(&response, 404, "no channel");
	assert_non_null(
	    strstr(text_of(&response, true), "\r\nVary: Origin\r\n\r\n"));
	assert_header_form(text_of(&response, true));
	response_set(&response, 204);
	assert_non_null(
	    strstr(text_of(&response, true), "\r\nVary: Origin\r\n\r\n"));
	response_free(&response);
}

static void
test_a_hostile_value_stays_in_its_field(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_set(&response, 204);
	response_field(&response, "Vary", "a\r\n\r\n\0\xff<b", 9);
	assert_header_form(text_of(&response, true));
	assert_non_null(strstr(text_of(&response, true),
	    "\r\nVary: a?????"
	    "?<b\r\n\r\n"));
	response_free(&response);
}

static void
test_what_lacks_a_part_is_not_sent(void **state)
{
	struct response response = { 0 };
	struct buf out = { 0 };

	(void)state;
	response_stream(&response, STREAM);
	response.has_failed = true;
	errno = 0;
	assert_int_equal(
	    response_append(&out, &response, true, wire_cgi_head), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(out.len, 0);
	/* An empty one is as good as new. */
	response_free(&response);
	response_set(&response, 204);
	assert_int_equal(
	    response_append(&out, &response, true, wire_cgi_head), 0);
	response_free(&response);
	buf_free(&out);
}

/*
 * Head and first bytes of the body must fit what the strictest relay passes:
 * even the longest id leaves them in one small write.
 */
static void
test_the_longest_head_of_a_stream_stays_small(void **state)
{
	struct response response = { 0 };
	char id[128];

	(void)state;
	memset(id, 'A', sizeof(id));
	response_stream(&response, STREAM);
	response_field(&response, "Last-Event-ID", id, sizeof(id));
	response_field(&response, "Content-Encoding", "identity", 8);
	response_field(&response, "Incremental", "?1", 2);
	assert_true(strlen(text_of(&response, true)) < 512);
	response_free(&response);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_statuses_come_with_their_phrases_and_fields),
		cmocka_unit_test(test_no_content_has_none),
		cmocka_unit_test(test_hostile_text_stays_on_its_line),
		cmocka_unit_test(test_a_line_that_is_too_long_is_cut),
		cmocka_unit_test(test_a_body_may_be_of_any_length_and_type),
		cmocka_unit_test(
		    test_a_stream_has_what_keeps_others_from_collecting_it),
		cmocka_unit_test(test_fields_stay_whatever_is_decided),
		cmocka_unit_test(test_a_hostile_value_stays_in_its_field),
		cmocka_unit_test(test_what_lacks_a_part_is_not_sent),
		cmocka_unit_test(test_the_longest_head_of_a_stream_stays_small),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
