/* What a request means; everything in it is hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/request.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

#define TEXT_MAX 300

/* Variables as a server would set them; NULL: not set. */
struct vars {
	const char *method, *uri, *query, *last_event_id, *accept;
};

static void
set(struct request_vars *vars, enum request_var var, const char *value)
{
	const char *name = request_var_name(var);

	if (value != NULL)
		request_set_var(vars, name, strlen(name), value, strlen(value));
}

/* Return the status, 0 if there is none; ${text} has room for TEXT_MAX. */
static int
parse(const struct vars *vars, struct request *out, char *text)
{
	struct request_vars set_vars = { 0 };
	struct response response = { 0 };
	int rc, status;

	set(&set_vars, VAR_METHOD, vars->method);
	set(&set_vars, VAR_URI, vars->uri);
	set(&set_vars, VAR_QUERY, vars->query);
	set(&set_vars, VAR_LAST_EVENT_ID, vars->last_event_id);
	set(&set_vars, VAR_ACCEPT, vars->accept);
	rc = request_parse(&set_vars, out, &response);
	status = response.status;
	assert_int_equal(rc, status == 0 ? 0 : -1);
	assert_int_equal(response.body.len > 0, status != 0);
	snprintf(text, TEXT_MAX, "%.*s", (int)response.body.len,
	    response.body.len > 0 ? (const char *)response.body.data : "");
	response_free(&response);
	return status;
}

/* A GET of this, that must end in that status. */
static void
get(const char *uri, const char *query, int status, struct request *out)
{
	struct vars vars = { .method = "GET", .uri = uri, .query = query };
	char text[TEXT_MAX];
	int got = parse(&vars, out, text);

	if (got != status)
		fail_msg("%s ? %s: %d \"%s\"", uri == NULL ? "-" : uri,
		    query == NULL ? "-" : query, got, text);
}

static void
assert_list(const struct text_list *list, const char *want)
{
	struct buf joined = { 0 };
	size_t count = 0;

	TEXT_LIST_EACH (text, list) {
		if (count++ > 0)
			assert_int_equal(buf_puts(&joined, ","), 0);
		assert_int_equal(buf_puts(&joined, text), 0);
	}
	assert_int_equal(count, list->count);
	assert_int_equal(buf_append(&joined, "", 1), 0);
	assert_string_equal((const char *)joined.data, want);
	buf_free(&joined);
}

static void
test_channels_come_from_the_path_or_the_query(void **state)
{
	static const struct {
		const char *uri, *query;
		int status;
		const char *channels;
	} rows[] = {
		{ "/news", NULL, 0, "news" },
		{ "/a/b.fcgi/news", "", 0, "news" },
		{ "news", NULL, 0, "news" },
		{ "/events/news,deploy", NULL, 0, "news,deploy" },
		{ "/n%65ws", NULL, 0, "news" },
		{ "/news%2Cdeploy", NULL, 0, "news,deploy" },
		{ "/build-*", NULL, 0, "build-*" },
		{ "/build-%2A", NULL, 0, "build-*" },
		{ "/news,news,a,news", NULL, 0, "news,a" },
		{ "/news,", NULL, 0, "news" },
		{ "http://host/events/news", NULL, 0, "news" },
		/* The query wins, wherever the server put it. */
		{ "/x", "channel=news", 0, "news" },
		{ "/x?channel=news", "channel=news", 0, "news" },
		{ "/x?channel=news", NULL, 0, "news" },
		{ "/x?channel=news", "", 0, "news" },
		{ "/x?channel=a", "channel=b", 0, "b" },
		{ NULL, "channel=news", 0, "news" },
		{ "/x", "channel=a&channel=b", 0, "a,b" },
		{ "/x", "channel=a,b&channel=b,c", 0, "a,b,c" },
		{ "/x", "channel=a%2Cb", 0, "a,b" },
		{ "/x", "&&channel=a&&", 0, "a" },
		{ "/news", "channel=", 0, "news" },
		/* A slash at the end is what rules of sites add. */
		{ "/news/", NULL, 0, "news" },
		{ "/events/news,deploy/", NULL, 0, "news,deploy" },
		{ "/news/?history=5", NULL, 0, "news" },
		{ "/events/", NULL, 0, "events" },
		{ "/events/", "channel=news", 0, "news" },
		{ "/news?", NULL, 0, "news" },
		{ "/news?x?y", NULL, 0, "news" },
		{ "/news?/other", NULL, 0, "news" },
		{ "/news", "t=1709218800000", 0, "news" },
		{ "/news", "CHANNEL=a", 0, "news" },
		{ "/news", "channels=a", 0, "news" },
		/* What is no name is refused, not guessed. */
		{ "/", NULL, 400, NULL },
		{ "", NULL, 400, NULL },
		{ "//", NULL, 400, NULL },
		{ "/news//", NULL, 400, NULL },
		{ "/a.b", NULL, 400, NULL },
		{ "/-a", NULL, 400, NULL },
		{ "/..", NULL, 400, NULL },
		{ "/%2e%2e", NULL, 400, NULL },
		{ "/a%2Fb", NULL, 400, NULL },
		{ "/a%00", NULL, 400, NULL },
		{ "/a+b", NULL, 400, NULL },
		{ "/a%", NULL, 400, NULL },
		{ "/a%4", NULL, 400, NULL },
		{ "/a%4g", NULL, 400, NULL },
		{ "/a%0a", NULL, 400, NULL },
		{ "/a,,b", NULL, 400, NULL },
		{ "/,a", NULL, 400, NULL },
		{ "/x", "channel=a+b", 400, NULL },
		{ "/x", "channel=%00", 400, NULL },
		{ "/x", "channel=a&channel=.x", 400, NULL },
		{ "/x", "channel", 400, NULL },
		{ "/gr%C3%BC%C3%9F", NULL, 400, NULL },
		{ "/[a", NULL, 400, NULL },
		{ NULL, NULL, 500, NULL },
		{ NULL, "history=5", 500, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct request req;

		get(rows[i].uri, rows[i].query, rows[i].status, &req);
		if (rows[i].channels != NULL)
			assert_list(&req.channels, rows[i].channels);
		request_free(&req);
	}
}

static void
test_a_refusal_names_what_was_wrong(void **state)
{
	struct vars vars = { .method = "GET", .uri = "/a\"<b>\xff" };
	char text[TEXT_MAX];
	struct request req;

	(void)state;
	assert_int_equal(parse(&vars, &req, text), 400);
	assert_non_null(strstr(text, "\"a\"<b>?\""));
	request_free(&req);
	vars.uri = "/news";
	vars.query = "history=some";
	assert_int_equal(parse(&vars, &req, text), 400);
	assert_non_null(strstr(text, "history"));
	request_free(&req);
}

static void
test_methods_are_told_apart(void **state)
{
	static const struct {
		const char *method;
		enum request_method want;
	} rows[] = {
		{ "GET", METHOD_GET },
		{ "HEAD", METHOD_HEAD },
		{ "OPTIONS", METHOD_OPTIONS },
		{ "POST", METHOD_OTHER },
		{ "get", METHOD_OTHER },
		{ "GETX", METHOD_OTHER },
		{ "GE", METHOD_OTHER },
		{ "", METHOD_OTHER },
		{ NULL, METHOD_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct vars vars = { .method = rows[i].method, .uri = "/news" };
		struct request_vars set_vars = { 0 };
		char text[TEXT_MAX];
		struct request req;

		set(&set_vars, VAR_METHOD, rows[i].method);
		assert_int_equal(request_method(&set_vars), rows[i].want);
		assert_int_equal(parse(&vars, &req, text), 0);
		assert_int_equal(req.method, rows[i].want);
		request_free(&req);
	}
}

static void
test_accept_is_read_before_the_rest(void **state)
{
	static const struct {
		const char *accept;
		int status;
	} rows[] = {
		{ NULL, 400 },
		{ "", 400 },
		{ "*/*", 400 },
		{ "text/event-stream", 400 },
		{ "application/json", 406 },
		{ "text/event-stream;q=0", 406 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct vars vars = { .method = "GET",
			.uri = "/bad.name",
			.accept = rows[i].accept };
		char text[TEXT_MAX];
		struct request req;

		assert_int_equal(parse(&vars, &req, text), rows[i].status);
		assert_int_equal(req.method, METHOD_GET);
		request_free(&req);
	}
}

static void
test_without_an_address_the_variables_of_cgi_have_the_path(void **state)
{
	static const struct {
		const char *uri, *path, *script, *want;
	} rows[] = {
		{ "/events/news", "/deploy", "/other", "news" },
		{ NULL, "/news", "/events", "news" },
		{ "", "/news", "/events", "news" },
		{ NULL, NULL, "/events/news", "news" },
		{ NULL, "", "/events/news", "news" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct request_vars vars = { 0 };
		struct response response = { 0 };
		struct request req;

		set(&vars, VAR_METHOD, "GET");
		set(&vars, VAR_URI, rows[i].uri);
		set(&vars, VAR_PATH, rows[i].path);
		set(&vars, VAR_SCRIPT, rows[i].script);
		assert_int_equal(request_parse(&vars, &req, &response), 0);
		assert_list(&req.channels, rows[i].want);
		request_free(&req);
	}
}

static void
test_a_name_with_dots_is_told_its_cure(void **state)
{
	static const struct {
		const char *uri;
		int status;
		const char *want;
	} rows[] = {
		{ "/news.json", 404,
		    "no channel \"news.json\": only event streams are served "
		    "here, that of news at .../news" },
		{ "/news.sse", 400,
		    "bad channel name \"news.sse\": the channel is called "
		    "news, whatever the form of its file" },
		{ "/app.log", 400,
		    "bad channel name \"app.log\": a name has no dots; a link "
		    "in the spool gives it one without: ln -s app.log app" },
		{ "/app.log.1", 400, NULL },
		{ "/.json", 400, NULL },
		{ "/-x.json", 400, NULL },
		{ "/news%00.json", 400, NULL },
		{ "/a.json.json", 400, NULL },
		/* A name of 65 bytes. */
		{ "/a234567890123456789012345678901234567890123456789012345678"
		  "90.json",
		    400, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct vars vars = { .method = "GET", .uri = rows[i].uri };
		char text[TEXT_MAX];
		struct request req;

		assert_int_equal(parse(&vars, &req, text), rows[i].status);
		if (rows[i].want != NULL) {
			char want[TEXT_MAX];

			snprintf(want, sizeof(want), "spoolcast: %s\n",
			    rows[i].want);
			assert_string_equal(text, want);
		}
		request_free(&req);
	}
}

static void
test_the_header_wins_over_cursors_in_the_query(void **state)
{
	static const struct {
		const char *header, *query, *want;
	} rows[] = {
		{ NULL, NULL, "" },
		{ "a.b~c", NULL, "a.b~c" },
		{ NULL, "lastEventId=x", "x" },
		{ NULL, "last_event_id=x", "x" },
		{ NULL, "evs_last_event_id=x", "x" },
		{ NULL, "lastEventId=a%7Eb", "a~b" },
		{ NULL, "lastEventId=", "" },
		{ NULL, "lastEventId=x&last_event_id=y", "x" },
		{ NULL, "lastEventId=&last_event_id=y", "y" },
		{ "h", "lastEventId=x", "h" },
		{ "", "lastEventId=x", "x" },
		{ NULL, "lasteventid=x", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct vars vars = { .method = "GET",
			.uri = "/news",
			.query = rows[i].query,
			.last_event_id = rows[i].header };
		char text[TEXT_MAX];
		struct request req;

		assert_int_equal(parse(&vars, &req, text), 0);
		assert_int_equal(req.cursor.len, strlen(rows[i].want));
		if (req.cursor.len > 0)
			assert_memory_equal(
			    req.cursor.data, rows[i].want, req.cursor.len);
		request_free(&req);
	}
}

static void
test_parameters_are_strict(void **state)
{
	static const struct {
		const char *query;
		int status;
		bool has_history;
		uint64_t history;
		size_t padding;
		bool names_channel, wants_beats;
	} rows[] = {
		{ "", 0, false, 0, 0, false, false },
		{ "history=0", 0, true, 0, 0, false, false },
		{ "history=50", 0, true, 50, 0, false, false },
		{ "history=all", 0, true, REQUEST_HISTORY_ALL, 0, false,
		    false },
		{ "history=1&history=2", 0, true, 2, 0, false, false },
		{ "padding=true", 0, false, 0, 2048, false, false },
		{ "padding=0", 0, false, 0, 0, false, false },
		{ "padding=65536", 0, false, 0, 65536, false, false },
		/* What every stream begins with now, whatever it says. */
		{ "open=1", 0, false, 0, 0, false, false },
		{ "open=x", 0, false, 0, 0, false, false },
		{ "open", 0, false, 0, 0, false, false },
		{ "event=channel", 0, false, 0, 0, true, false },
		{ "beat=1", 0, false, 0, 0, false, true },
		{ "beat=0", 0, false, 0, 0, false, false },
		{ "beat=1&beat=0", 0, false, 0, 0, false, false },
		{ "mode=sse&history=1&padding=1&beat=1&event=channel", 0, true,
		    1, 1, true, true },
		{ "history=", 400, false, 0, 0, false, false },
		{ "history", 400, false, 0, 0, false, false },
		{ "history=-1", 400, false, 0, 0, false, false },
		{ "history=+1", 400, false, 0, 0, false, false },
		{ "history=1x", 400, false, 0, 0, false, false },
		{ "history=ALL", 400, false, 0, 0, false, false },
		{ "history=99999999999999999999", 400, false, 0, 0, false,
		    false },
		{ "padding=65537", 400, false, 0, 0, false, false },
		{ "padding=false", 400, false, 0, 0, false, false },
		{ "padding=", 400, false, 0, 0, false, false },
		{ "padding=2K", 400, false, 0, 0, false, false },
		{ "event=", 400, false, 0, 0, false, false },
		{ "event", 400, false, 0, 0, false, false },
		{ "event=type", 400, false, 0, 0, false, false },
		{ "event=channel%00", 400, false, 0, 0, false, false },
		{ "beat=", 400, false, 0, 0, false, false },
		{ "beat", 400, false, 0, 0, false, false },
		{ "beat=2", 400, false, 0, 0, false, false },
		{ "beat=true", 400, false, 0, 0, false, false },
		{ "mode=", 400, false, 0, 0, false, false },
		{ "mode=xyz", 400, false, 0, 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct request req;

		get("/news", rows[i].query, rows[i].status, &req);
		if (rows[i].status == 0) {
			assert_int_equal(req.has_history, rows[i].has_history);
			assert_true(req.history == rows[i].history);
			assert_int_equal(req.padding, rows[i].padding);
			assert_int_equal(
			    req.names_channel, rows[i].names_channel);
			assert_int_equal(req.wants_beats, rows[i].wants_beats);
		}
		request_free(&req);
	}
}

static void
test_types_are_any_text(void **state)
{
	static const struct {
		const char *query;
		int status;
		const char *types;
	} rows[] = {
		{ "", 0, "" },
		{ "type=", 0, "" },
		{ "type=a", 0, "a" },
		{ "type=a,b&type=c,a", 0, "a,b,c" },
		{ "type=a,,b,", 0, "a,b" },
		{ "type=a+b%20c", 0, "a b c" },
		{ "type=gr%C3%BC%C3%9F", 0, "gr\xc3\xbc\xc3\x9f" },
		{ "type=a%00b", 400, NULL },
		{ "type", 400, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct request req;

		get("/news", rows[i].query, rows[i].status, &req);
		if (rows[i].types != NULL)
			assert_list(&req.types, rows[i].types);
		request_free(&req);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channels_come_from_the_path_or_the_query),
		cmocka_unit_test(test_a_refusal_names_what_was_wrong),
		cmocka_unit_test(test_methods_are_told_apart),
		cmocka_unit_test(test_accept_is_read_before_the_rest),
		cmocka_unit_test(
		    test_without_an_address_the_variables_of_cgi_have_the_path),
		cmocka_unit_test(test_a_name_with_dots_is_told_its_cure),
		cmocka_unit_test(
		    test_the_header_wins_over_cursors_in_the_query),
		cmocka_unit_test(test_parameters_are_strict),
		cmocka_unit_test(test_types_are_any_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
