/* Segments: ends and starts that are found from behind. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "base/slice.h"
#include "helpers/segment_of.h"
#include "spool/segment.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BOM "\xef\xbb\xbf"

static int
back(struct segment *seg, uint64_t records, struct position *out)
{
	struct segment_back search = { .lacking = records };

	return segment_back(seg, &search) == 0 ?
	    segment_position(seg, search.end, out) :
	    -1;
}

static void
test_ends_and_starts_of_small_files(void **state)
{
	static const struct {
		enum record_form form;
		const char *text;
		uint64_t tail, back_1, back_2;
	} rows[] = {
		{ RECORD_LINE, "", 0, 0, 0 },
		{ RECORD_LINE, "a", 0, 0, 0 },
		{ RECORD_LINE, "\n", 1, 0, 0 },
		{ RECORD_LINE, "a\n", 2, 0, 0 },
		{ RECORD_LINE, "a\nb", 2, 0, 0 },
		{ RECORD_LINE, "a\nb\nc\n", 6, 4, 2 },
		{ RECORD_LINE, "a\nb\nc\n\n\r\n", 9, 4, 2 },
		{ RECORD_LINE, "a\n\n\nb\n", 6, 4, 0 },
		{ RECORD_LINE, BOM "\na\n", 6, 4, 0 },
		{ RECORD_LINE, BOM "a\n", 5, 0, 0 },
		{ RECORD_BLOCK, "data: a\n", 0, 0, 0 },
		{ RECORD_BLOCK, "data: a\n\n", 9, 0, 0 },
		{ RECORD_BLOCK, "data: a\n\ndata: b\n\nda", 18, 9, 0 },
		{ RECORD_BLOCK, "data: a\n\n: x\n\n", 14, 0, 0 },
		{ RECORD_BLOCK, "data: a\r\n\r\ndata: b\r\n\r\n", 21, 10, 0 },
		{ RECORD_BLOCK, "\n\n\ndata: a\n\n\n", 13, 3, 0 },
		{ RECORD_BLOCK, BOM "data: a\n\n", 12, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct segment *seg = segment_of(
		    rows[i].form, rows[i].text, strlen(rows[i].text));
		struct position at, want;

		assert_int_equal(segment_tail(seg, &at), 0);
		assert_int_equal(at.offset, rows[i].tail);
		assert_int_equal(segment_position(seg, rows[i].tail, &want), 0);
		assert_int_equal(at.check, want.check);
		assert_int_equal(back(seg, 1, &at), 0);
		assert_int_equal(at.offset, rows[i].back_1);
		assert_int_equal(back(seg, 2, &at), 0);
		assert_int_equal(at.offset, rows[i].back_2);
		assert_int_equal(back(seg, UINT64_MAX, &at), 0);
		assert_int_equal(at.offset, 0);
		segment_drop(&seg);
	}
}

/* Every start that counts and the tail, from one look at all bytes forwards. */
struct scan {
	size_t starts[4096], n;
	size_t tail;
};

static void
scan(enum record_form form, const struct buf *file, struct scan *out)
{
	struct record rec;

	out->n = 0;
	out->tail = 0;
	for (size_t i = 0; i < file->len; i++) {
		if (!record_is_end(
			form, i == 0 ? -1 : file->data[i - 1], file->data[i]))
			continue;
		if (record_parse(form, file->data + out->tail,
			i + 1 - out->tail, out->tail == 0, &rec)) {
			assert_true(out->n < N_ROWS(out->starts));
			out->starts[out->n++] = out->tail;
		}
		out->tail = i + 1;
	}
}

static void
fill_randomly(struct buf *file, struct rnd *rnd)
{
	static const char *const parts[] = { "data: a", "\n", "\r", "\r\n",
		"\n\n", "\r\n\r\n", "x", ": c", "retry: 5", BOM };
	size_t len = (size_t)rnd_between(rnd, 0, 1) == 0 ? 200 : 40000;

	file->len = 0;
	while (file->len < len) {
		int64_t pick = rnd_between(rnd, 0, 200);

		if (pick < 190) {
			assert_int_equal(buf_puts(file, parts[pick % 10]), 0);
			continue;
		}
		/* Now and then something longer than one look back. */
		for (int64_t n = rnd_between(rnd, 0, 2500); n > 0; n--)
			assert_int_equal(buf_puts(file, "xyz"), 0);
	}
}

static void
test_looking_back_finds_what_a_scan_forwards_finds(void **state)
{
	static struct scan known;
	struct buf file = { 0 };
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 300; round++) {
		enum record_form form =
		    round % 2 == 0 ? RECORD_LINE : RECORD_BLOCK;
		struct segment *seg;
		struct position at;

		fill_randomly(&file, &rnd);
		seg = segment_of(form, file.data, file.len);
		scan(form, &file, &known);
		assert_int_equal(segment_tail(seg, &at), 0);
		assert_int_equal(at.offset, known.tail);
		for (size_t n = 1; n < known.n + 3; n += 1 + n / 8) {
			assert_int_equal(back(seg, n, &at), 0);
			assert_int_equal(at.offset,
			    n > known.n ? 0 : known.starts[known.n - n]);
		}
		segment_drop(&seg);
	}
	buf_free(&file);
}

/* The first look back, 4096 bytes, may begin at any byte of a record. */
static void
test_where_a_look_back_begins_does_not_matter(void **state)
{
	static const char *const ends[] = { "\n", "\r", "\r\n" };

	(void)state;
	for (int i = 0; i < 600; i++) {
		const char *end = ends[i % 3];
		struct buf file = { 0 };
		struct segment *seg;
		struct position at;
		size_t step = 0, tail;

		while (file.len < 6000) {
			assert_int_equal(buf_printf(&file, "data: %0*d%s",
					     1 + i / 3, 0, end),
			    0);
			assert_int_equal(
			    buf_printf(&file, "data: b%s%s", end, end), 0);
			step = step == 0 ? file.len : step;
		}
		/* The LF that belongs to a CR comes too late for its record. */
		tail = file.len - (strlen(end) == 2);
		seg = segment_of(RECORD_BLOCK, file.data, file.len);
		for (size_t n = 4000 / step; n * step < 4300; n++) {
			assert_int_equal(back(seg, n, &at), 0);
			assert_int_equal(at.offset, tail - n * step);
		}
		segment_drop(&seg);
		buf_free(&file);
	}
}

/* More than one look takes in, and a record that alone is. */
static void
test_many_records_and_a_long_one_are_looked_back_over(void **state)
{
	enum { LONG = 3 << 20, LINES = 30000, LINE = 100, BEFORE = 20000 };
	static char text[LINES * LINE + LONG];
	char *p = text;
	struct segment *seg;
	struct position at;

	(void)state;
	for (int i = 0; i < LINES; i++) {
		size_t len = LINE + (i == BEFORE ? LONG : 0);

		memset(p, 'x', len - 1);
		p[len - 1] = '\n';
		p += len;
	}
	seg = segment_of(RECORD_LINE, text, sizeof(text));
	for (uint64_t n = 1; n < LINES + 5000; n += 999) {
		uint64_t first = n < LINES ? LINES - n : 0;

		assert_int_equal(back(seg, n, &at), 0);
		assert_int_equal(
		    at.offset, first * LINE + (first > BEFORE ? LONG : 0));
	}
	segment_drop(&seg);
}

/* A hole of 1 GB, which is one record, is not read through for it. */
static void
test_what_is_too_far_away_is_not_looked_for(void **state)
{
	static const uint64_t hole = 1 << 30;
	struct segment *seg = segment_of(RECORD_LINE, "1\n2\n", 4);
	int fd = openat(temp_dir_fd, "news", O_WRONLY);
	struct segment_back search = { .lacking = 5 };
	uint64_t budget = 1 << 20;

	(void)state;
	assert_int_equal(pwrite(fd, "\n3\n4\n", 5, (off_t)hole), 5);
	close(fd);
	slice_open(INT32_MAX, &budget, 0);
	assert_int_equal(segment_back(seg, &search), -1);
	assert_int_equal(errno, EDQUOT);
	slice_close();
	assert_int_equal(search.end, hole + 1);
	assert_int_equal(search.lacking, 3);
	segment_drop(&seg);
}

static void
test_what_is_lacking_is_told(void **state)
{
	struct segment *seg = segment_of(RECORD_LINE, "1\n\n2\n3\n", 7);

	(void)state;
	for (uint64_t n = 1; n < 6; n++) {
		struct segment_back search = { .lacking = n };

		assert_int_equal(segment_back(seg, &search), 0);
		assert_int_equal(search.lacking, n > 3 ? n - 3 : 0);
	}
	segment_drop(&seg);
}

/* What is found in any number of slices is what is found in one. */
static void
test_a_search_goes_on_where_its_slice_was_over(void **state)
{
	enum { LINES = 200000 };
	struct segment_back search = { .lacking = LINES - 1 };
	struct buf file = { 0 };
	struct segment *seg;
	uint64_t tail = 0;
	unsigned slices = 0;
	int rc;

	(void)state;
	for (int i = 0; i < LINES; i++)
		assert_int_equal(buf_puts(&file, "line\n"), 0);
	seg = segment_of(RECORD_LINE, file.data, file.len);
	do {
		/* Over before it began: one piece of work in each. */
		slice_open(0, NULL, 0);
		rc = segment_back(seg, &search);
		slice_close();
		slices++;
	} while (rc == -1 && errno == EAGAIN);
	assert_int_equal(rc, 0);
	assert_int_equal(search.end, 5);
	assert_true(slices > 10);
	segment_drop(&seg);

	/* The same for the tail of a file that is one line without an end. */
	memset(file.data, 'x', file.len);
	file.data[0] = '\n';
	seg = segment_of(RECORD_LINE, file.data, file.len);
	slices = 0;
	do {
		slice_open(0, NULL, 0);
		rc = segment_tail_offset(seg, &tail);
		slice_close();
		slices++;
	} while (rc == -1 && errno == EAGAIN);
	assert_int_equal(rc, 0);
	assert_int_equal(tail, 1);
	assert_true(slices > 10);
	segment_drop(&seg);
	buf_free(&file);
}

static void
cut(void)
{
	close(openat(temp_dir_fd, "news", O_WRONLY | O_TRUNC));
}

static void
write_at(const char *text, off_t at)
{
	int fd = openat(temp_dir_fd, "news", O_WRONLY);

	assert_int_equal(
	    pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
	close(fd);
}

static void
test_the_tail_follows_what_becomes_of_the_file(void **state)
{
	struct segment *seg = segment_of(RECORD_LINE, "1\n2\n3", 5);
	uint64_t tail;

	(void)state;
	assert_int_equal(segment_tail_offset(seg, &tail), 0);
	assert_int_equal(tail, 4);
	write_at("\n4", 5);
	assert_int_equal(segment_tail_offset(seg, &tail), 0);
	assert_int_equal(tail, 6);
	/* Cut, and written anew: longer, shorter, as long as it was. */
	cut();
	assert_int_equal(segment_tail_offset(seg, &tail), 0);
	assert_int_equal(tail, 0);
	write_at("abc\ndefghi", 0);
	assert_int_equal(segment_tail_offset(seg, &tail), 0);
	assert_int_equal(tail, 4);
	write_at("abcdefghi\n", 0);
	assert_int_equal(segment_tail_offset(seg, &tail), 0);
	assert_int_equal(tail, 10);
	segment_drop(&seg);
}

static void
test_a_place_is_an_end_only_behind_a_record(void **state)
{
	struct segment *seg =
	    segment_of(RECORD_BLOCK, "data: a\ndata: b\n\ndata: c\r\n\r\n", 29);

	(void)state;
	for (uint64_t at = 0; at < 40; at++)
		assert_int_equal(
		    segment_is_end(seg, at), at == 0 || at == 17 || at == 27);
	segment_drop(&seg);
	seg = segment_of(RECORD_LINE, "ab\r\n\nc", 6);
	for (uint64_t at = 0; at < 9; at++)
		assert_int_equal(
		    segment_is_end(seg, at), at == 0 || at == 4 || at == 5);
	segment_drop(&seg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_lacking_is_told),
		cmocka_unit_test(
		    test_a_search_goes_on_where_its_slice_was_over),
		cmocka_unit_test(
		    test_the_tail_follows_what_becomes_of_the_file),
		cmocka_unit_test(test_a_place_is_an_end_only_behind_a_record),
		cmocka_unit_test(test_ends_and_starts_of_small_files),
		cmocka_unit_test(
		    test_looking_back_finds_what_a_scan_forwards_finds),
		cmocka_unit_test(test_where_a_look_back_begins_does_not_matter),
		cmocka_unit_test(
		    test_many_records_and_a_long_one_are_looked_back_over),
		cmocka_unit_test(test_what_is_too_far_away_is_not_looked_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "segment_tail", tests, temp_dir_make, temp_dir_remove);
}
