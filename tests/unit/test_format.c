/* The table of formats, and how each spells what viewers are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/format.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct span id = { (const uint8_t *)"ABcd-_9", 7 };

static void
test_a_format_is_found_by_its_whole_mode(void **state)
{
	static const char *const none[] = { "", "s", "ss", "ssee", "SSE",
		"json" };

	(void)state;
	assert_non_null(format_usual());
	assert_ptr_equal(format_find("sse", 3), format_usual());
	assert_ptr_equal(format_find("sse&", 3), format_usual());
	for (size_t i = 0; i < N_ROWS(none); i++)
		assert_null(format_find(none[i], strlen(none[i])));
}

static void
test_messages_name_all_modes(void **state)
{
	char modes[] = FORMAT_MODES;

	(void)state;
	for (char *mode = strtok(modes, ", "); mode != NULL;
	     mode = strtok(NULL, ", "))
		assert_non_null(format_find(mode, strlen(mode)));
	assert_non_null(strstr(FORMAT_MODES, format_usual()->mode));
}

/* A whole stream: what each function appends, one after the other. */
static void
test_the_event_stream(void **state)
{
	static const char want[] =
	    "retry: 3000\n"
	    "event: spoolcast.open\ndata:\nid: ABcd-_9\n\n"
	    ": no channel \"news\" yet\n"
	    ":  \n"
	    "event: news\ndata: hello\nid: ABcd-_9\n\n"
	    "data: hello\nid: ABcd-_9\n\n"
	    "event: spoolcast.skipped\ndata: {\"channel\":\"news\","
	    "\"size\":70000,\"position\":12}\nid: ABcd-_9\n\n"
	    "event: spoolcast.gap\ndata: {\"channel\":\"news\","
	    "\"reason\":\"expired\",\"resumed\":\"oldest\"}\nid: ABcd-_9\n\n"
	    "event: spoolcast.at\ndata:\nid: ABcd-_9\n\n"
	    ":\n"
	    "event: spoolcast.beat\ndata:\n\n"
	    "retry: 500\n";
	const struct format *format = format_find("sse", 3);
	struct buf out = { 0 };
	struct record rec;

	(void)state;
	assert_string_equal(format->type, "text/event-stream; charset=utf-8");
	assert_true(record_parse(
	    RECORD_LINE, (const uint8_t *)"hello\n", 6, false, &rec));
	assert_int_equal(format->begin(&out, 3000), 0);
	assert_int_equal(format->open(&out, &id), 0);
	assert_int_equal(format->comment(&out, "no channel \"news\" yet"), 0);
	assert_int_equal(format->padding(&out, 4), 0);
	assert_int_equal(format->record(&out, &id, "news", &rec), 0);
	assert_int_equal(format->record(&out, &id, NULL, &rec), 0);
	assert_int_equal(format->skipped(&out, &id, "news", 70000, 12), 0);
	assert_int_equal(
	    format->gap(&out, &id, "news", GAP_EXPIRED, "oldest"), 0);
	assert_int_equal(format->moved(&out, &id), 0);
	assert_int_equal(format->beat(&out, false), 0);
	assert_int_equal(format->beat(&out, true), 0);
	assert_int_equal(format->end(&out, 500), 0);
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(out.data, want, out.len);
	buf_free(&out);
}

static void
test_a_record_takes_no_more_than_was_said(void **state)
{
	const struct format *format = format_find("sse", 3);
	struct record rec;
	struct buf out = { 0 };

	(void)state;
	assert_true(record_parse(
	    RECORD_LINE, (const uint8_t *)"a\rb\r\xff\xff\n", 7, false, &rec));
	assert_int_equal(format->record(&out, &id, "news", &rec), 0);
	assert_true(out.len <= format->record_size(&rec) + id.len);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_format_is_found_by_its_whole_mode),
		cmocka_unit_test(test_messages_name_all_modes),
		cmocka_unit_test(test_the_event_stream),
		cmocka_unit_test(test_a_record_takes_no_more_than_was_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
