/* Records over max_record: passed over once and told, never cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helpers/growing_file.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MAX_RECORD 1000
/* What is read at once at most. */
#define BUFFER_BYTES 65536
#define MB ((size_t)1 << 20)

/* A record: what stands before its filling and behind it. */
static const struct {
	enum record_form form;
	const char *start, *end;
} shapes[] = {
	{ RECORD_LINE, "", "\n" },
	{ RECORD_LINE, "", "\r\n" },
	{ RECORD_LINE, "\xef\xbb\xbf", "\n" },
	{ RECORD_BLOCK, "data: ", "\n\n" },
	{ RECORD_BLOCK, "data: ", "\r\n\r\n" },
	{ RECORD_BLOCK,
	    "\xef\xbb\xbf"
	    "data: ",
	    "\r\r" },
};

/* Of such a record, the part that the limit is for. */
static size_t
body_len(size_t shape, size_t filling)
{
	static uint8_t bytes[2 * MAX_RECORD];
	size_t len = strlen(shapes[shape].start);
	struct record rec;

	memcpy(bytes, shapes[shape].start, len);
	memset(bytes + len, 'x', filling);
	len += filling;
	memcpy(bytes + len, shapes[shape].end, strlen(shapes[shape].end));
	len += strlen(shapes[shape].end);
	/* A LF behind the CR of an empty line comes too late. */
	len = record_find_end(shapes[shape].form, bytes, len, -1, 0);
	assert_true(record_parse(shapes[shape].form, bytes, len, true, &rec));
	return rec.body.len;
}

/* Read the first record, whose end comes a byte at a time. */
static enum read_result
read_first(struct growing *g, size_t shape, size_t filling, struct record *rec)
{
	const char *end = shapes[shape].end;
	enum read_result result;

	growing_puts(g, shapes[shape].start);
	growing_fill(g, 'x', filling);
	do {
		assert_int_equal(growing_start(g), READ_RECORD);
		result = reader_next(&g->reader, rec, &g->at);
		if (*end != '\0')
			growing_add(g, end++, 1);
	} while (result == READ_END);
	return result;
}

/* Read it when all of it is there, and another one behind it. */
static enum read_result
read_first_at_once(
    struct growing *g, size_t shape, size_t filling, struct record *rec)
{
	growing_puts(g, shapes[shape].start);
	growing_fill(g, 'x', filling);
	growing_puts(g, shapes[shape].end);
	growing_puts(
	    g, shapes[shape].form == RECORD_LINE ? "next\n" : "data: next\n\n");
	assert_int_equal(growing_start(g), READ_RECORD);
	return reader_next(&g->reader, rec, &g->at);
}

static void
test_a_record_of_just_max_record_is_delivered_and_none_over(void **state)
{
	(void)state;
	for (size_t shape = 0; shape < N_ROWS(shapes); shape++) {
		for (size_t len = MAX_RECORD - 20; len < MAX_RECORD + 20;
		     len++) {
			bool fits = body_len(shape, len) <= MAX_RECORD;
			enum read_result want = fits ? READ_RECORD : READ_LONG;
			struct record rec;
			struct growing g;

			growing_open(&g, shapes[shape].form, MAX_RECORD);
			assert_int_equal(
			    read_first(&g, shape, len, &rec), want);
			growing_close(&g);
			growing_open(&g, shapes[shape].form, MAX_RECORD);
			assert_int_equal(
			    read_first_at_once(&g, shape, len, &rec), want);
			/* And the next record follows. */
			g.story.len = 0;
			assert_int_equal(growing_go_on(&g), READ_END);
			assert_int_equal(g.story.len,
			    strlen("record@1234:next|\n") -
				(g.at.offset < 1000));
			growing_close(&g);
		}
	}
}

/*
 * Read a record that lies across the end of a buffer: from the start of the
 * file, or from where it begins itself.  Return what the reader said of it.
 */
static enum read_result
read_across(size_t shape, const char *start, bool from_itself, size_t *size)
{
	const char *before =
	    shapes[shape].form == RECORD_LINE ? "a\n" : "data: a\n\n";
	size_t len = strlen(before), offset = 0;
	enum read_result result;
	struct record rec;
	struct growing g;

	growing_open(&g, shapes[shape].form, MAX_RECORD);
	for (; offset < BUFFER_BYTES - 1200; offset += len)
		growing_puts(&g, before);
	growing_puts(&g, start);
	growing_fill(&g, 'x', 1500);
	growing_puts(&g, shapes[shape].end);
	if (from_itself)
		assert_int_equal(segment_position(g.seg, offset, &g.at), 0);
	assert_int_equal(growing_start(&g), READ_RECORD);
	do {
		result = reader_next(&g.reader, &rec, &g.at);
	} while (g.at.offset <= offset);
	*size = rec.body.len;
	growing_close(&g);
	return result;
}

/* Viewers are told the size: all of them the same one. */
static void
test_the_size_told_does_not_depend_on_how_it_was_read(void **state)
{
	(void)state;
	for (size_t shape = 0; shape < N_ROWS(shapes); shape++) {
		const char *start = shapes[shape].start;
		size_t here, there;

		if (start[0] == '\xef')
			continue;
		assert_int_equal(
		    read_across(shape, start, true, &here), READ_LONG);
		assert_int_equal(
		    read_across(shape, start, false, &there), READ_LONG);
		if (here != there)
			fail_msg(
			    "shape %zu: %zu and %zu bytes", shape, here, there);
	}
}

/* A comment is no record, so there is nothing to tell of it; or always. */
static void
test_a_long_comment_is_the_same_however_it_was_read(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(read_across(N_ROWS(shapes) - 1, ": ", true, &size),
	    read_across(N_ROWS(shapes) - 1, ": ", false, &size));
}

static void
test_a_huge_line_that_grows_is_passed_over_once_it_ends(void **state)
{
	struct record rec;
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, MAX_RECORD);
	growing_puts(&g, "before\n");
	for (size_t len = 0; len < 20 * MB; len += 2 * MB) {
		growing_fill(&g, 'x', 2 * MB);
		growing_read(&g);
		/* So that no byte is scanned twice. */
		assert_int_equal(g.seg->scans[0].start, 7);
		assert_int_equal(g.seg->scans[0].upto, 7 + len + 2 * MB);
	}
	assert_story(&g, "record@7:before|\n");
	growing_puts(&g, "\nafter\n");
	assert_int_equal(growing_start(&g), READ_RECORD);
	assert_int_equal(reader_next(&g.reader, &rec, &g.at), READ_LONG);
	assert_int_equal(rec.body.len, 20 * MB);
	assert_int_equal(g.at.offset, 7 + 20 * MB + 1);
	assert_int_equal(growing_go_on(&g), READ_END);
	assert_story(&g, "record@20971534:after|\n");
	growing_close(&g);
}

/* A hole is a long line of NULs that costs no disk. */
static void
test_asking_again_gets_over_any_length(void **state)
{
	struct record rec;
	struct growing g;
	int turns = 0;

	(void)state;
	growing_open(&g, RECORD_LINE, MAX_RECORD);
	assert_int_equal(ftruncate(g.fd, (off_t)(100 * MB)), 0);
	growing_puts(&g, "\nafter\n");
	do {
		assert_in_range(turns++, 0, 50);
		assert_int_equal(growing_start(&g), READ_RECORD);
	} while (reader_next(&g.reader, &rec, &g.at) == READ_MORE);
	/* It was bounded work, not all in one call. */
	assert_true(turns > 3);
	assert_int_equal(g.at.offset, 100 * MB + 1);
	growing_read(&g);
	assert_story(&g, "record@104857607:after|\n");
	growing_close(&g);
}

/* reader.h says of READ_MORE: call again.  Not: start again. */
static void
test_asking_the_same_reader_again_comes_to_an_end(void **state)
{
	enum read_result result;
	struct record rec;
	struct growing g;
	int turns = 0;

	(void)state;
	growing_open(&g, RECORD_LINE, MAX_RECORD);
	assert_int_equal(ftruncate(g.fd, (off_t)(9 * MB)), 0);
	assert_int_equal(growing_start(&g), READ_RECORD);
	assert_int_equal(ftruncate(g.fd, (off_t)(60 * MB)), 0);
	growing_puts(&g, "\n");
	while ((result = reader_next(&g.reader, &rec, &g.at)) == READ_MORE)
		assert_in_range(turns++, 0, 50);
	/* What grew meanwhile may be seen or not. */
	assert_true(result == READ_LONG || result == READ_END);
	growing_close(&g);
}

/* The huge line is gone, and records stand where it was. */
static void
test_a_file_written_anew_hides_no_record(void **state)
{
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, MAX_RECORD);
	growing_fill(&g, 'x', MB);
	growing_read(&g);
	assert_int_equal(ftruncate(g.fd, 0), 0);
	growing_fill(&g, 'y', 100000);
	growing_puts(&g, "\nafter\n");
	growing_fill(&g, 'z', MB);
	growing_puts(&g, "\n");
	growing_read(&g);
	assert_story(&g, "long@100001:\nrecord@100007:after|\nlong@1148584:\n");
	growing_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_record_of_just_max_record_is_delivered_and_none_over),
		cmocka_unit_test(
		    test_the_size_told_does_not_depend_on_how_it_was_read),
		cmocka_unit_test(
		    test_a_long_comment_is_the_same_however_it_was_read),
		cmocka_unit_test(
		    test_a_huge_line_that_grows_is_passed_over_once_it_ends),
		cmocka_unit_test(test_asking_again_gets_over_any_length),
		cmocka_unit_test(
		    test_asking_the_same_reader_again_comes_to_an_end),
		cmocka_unit_test(test_a_file_written_anew_hides_no_record),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "reader_long", tests, temp_dir_make, temp_dir_remove);
}
