/* Segments: how far one was read by who is behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/segment_of.h"

static void
append(const void *bytes, size_t len)
{
	int fd = openat(temp_dir_fd, "news", O_WRONLY | O_APPEND);

	assert_true(fd != -1);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* Who is behind ${seg} and has read it up to ${offset}. */
static struct mark
mark_behind(const struct segment *seg, uint64_t offset, bool is_long)
{
	struct mark mark = { .state = MARK_AT, .is_long = is_long };
	char text[MARK_TEXT_MAX];

	mark.before = segment_before_code(seg, offset);
	/* A short one says less. */
	assert_true(mark_parse(text, mark_format(&mark, text), &mark));
	return mark;
}

static void
append_lines(int n)
{
	static char line[1024];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < n; i++)
		append(line, sizeof(line));
}

static void
test_a_mark_tells_how_far_a_grown_file_was_read(void **state)
{
	(void)state;
	for (int is_long = 0; is_long <= 1; is_long++) {
		struct segment *seg = segment_of(RECORD_LINE, "1\n2\n3\n", 6);
		struct segment newer = { .id.birth_ns = 0 };
		struct mark mark = mark_behind(seg, 4, is_long),
			    all = mark_behind(seg, 6, is_long), none;
		uint64_t at;

		assert_int_equal(segment_before(seg, &newer, &mark, &at), 1);
		assert_int_equal(at, 4);
		assert_int_equal(segment_before(seg, &newer, &all, &at), 1);
		assert_int_equal(at, 6);
		/* In the middle of a record nobody stopped. */
		none = mark_behind(seg, 3, is_long);
		assert_int_equal(segment_before(seg, &newer, &none, &at), 0);
		none = mark_behind(seg, 7, is_long);
		assert_int_equal(segment_before(seg, &newer, &none, &at), 0);
		/* What has no end yet does not count. */
		append("4", 1);
		assert_int_equal(segment_before(seg, &newer, &all, &at), 1);
		assert_int_equal(at, 6);
		append("\n", 1);
		append_lines(255);
		assert_int_equal(segment_before(seg, &newer, &all, &at), 1);
		assert_int_equal(at, 6);
		/* A short one is not taken for another place. */
		append_lines(2);
		assert_int_equal(
		    segment_before(seg, &newer, &all, &at), is_long);
		assert_int_equal(at, is_long ? 6 : at);
		segment_drop(&seg);
	}
}

static void
test_a_short_mark_that_may_be_two_places_is_none(void **state)
{
	/* Both ends are those of a record, a range from each other. */
	static char text[MARK_BEFORE_RANGE];
	struct segment *seg, newer = { .id.birth_ns = 0 };
	struct mark first, last;
	uint64_t at;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[1] = text[sizeof(text) - 1] = '\n';
	seg = segment_of(RECORD_LINE, text, sizeof(text));
	append("x\n", 2);
	first = mark_behind(seg, 2, false);
	last = mark_behind(seg, sizeof(text) + 2, false);
	assert_true(first.before == last.before);
	assert_int_equal(segment_before(seg, &newer, &last, &at), 0);
	/* Unless nothing was written to it since the next was made. */
	newer.id.birth_ns = INT64_MAX;
	assert_int_equal(segment_before(seg, &newer, &last, &at), 1);
	assert_int_equal(at, sizeof(text) + 2);
	newer.id.birth_ns = 0;
	/* A long one is no other place in any case. */
	first = mark_behind(seg, 2, true);
	last = mark_behind(seg, sizeof(text) + 2, true);
	assert_int_equal(segment_before(seg, &newer, &first, &at), 1);
	assert_int_equal(at, 2);
	assert_int_equal(segment_before(seg, &newer, &last, &at), 1);
	assert_int_equal(at, sizeof(text) + 2);
	/* Nobody writes to a copy. */
	newer.id.birth_ns = seg->id.birth_ns - 1;
	last = mark_behind(seg, sizeof(text) + 2, false);
	assert_int_equal(segment_before(seg, &newer, &last, &at),
	    seg->id.birth_ns == 0 ? 0 : 1);
	segment_drop(&seg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_mark_tells_how_far_a_grown_file_was_read),
		cmocka_unit_test(
		    test_a_short_mark_that_may_be_two_places_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "segment_before", tests, temp_dir_make, temp_dir_remove);
}
