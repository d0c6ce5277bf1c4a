/*
 * publish/message.c and publish/append.c: what a message becomes, read back by
 * the parser that the responder uses, and where in a file it starts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "publish/append.h"
#include "publish/message.h"

/* A literal with its length, so that it may hold NUL. */
#define BYTES(text) text, sizeof(text) - 1

struct encode_case {
	const char *name;
	enum record_form form;
	const char *in;
	size_t in_len;
	const char *want; /* the bytes of the record */
	const char *data; /* what it is read as, lines joined by LF */
	size_t data_len;
};

static const struct encode_case encode_cases[] = {
	{ "a line", RECORD_LINE, BYTES("hi"), "hi\n", BYTES("hi") },
	{ "LF at the end", RECORD_LINE, BYTES("hi\n"), "hi\n", BYTES("hi") },
	{ "CRLF at the end", RECORD_LINE, BYTES("hi\r\n"), "hi\n",
	    BYTES("hi") },
	{ "CR at the end", RECORD_LINE, BYTES("hi\r"), "hi\n", BYTES("hi") },
	{ "three ends within", RECORD_LINE, BYTES("a\nb\r\nc\rd"),
	    "a\rb\rc\rd\n", BYTES("a\nb\nc\nd") },
	{ "an empty last line", RECORD_LINE, BYTES("a\n\n"), "a\r\r\n",
	    BYTES("a\n") },
	{ "only line ends", RECORD_LINE, BYTES("\n\n\n"), "\r\r\r\n",
	    BYTES("\n\n") },
	{ "CRLF then LF", RECORD_LINE, BYTES("a\r\n\n"), "a\r\r\n",
	    BYTES("a\n") },
	{ "a field as text", RECORD_LINE, BYTES("event: x"), "event: x\n",
	    BYTES("event: x") },
	{ "a block", RECORD_BLOCK, BYTES("hi\n"), "data: hi\n\n", BYTES("hi") },
	{ "lines of a block", RECORD_BLOCK, BYTES("a\r\n\r\nb\rc"),
	    "data: a\ndata:\ndata: b\ndata: c\n\n", BYTES("a\n\nb\nc") },
	{ "a blank at the start", RECORD_BLOCK, BYTES(" a"), "data:  a\n\n",
	    BYTES(" a") },
	{ "empty data", RECORD_BLOCK, BYTES(""), "data:\n\n", BYTES("") },
	{ "a field in data", RECORD_BLOCK, BYTES("a\nid: 7"),
	    "data: a\ndata: id: 7\n\n", BYTES("a\nid: 7") },
	{ "NUL", RECORD_BLOCK, BYTES("a\0b"), NULL, BYTES("a\0b") },
	{ "NUL in a line", RECORD_LINE, BYTES("a\0b\n"), NULL, BYTES("a\0b") },
};

static void
assert_bytes(const struct buf *got, const char *want, size_t len)
{
	assert_int_equal(got->len, len);
	assert_true(len == 0 || memcmp(got->data, want, len) == 0);
}

static void
read_back(const struct buf *bytes, enum record_form form, struct buf *data)
{
	struct record_iter iter = { 0, false };
	struct record record;
	struct span line;

	assert_int_equal(
	    record_find_end(form, bytes->data, bytes->len, -1, 0), bytes->len);
	assert_true(
	    record_parse(form, bytes->data, bytes->len, false, &record));
	for (size_t n = 0; record_data_next(&record, &iter, &line); n++) {
		if (n > 0)
			assert_int_equal(buf_puts(data, "\n"), 0);
		assert_int_equal(buf_append(data, line.bytes, line.len), 0);
	}
}

static void
test_message_is_read_back_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(encode_cases) / sizeof(encode_cases[0]);
	     i++) {
		const struct encode_case *c = &encode_cases[i];
		struct message message = { .has_data = true };
		struct buf out = { 0 }, data = { 0 };

		print_message("  %s\n", c->name);
		message.bytes = (const uint8_t *)c->in;
		message.len = message_trim(message.bytes, c->in_len);
		assert_int_equal(message_encode(&message, c->form, 0, &out), 0);
		if (c->want != NULL)
			assert_bytes(&out, c->want, strlen(c->want));
		read_back(&out, c->form, &data);
		assert_bytes(&data, c->data, c->data_len);
		buf_free(&out);
		buf_free(&data);
	}
}

/* What a file holds is its data without one line end, as of standard input. */
static void
test_a_file_is_read_back_as_the_message(void **state)
{
	static const struct {
		const char *in; /* the message */
		size_t len;
		const char *want;
		size_t want_len;
	} cases[] = {
		{ BYTES("hi"), BYTES("hi") },
		{ BYTES(""), BYTES("") },
		{ BYTES("a\nb"), BYTES("a\nb") },
		{ BYTES("a\n"), BYTES("a\n\n") },
		{ BYTES("a\r\n"), BYTES("a\r\n\n") },
		{ BYTES("a\r"), BYTES("a\r\r\n") },
		{ BYTES("a\0b"), BYTES("a\0b") },
		{ BYTES("\xef\xbb\xbfx"), BYTES("\xef\xbb\xbf\xef\xbb\xbfx") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message message = { .has_data = true };
		struct buf out = { 0 };

		message.bytes = (const uint8_t *)cases[i].in;
		message.len = cases[i].len;
		assert_int_equal(message_encode_file(&message, &out), 0);
		assert_bytes(&out, cases[i].want, cases[i].want_len);
		assert_int_equal(message_trim(out.data, out.len) -
			record_bom_len(out.data, out.len),
		    cases[i].len);
		buf_free(&out);
	}
}

static void
test_extensions_are_types_that_a_name_can_end_in(void **state)
{
	(void)state;
	assert_true(message_type_is_extension("build"));
	assert_true(message_type_is_extension("gr\xc3\xbc\xc3\x9f e"));
	assert_true(message_type_is_extension("tmpx"));
	assert_false(message_type_is_extension(""));
	assert_false(message_type_is_extension("a.b"));
	assert_false(message_type_is_extension("a/b"));
	assert_false(message_type_is_extension("a~"));
	assert_false(message_type_is_extension("tmp"));
}

static void
test_fields_stand_in_front_of_data(void **state)
{
	const char *want = "event: tick\nid: 7\nretry: 500\n"
			   "expires: 1800000000\ndata: x\n\n";
	struct message message = {
		.type = "tick",
		.id = "7",
		.retry = "500",
		.ttl_ms = 1500,
		.has_data = true,
		.bytes = (const uint8_t *)"x",
		.len = 1,
	};
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(
	    message_encode(&message, RECORD_BLOCK, 1799999998, &out), 0);
	assert_bytes(&out, want, strlen(want));
	buf_free(&out);
}

static void
test_hint_alone_is_no_event(void **state)
{
	struct message message = { .retry = "500" };
	struct buf out = { 0 };
	struct record record;

	(void)state;
	assert_int_equal(message_encode(&message, RECORD_BLOCK, 0, &out), 0);
	assert_true(
	    record_parse(RECORD_BLOCK, out.data, out.len, true, &record));
	assert_false(record.has_data);
	assert_int_equal(record.retry_ms, 500);
	buf_free(&out);
}

struct check_case {
	struct message message;
	const char *why; /* NULL: it can be written */
};

#define NOT_TYPE "t takes a type: one line of UTF-8 that is not empty"
#define NOT_ID "i takes an id: one line that is not empty"
#define NOT_RETRY "r takes milliseconds: digits, 0 to 86400000, not "

static const struct check_case check_cases[] = {
	{ { .type = "gr\xc3\xbc\xc3\x9f" }, NULL },
	{ { .type = "" }, NOT_TYPE },
	{ { .type = "a\nb" }, NOT_TYPE },
	{ { .type = "a\rb" }, NOT_TYPE },
	{ { .type = "\xc3" }, NOT_TYPE },
	{ { .type = "\xed\xa0\x80" }, NOT_TYPE },
	{ { .type = "spoolcast.x" },
	    "t takes a type that does not begin with \"spoolcast.\": those are "
	    "for what spoolcast itself tells viewers; give it another name "
	    "than spoolcast.x" },
	{ { .id = "\xc3" }, NULL },
	{ { .id = "" }, NOT_ID },
	{ { .id = "1\n2" }, NOT_ID },
	{ { .flush = "hold" }, NULL },
	{ { .flush = "later" }, "f takes now, hold or close, not later" },
	{ { .retry = "86400000" }, NULL },
	{ { .retry = "86400001" }, NOT_RETRY "86400001" },
	{ { .retry = "" }, NOT_RETRY },
	{ { .type = "a", .id = "b", .flush = "now", .retry = "0" }, NULL },
};

static void
test_fields_that_cannot_be_written_are_named(void **state)
{
	static const struct message_names names = {
		.type = "t",
		.id = "i",
		.flush = "f",
		.retry = "r",
	};
	struct publish_report report = { .why = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(check_cases) / sizeof(check_cases[0]);
	     i++) {
		const struct check_case *c = &check_cases[i];
		enum publish_result result =
		    message_check(&c->message, &names, &report);

		if (c->why == NULL) {
			assert_int_equal(result, PUBLISH_DONE);
			assert_null(report_why(&report));
			continue;
		}
		assert_int_equal(result, PUBLISH_REFUSED);
		assert_string_equal(report_why(&report), c->why);
		report_clear(&report);
	}
}

struct append_case {
	const char *name;
	enum record_form form;
	const char *before;
	const char *record;
	const char *after;
};

static const struct append_case append_cases[] = {
	{ "new file", RECORD_LINE, "", "x\n", "x\n" },
	{ "whole line", RECORD_LINE, "a\n", "x\n", "a\nx\n" },
	{ "torn line", RECORD_LINE, "a\nb", "x\n", "a\nb\nx\n" },
	{ "torn in CRLF", RECORD_LINE, "a\r", "x\n", "a\r\nx\n" },
	{ "mark first", RECORD_LINE, "", "\xef\xbb\xbfx\n",
	    "\n\xef\xbb\xbfx\n" },
	{ "mark later", RECORD_LINE, "a\n", "\xef\xbb\xbfx\n",
	    "a\n\xef\xbb\xbfx\n" },
	{ "new block file", RECORD_BLOCK, "", "data:\n\n", "data:\n\n" },
	{ "whole block", RECORD_BLOCK, "data\n\n", "id\n\n", "data\n\nid\n\n" },
	{ "torn behind a line", RECORD_BLOCK, "data\n", "id\n\n",
	    "data\n\n\nid\n\n" },
	{ "torn within a line", RECORD_BLOCK, "dat", "id\n\n",
	    "dat\n\nid\n\n" },
	{ "torn behind CRLF", RECORD_BLOCK, "data\r\n", "id\n\n",
	    "data\r\n\n\nid\n\n" },
	{ "whole with CRLF", RECORD_BLOCK, "data\r\n\r\n", "id\n\n",
	    "data\r\n\r\nid\n\n" },
	{ "whole with CR", RECORD_BLOCK, "data\r\r", "id\n\n",
	    "data\r\rid\n\n" },
	{ "only CRLF", RECORD_BLOCK, "\r\n", "id\n\n", "\r\nid\n\n" },
};

static void
test_append_closes_what_is_torn(void **state)
{
	char folder[] = "/tmp/test_publish.XXXXXX";
	int folder_fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_PATH | O_DIRECTORY);
	assert_true(folder_fd != -1);
	for (size_t i = 0; i < sizeof(append_cases) / sizeof(append_cases[0]);
	     i++) {
		const struct append_case *c = &append_cases[i];
		const struct append to = { .folder_fd = folder_fd,
			.name = "f",
			.end = "f.end",
			.form = c->form };
		struct buf record = { 0 };
		char got[64];
		ssize_t n;
		int fd =
		    openat(folder_fd, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);

		print_message("  %s\n", c->name);
		assert_true(fd != -1);
		n = write(fd, c->before, strlen(c->before));
		assert_int_equal(n, strlen(c->before));
		assert_int_equal(buf_puts(&record, c->record), 0);
		assert_int_equal(append_record(&to, &record), APPEND_DONE);
		n = pread(fd, got, sizeof(got), 0);
		assert_int_equal(n, strlen(c->after));
		assert_int_equal(memcmp(got, c->after, (size_t)n), 0);
		close(fd);
		assert_int_equal(unlinkat(folder_fd, "f", 0), 0);
		buf_free(&record);
	}
	close(folder_fd);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_is_read_back_as_it_was),
		cmocka_unit_test(test_a_file_is_read_back_as_the_message),
		cmocka_unit_test(
		    test_extensions_are_types_that_a_name_can_end_in),
		cmocka_unit_test(test_fields_stand_in_front_of_data),
		cmocka_unit_test(test_hint_alone_is_no_event),
		cmocka_unit_test(test_fields_that_cannot_be_written_are_named),
		cmocka_unit_test(test_append_closes_what_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
