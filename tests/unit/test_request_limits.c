/* Requests of any size, and the lists and variables they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/request.h"
#include "spool/mark.h"

/* A GET of /news with this query, from a block of just that size. */
static int
get(const char *query, size_t len, struct request *out)
{
	struct request_vars vars = { 0 };
	struct response response = { 0 };
	char *exact = malloc(len == 0 ? 1 : len);
	int status;

	assert_non_null(exact);
	memcpy(exact, query, len);
	request_set_var(&vars, "REQUEST_METHOD", 14, "GET", 3);
	request_set_var(&vars, "REQUEST_URI", 11, "/news", 5);
	request_set_var(&vars, "QUERY_STRING", 12, exact, len);
	(void)request_parse(&vars, out, &response);
	free(exact);
	status = response.status;
	response_free(&response);
	return status;
}

static int
get_text(const struct buf *query)
{
	struct request req;
	int status = get((const char *)query->data, query->len, &req);

	request_free(&req);
	return status;
}

static void
test_only_the_variables_that_matter_are_kept(void **state)
{
	struct request_vars vars = { 0 };

	(void)state;
	request_set_var(&vars, "REQUEST_URIX", 12, "/a", 2);
	request_set_var(&vars, "REQUEST_UR", 10, "/a", 2);
	request_set_var(&vars, "request_uri", 11, "/a", 2);
	request_set_var(&vars, "", 0, "/a", 2);
	request_set_var(&vars, "PATH_INFOX", 10, "/a", 2);
	for (size_t i = 0; i < VAR_COUNT; i++)
		assert_null(vars.var[i].text);
	/* The last value counts, and is not copied. */
	request_set_var(&vars, "REQUEST_URI", 11, "/c", 2);
	request_set_var(&vars, "REQUEST_URI", 11, "/b", 2);
	assert_int_equal(vars.var[VAR_URI].len, 2);
	assert_memory_equal(vars.var[VAR_URI].text, "/b", 2);
	request_set_var(&vars, "HTTP_ACCEPT", 11, "x", 1);
	request_set_var(&vars, "HTTP_ACCEPT", 11, "", 0);
	assert_non_null(vars.var[VAR_ACCEPT].text);
	assert_int_equal(vars.var[VAR_ACCEPT].len, 0);
}

static void
test_variables_have_the_names_that_servers_use(void **state)
{
	(void)state;
	assert_string_equal(request_var_name(VAR_METHOD), "REQUEST_METHOD");
	assert_string_equal(request_var_name(VAR_URI), "REQUEST_URI");
	assert_string_equal(request_var_name(VAR_QUERY), "QUERY_STRING");
	assert_string_equal(
	    request_var_name(VAR_LAST_EVENT_ID), "HTTP_LAST_EVENT_ID");
	assert_string_equal(request_var_name(VAR_ACCEPT), "HTTP_ACCEPT");
}

static void
test_a_list_keeps_each_text_once_and_in_order(void **state)
{
	struct text_list list = { 0 };
	size_t i = 0;

	(void)state;
	assert_false(text_list_has(&list, "a", 1));
	for (int round = 0; round < 2; round++) {
		assert_int_equal(text_list_add(&list, "b", 1), 0);
		assert_int_equal(text_list_add(&list, "abc", 2), 0);
		assert_int_equal(text_list_add(&list, "a", 1), 0);
	}
	assert_int_equal(list.count, 3);
	assert_true(text_list_has(&list, "ab", 2));
	assert_false(text_list_has(&list, "abc", 3));
	assert_false(text_list_has(&list, "", 0));
	TEXT_LIST_EACH (text, &list) {
		static const char *const want[] = { "b", "ab", "a" };

		assert_true(i < 3);
		assert_string_equal(text, want[i++]);
	}
	assert_int_equal(i, 3);
	buf_free(&list.texts);
}

static void
test_a_cursor_that_is_too_long_is_no_id_at_all(void **state)
{
	struct request_vars vars = { 0 };
	struct response response = { 0 };
	struct request req;
	char cursor[30000];

	(void)state;
	memset(cursor, 'A', sizeof(cursor));
	request_set_var(&vars, "REQUEST_METHOD", 14, "GET", 3);
	request_set_var(&vars, "REQUEST_URI", 11, "/news", 5);
	request_set_var(
	    &vars, "HTTP_LAST_EVENT_ID", 18, cursor, sizeof(cursor));
	assert_int_equal(request_parse(&vars, &req, &response), 0);
	assert_false(
	    mark_is_sealed((const char *)req.cursor.data, req.cursor.len));
	request_free(&req);
}

static void
test_lists_have_an_end(void **state)
{
	struct buf query = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&query, "channel=c0"), 0);
	for (int i = 1; i < 1000; i++)
		assert_int_equal(buf_printf(&query, ",c%d", i), 0);
	assert_int_equal(get_text(&query), 0);
	assert_int_equal(buf_puts(&query, ",c1000"), 0);
	assert_int_equal(get_text(&query), 400);
	query.len = 0;
	assert_int_equal(buf_puts(&query, "type=t0"), 0);
	for (int i = 1; i < 32; i++)
		assert_int_equal(buf_printf(&query, ",t%d", i), 0);
	assert_int_equal(get_text(&query), 0);
	assert_int_equal(buf_puts(&query, ",t32"), 0);
	assert_int_equal(get_text(&query), 400);
	query.len = 0;
	assert_int_equal(buf_printf(&query, "type=%0256d", 0), 0);
	assert_int_equal(get_text(&query), 0);
	assert_int_equal(buf_puts(&query, "0"), 0);
	assert_int_equal(get_text(&query), 400);
	buf_free(&query);
}

static void
test_a_huge_query_is_read_in_reasonable_time(void **state)
{
	struct buf query = { 0 };

	(void)state;
	while (query.len < 200000)
		assert_int_equal(buf_puts(&query, "&x=%%41%4&=&"), 0);
	assert_int_equal(get_text(&query), 0);
	query.len = 0;
	assert_int_equal(buf_puts(&query, "channel="), 0);
	while (query.len < 200000)
		assert_int_equal(buf_puts(&query, "same,"), 0);
	assert_int_equal(get_text(&query), 0);
	buf_free(&query);
}

/* Every escape, good or not, at the very end of what is there. */
static void
test_escapes_are_not_read_beyond_the_end(void **state)
{
	static const char query[] = "lastEventId=%41%4a%4A%%4%zz%2";
	struct request req;

	(void)state;
	for (size_t len = 12; len <= sizeof(query) - 1; len++) {
		assert_int_equal(get(query, len, &req), 0);
		request_free(&req);
	}
	assert_int_equal(get(query, sizeof(query) - 1, &req), 0);
	assert_int_equal(req.cursor.len, 11);
	assert_memory_equal(req.cursor.data, "AJJ%%4%zz%2", 11);
	request_free(&req);
	/* Each escape gives its byte; '+' is a blank. */
	for (int byte = 0; byte < 256; byte++) {
		char escape[32];

		snprintf(escape, sizeof(escape), "lastEventId=+%%%02x", byte);
		assert_int_equal(get(escape, strlen(escape), &req), 0);
		assert_int_equal(req.cursor.len, 2);
		assert_int_equal(req.cursor.data[0], ' ');
		assert_int_equal(req.cursor.data[1], byte);
		request_free(&req);
	}
}

static void
test_a_flush_mode_is_a_short_word(void **state)
{
	static const struct {
		const char *query;
		int status;
		const char *flush;
	} rows[] = {
		{ "", 0, "" },
		{ "flush=close", 0, "close" },
		{ "flush=stream&flush=pad", 0, "pad" },
		/* Which words there are is found out later. */
		{ "flush=x", 0, "x" },
		{ "flush=123456789012345", 0, "123456789012345" },
		{ "flush=1234567890123456", 400, "" },
		{ "flush=", 400, "" },
		{ "flush", 400, "" },
		{ "flush=a%00b", 400, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request req;

		assert_int_equal(
		    get(rows[i].query, strlen(rows[i].query), &req),
		    rows[i].status);
		assert_string_equal(req.flush, rows[i].flush);
		request_free(&req);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flush_mode_is_a_short_word),
		cmocka_unit_test(test_only_the_variables_that_matter_are_kept),
		cmocka_unit_test(
		    test_variables_have_the_names_that_servers_use),
		cmocka_unit_test(test_a_list_keeps_each_text_once_and_in_order),
		cmocka_unit_test(
		    test_a_cursor_that_is_too_long_is_no_id_at_all),
		cmocka_unit_test(test_lists_have_an_end),
		cmocka_unit_test(test_a_huge_query_is_read_in_reasonable_time),
		cmocka_unit_test(test_escapes_are_not_read_beyond_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("request_limits", tests, NULL, NULL);
}
