/* The table of forms, and what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/spelling.h"
#include "spool/form.h"

static void
test_what_each_row_makes_is_a_series(void **state)
{
	char path[FORM_SERIES_SIZE];

	(void)state;
	for (size_t i = 0; i < FORMS; i++)
		assert_true(
		    form_is_series(form_series(&forms[i], "news-1", path)));
	assert_string_equal(form_series(&forms[FORM_DROP], "jobs", path),
	    ".spoolcast/jobs.d.log");
}

static void
test_nothing_else_is_a_series(void **state)
{
	static const char *const others[] = { "", "news.1", "news.d",
		"news.d.log", "news.sse.1", "news.sse.", "../news", "/news",
		"a/news", ".spoolcast/news", ".spoolcast/news.sse",
		".spoolcast/news.d", ".spoolcast/streams.log", ".spoolcast/",
		".spoolcast/../news", ".spoolcast/a/b.d.log", "-news",
		".news" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(form_is_series(others[i]));
}

static void
test_a_file_belongs_to_a_channel_by_what_stands_before_its_first_dot(
    void **state)
{
	char name[NAME_MAX_LEN + 1];

	(void)state;
	assert_true(form_name_of("news.sse.12", name));
	assert_string_equal(name, "news");
	assert_true(form_name_of("news.end", name));
	assert_false(form_name_of(".news", name));
	assert_true(form_has_suffix("news"));
	assert_true(form_has_suffix("news.d"));
	assert_false(form_has_suffix("news.1"));
	assert_false(form_has_suffix("news.end"));
}

/* http/ does not know the spool, so its list is one of its own. */
static void
test_a_request_that_names_the_file_is_told_of_the_channel(void **state)
{
	char file[32];

	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		struct response response = { 0 };
		int len;

		if (forms[i].suffix[0] == '\0')
			continue;
		len = snprintf(file, sizeof(file), "news%s", forms[i].suffix);
		spelling_refuse(&response, file, (size_t)len);
		assert_int_equal(response.status, 400);
		assert_int_equal(buf_append(&response.body, "", 1), 0);
		assert_non_null(strstr((const char *)response.body.data,
		    "the channel is called news,"));
		response_free(&response);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_each_row_makes_is_a_series),
		cmocka_unit_test(test_nothing_else_is_a_series),
		cmocka_unit_test(
		    test_a_file_belongs_to_a_channel_by_what_stands_before_its_first_dot),
		cmocka_unit_test(
		    test_a_request_that_names_the_file_is_told_of_the_channel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
