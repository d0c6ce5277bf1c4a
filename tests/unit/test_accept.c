/* Which Accept fields let a stream through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/accept.h"

#define STREAM "text/event-stream"

static const struct {
	const char *field;
	enum accept_match match;
} rows[] = {
	/* What browsers, curl and libraries send. */
	{ "text/event-stream", ACCEPT_NAMED },
	{ "*/*", ACCEPT_RANGE },
	{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	    ACCEPT_RANGE },
	{ "application/json, text/event-stream", ACCEPT_NAMED },
	{ "application/json", ACCEPT_NO },
	{ "text/html", ACCEPT_NO },
	{ "text/*", ACCEPT_RANGE },
	{ "text/*;q=0.1", ACCEPT_RANGE },
	/* None at all accepts anything (RFC 9110 12.5.1). */
	{ "", ACCEPT_RANGE },
	{ " \t ", ACCEPT_RANGE },
	/* Names have no case, and parameters and blanks do no harm. */
	{ "Text/Event-Stream", ACCEPT_NAMED },
	{ "TEXT/*", ACCEPT_RANGE },
	{ "text/event-stream; charset=utf-8", ACCEPT_NAMED },
	{ "text/event-stream ; q=1", ACCEPT_NAMED },
	{ "\ttext/event-stream\t", ACCEPT_NAMED },
	{ "text/html ,\ttext/event-stream", ACCEPT_NAMED },
	{ ",,text/event-stream,,", ACCEPT_NAMED },
	{ "text/event-stream;", ACCEPT_NAMED },
	{ "text/event-stream;;;", ACCEPT_NAMED },
	/* A weight of 0 means "not this"; any other is as good as 1. */
	{ "text/event-stream;q=0", ACCEPT_NO },
	{ "text/event-stream;q=0.0", ACCEPT_NO },
	{ "text/event-stream;q=0.000", ACCEPT_NO },
	{ "text/event-stream;Q=0", ACCEPT_NO },
	{ "text/event-stream; charset=utf-8; q=0", ACCEPT_NO },
	{ "text/event-stream ; q=0 ", ACCEPT_NO },
	{ "text/event-stream;q=0.001", ACCEPT_NAMED },
	{ "text/event-stream;q=0.5", ACCEPT_NAMED },
	{ "text/event-stream;q=1", ACCEPT_NAMED },
	{ "text/event-stream;xq=0", ACCEPT_NAMED },
	{ "*/*;q=0", ACCEPT_NO },
	{ "text/*;q=0", ACCEPT_NO },
	/* The most specific range decides, in whatever order they stand. */
	{ "*/*, text/event-stream;q=0", ACCEPT_NO },
	{ "text/event-stream;q=0, */*", ACCEPT_NO },
	{ "*/*;q=0, text/event-stream", ACCEPT_NAMED },
	{ "text/event-stream, */*;q=0", ACCEPT_NAMED },
	{ "text/*;q=0, */*", ACCEPT_NO },
	{ "*/*;q=0, text/*", ACCEPT_RANGE },
	{ "text/html;q=0, */*", ACCEPT_RANGE },
	/* Only looks like it. */
	{ "text/event-streams", ACCEPT_NO },
	{ "text/event-strea", ACCEPT_NO },
	{ "xtext/event-stream", ACCEPT_NO },
	{ "text", ACCEPT_NO },
	{ "text/", ACCEPT_NO },
	{ "/", ACCEPT_NO },
	{ "*", ACCEPT_NO },
	{ "*/", ACCEPT_NO },
	{ "*/event-stream", ACCEPT_NO },
	{ "text/**", ACCEPT_NO },
	{ "tex/*", ACCEPT_NO },
	{ ",", ACCEPT_NO },
	{ ";q=0", ACCEPT_NO },
	{ "=", ACCEPT_NO },
};

static void
test_fields_are_judged_as_the_standard_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].field);
		/* Just that size, so that a read beyond it is noticed. */
		char *exact = malloc(len == 0 ? 1 : len);
		enum accept_match match;

		assert_non_null(exact);
		memcpy(exact, rows[i].field, len);
		match = accept_match(exact, len, STREAM);
		free(exact);
		if (match != rows[i].match)
			fail_msg("\"%s\": %d", rows[i].field, match);
	}
}

static void
test_a_missing_field_accepts_anything(void **state)
{
	(void)state;
	assert_int_equal(accept_match(NULL, 0, STREAM), ACCEPT_RANGE);
}

static void
test_other_types_are_judged_alike(void **state)
{
	static const char field[] = "application/json, text/*;q=0.5";
	size_t len = sizeof(field) - 1;

	(void)state;
	assert_int_equal(
	    accept_match(field, len, "application/json"), ACCEPT_NAMED);
	assert_int_equal(accept_match(field, len, "text/plain"), ACCEPT_RANGE);
	assert_int_equal(
	    accept_match(field, len, "application/xml"), ACCEPT_NO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_are_judged_as_the_standard_says),
		cmocka_unit_test(test_a_missing_field_accepts_anything),
		cmocka_unit_test(test_other_types_are_judged_alike),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
