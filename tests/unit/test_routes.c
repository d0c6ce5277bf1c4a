/* What a request says of where it goes, and the row that it finds by that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/routes.h"

static const struct route routes[] = {
	{ METHOD_GET, "_status", NULL },
	{ METHOD_OTHER, "_closed", NULL },
	{ METHOD_GET, NULL, NULL },
	{ METHOD_OPTIONS, NULL, NULL },
	{ METHOD_OTHER, NULL, NULL },
};

static void
test_the_last_part_of_the_path_is_the_page(void **state)
{
	static const struct {
		const char *uri, *query, *want;
	} rows[] = {
		{ "/events/_status", NULL, "_status" },
		{ "/_status", NULL, "_status" },
		{ "_status", NULL, "_status" },
		{ "/events/_status/", NULL, "_status" },
		{ "/events/_status?a=/b", NULL, "_status" },
		{ "/events/_status?a", "a", "_status" },
		{ "/events/_status//", NULL, "" },
		/* What is spelled otherwise is no page. */
		{ "/events/%5Fstatus", NULL, "%5Fstatus" },
		{ "/", NULL, "" },
		{ "", NULL, "" },
		{ NULL, "/a", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request_vars vars = { 0 };
		struct request_value page;

		if (rows[i].uri != NULL)
			request_set_var(&vars, "REQUEST_URI", 11, rows[i].uri,
			    strlen(rows[i].uri));
		if (rows[i].query != NULL)
			request_set_var(&vars, "QUERY_STRING", 12,
			    rows[i].query, strlen(rows[i].query));
		page = request_page(&vars);
		assert_int_equal(page.len, strlen(rows[i].want));
		if (page.len > 0)
			assert_memory_equal(page.text, rows[i].want, page.len);
	}
}

static void
test_method_and_page_choose_the_first_row_that_fits(void **state)
{
	static const struct {
		const char *method, *uri;
		size_t want;
	} rows[] = {
		{ "GET", "/events/_status", 0 },
		{ "GET", "/events/_status/?a=1", 0 },
		{ "GET", "/events/_closed", 1 },
		{ "OPTIONS", "/events/_closed", 1 },
		{ "POST", "/events/_closed", 1 },
		{ "GET", "/events/news", 2 },
		{ "GET", "/events/_status/news", 2 },
		{ "GET", "/events/_statu", 2 },
		{ "GET", "/events/_status1", 2 },
		{ "GET", "/events/%5Fstatus", 2 },
		{ "GET", "/events/news?_status", 2 },
		{ "GET", "", 2 },
		{ "OPTIONS", "/events/_status", 3 },
		{ "HEAD", "/events/_status", 4 },
		{ "POST", "/events/news", 4 },
		{ "", "/events/news", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request_vars vars = { 0 };

		request_set_var(&vars, "REQUEST_METHOD", 14, rows[i].method,
		    strlen(rows[i].method));
		request_set_var(
		    &vars, "REQUEST_URI", 11, rows[i].uri, strlen(rows[i].uri));
		assert_ptr_equal(
		    routes_find(routes, &vars), &routes[rows[i].want]);
	}
}

static void
test_a_request_that_says_nothing_finds_the_last_row(void **state)
{
	struct request_vars vars = { 0 };

	(void)state;
	assert_ptr_equal(routes_find(routes, &vars), &routes[4]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_part_of_the_path_is_the_page),
		cmocka_unit_test(
		    test_method_and_page_choose_the_first_row_that_fits),
		cmocka_unit_test(
		    test_a_request_that_says_nothing_finds_the_last_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
