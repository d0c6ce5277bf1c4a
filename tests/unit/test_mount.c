/* The lists of channels that a web server hands over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/request.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_only_the_variable_itself_is_one(void **state)
{
	static const struct {
		const char *name;
		bool is_var;
	} rows[] = {
		{ "SPOOLCAST_CHANNELS", true },
		{ "REDIRECT_SPOOLCAST_CHANNELS", true },
		{ "REDIRECT_REDIRECT_SPOOLCAST_CHANNELS", true },
		{ "HTTP_SPOOLCAST_CHANNELS", false },
		{ "HTTP_REDIRECT_SPOOLCAST_CHANNELS", false },
		{ "REDIRECT_HTTP_SPOOLCAST_CHANNELS", false },
		{ "spoolcast_channels", false },
		{ "SPOOLCAST_CHANNEL", false },
		{ "SPOOLCAST_CHANNELS_", false },
		{ "REDIRECT_", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_int_equal(
		    mount_is_var(rows[i].name, strlen(rows[i].name)),
		    rows[i].is_var);
}

static void
test_each_list_narrows_what_was_there(void **state)
{
	static const struct {
		const char *lists[4];
		const char *inside, *outside; /* names with a blank between */
	} rows[] = {
		{ { NULL }, "news private", "" },
		{ { "*" }, "news private", "" },
		{ { "news" }, "news", "new newsy private" },
		{ { " news ,\tbuild-* " }, "news build-1", "private build" },
		{ { "news,a", "news,b" }, "news", "a b" },
		{ { "news", "*" }, "news", "a" },
		{ { "*", "news" }, "news", "a" },
		{ { "news", "news" }, "news", "a" },
		{ { "news", "private" }, "", "news private" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct mount mount = { 0 };
		char names[64], *name;

		for (size_t j = 0; rows[i].lists[j] != NULL; j++)
			assert_int_equal(mount_add(&mount, rows[i].lists[j],
					     strlen(rows[i].lists[j])),
			    0);
		assert_false(mount.is_bad);
		snprintf(names, sizeof(names), "%s", rows[i].inside);
		for (name = strtok(names, " "); name; name = strtok(NULL, " "))
			assert_true(mount_has(&mount.lists, name));
		snprintf(names, sizeof(names), "%s", rows[i].outside);
		for (name = strtok(names, " "); name; name = strtok(NULL, " "))
			assert_false(mount_has(&mount.lists, name));
		mount_free(&mount);
	}
}

static void
test_what_is_no_list_lets_nothing_be_heard(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ " ", 1 },
		{ ",", 1 },
		{ "news,", 5 },
		{ ",news", 5 },
		{ "news,,a", 7 },
		{ "news a", 6 },
		{ "\"news\"", 6 },
		{ "news;a", 6 },
		{ "-news", 5 },
		{ "news\n", 5 },
		{ "news\0a", 6 },
		{ "*\0", 2 },
		{ "n\xc3\xa9ws", 6 },
		{ "[a", 2 },
		{ "../*", 4 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct mount mount = { 0 };

		assert_int_equal(mount_add(&mount, "*", 1), 0);
		assert_int_equal(
		    mount_add(&mount, rows[i].text, rows[i].len), 0);
		assert_true(mount.is_bad);
		/* A good one behind it does not make up for it. */
		assert_int_equal(mount_add(&mount, "news", 4), 0);
		assert_true(mount.is_bad);
		mount_free(&mount);
	}
}

static void
test_the_environment_narrows_however_often_it_says_so(void **state)
{
	char path[] = "PATH=/bin", header[] = "HTTP_SPOOLCAST_CHANNELS=",
	     bare[] = "SPOOLCAST_CHANNELS", one[] = "SPOOLCAST_CHANNELS=news,a",
	     two[] = "REDIRECT_SPOOLCAST_CHANNELS=news,b",
	     three[] = "SPOOLCAST_CHANNELS=news,a,b";
	char *const env[] = { path, one, header, bare, two, three, NULL };
	struct mount mount = { 0 };

	(void)state;
	mount_add_env(&mount, env);
	assert_false(mount.is_bad);
	assert_int_equal(mount.lists.count, 3);
	assert_true(mount_has(&mount.lists, "news"));
	assert_false(mount_has(&mount.lists, "a"));
	assert_false(mount_has(&mount.lists, "b"));
	mount_free(&mount);
}

/* Read a request with these values of the variable, as often as they are. */
static void
parse(const char *name, const char *const *values, size_t n,
    struct request *request)
{
	struct request_vars vars = { 0 };
	struct response response = { 0 };

	request_set_var(&vars, "REQUEST_METHOD", 14, "GET", 3);
	request_set_var(&vars, "REQUEST_URI", 11, "/events/news", 12);
	for (size_t i = 0; i < n; i++)
		request_set_var(
		    &vars, name, strlen(name), values[i], strlen(values[i]));
	assert_int_equal(request_parse(&vars, request, &response), 0);
}

static void
test_a_variable_given_twice_narrows_twice(void **state)
{
	static const char *const values[] = { "news,a", "*", "news,b" };
	static const char *const many[] = { "*", "*", "*", "*", "*", "*", "*",
		"*", "news" };
	struct request request;

	(void)state;
	parse(MOUNT_VAR, values, 3, &request);
	assert_false(request.mount.is_bad);
	assert_true(mount_has(&request.mount.lists, "news"));
	assert_false(mount_has(&request.mount.lists, "a"));
	assert_false(mount_has(&request.mount.lists, "b"));
	request_free(&request);
	/* None that came last is passed over. */
	parse(MOUNT_VAR, many, 9, &request);
	assert_true(request.mount.is_bad);
	request_free(&request);
}

static void
test_a_header_of_a_client_is_no_list(void **state)
{
	static const char *const values[] = { "private", "" };
	struct request request;

	(void)state;
	parse("HTTP_SPOOLCAST_CHANNELS", values, 2, &request);
	assert_false(request.mount.is_bad);
	assert_int_equal(request.mount.lists.count, 0);
	request_free(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_variable_itself_is_one),
		cmocka_unit_test(test_each_list_narrows_what_was_there),
		cmocka_unit_test(test_what_is_no_list_lets_nothing_be_heard),
		cmocka_unit_test(
		    test_the_environment_narrows_however_often_it_says_so),
		cmocka_unit_test(test_a_variable_given_twice_narrows_twice),
		cmocka_unit_test(test_a_header_of_a_client_is_no_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mount", tests, NULL, NULL);
}
