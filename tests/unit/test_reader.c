/* Reading records out of a file that others write to meanwhile. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "helpers/growing_file.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BOM "\xef\xbb\xbf"
#define PLENTY 65536

static void
test_complete_records_are_handed_out(void **state)
{
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, PLENTY);
	growing_read(&g);
	assert_story(&g, "");
	growing_puts(&g, BOM "one\n\ntwo\r\nth");
	growing_read(&g);
	assert_story(&g, "record@7:one|\nrecord@13:two|\n");
	growing_puts(&g, "ree\rx\nfour");
	growing_read(&g);
	assert_story(&g, "record@21:three|x|\n");
	growing_puts(&g, "\n\n");
	growing_read(&g);
	assert_story(&g, "record@26:four|\n");
	assert_int_equal(g.at.offset, 27);
	growing_close(&g);
}

static void
test_what_says_nothing_is_passed_over_one_by_one(void **state)
{
	static const enum read_result want[] = { READ_NOTHING, READ_NOTHING,
		READ_RECORD, READ_NOTHING, READ_RECORD, READ_END };
	struct record rec;
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_BLOCK, PLENTY);
	growing_puts(&g, "\n: x\n\ndata: a\n\nid: 5\n\nretry: 5\n\nda");
	assert_int_equal(growing_start(&g), READ_RECORD);
	for (size_t i = 0; i < N_ROWS(want); i++)
		assert_int_equal(reader_next(&g.reader, &rec, &g.at), want[i]);
	growing_close(&g);
}

/* Read the text, written in two pieces, with all that is there read between
 * them. */
static void
read_cut(struct growing *g, const char *text, size_t cut)
{
	growing_add(g, text, cut);
	growing_read(g);
	growing_puts(g, text + cut);
	growing_read(g);
}

static void
test_records_are_the_same_wherever_reads_are_cut(void **state)
{
	static const char *const texts[] = {
		"data: a\n\ndata: b\n\n",
		"data: a\r\n\r\ndata: b\r\n\r\n",
		"data: a\r\rdata: b\r\r",
		"data: a\n\r\ndata: b\r\n\ndata: c\r\n\r",
		"data: a\r\ndata: b\rdata: c\ndata: d\r\n\r\r\n\n",
		"\r\n\r\n\r\n\ndata\r\r\n\r\ndata\n\n\r",
		BOM "data: a\r\n\r\n" BOM "data: b\r\n\r\ndata: c\r\n\r\n",
		BOM "\r\n\r\n: x\r\r\nretry: 5\n\r\ndata: \xe2\x82\xac\r\n\n",
	};

	(void)state;
	for (size_t i = 0; i < 2 * N_ROWS(texts); i++) {
		enum record_form form = i % 2 == 0 ? RECORD_BLOCK : RECORD_LINE;
		const char *text = texts[i / 2];
		struct growing whole;

		growing_open(&whole, form, PLENTY);
		read_cut(&whole, text, 0);
		assert_true(form == RECORD_LINE || whole.story.len > 0);
		assert_int_equal(buf_append(&whole.story, "", 1), 0);
		for (size_t cut = 0; cut <= strlen(text); cut++) {
			struct growing g;

			growing_open(&g, form, PLENTY);
			read_cut(&g, text, cut);
			assert_story(&g, (const char *)whole.story.data);
			growing_close(&g);
		}
		growing_close(&whole);
	}
}

/* What must come of the file, by a look at every byte of it. */
static void
tell(enum record_form form, const struct buf *bytes, uint64_t max_record,
    struct buf *story)
{
	size_t start = 0;

	for (size_t i = 0; i < bytes->len; i++) {
		enum read_result result = READ_RECORD;
		struct record rec;

		if (!record_is_end(
			form, i == 0 ? -1 : bytes->data[i - 1], bytes->data[i]))
			continue;
		if (!record_parse(form, bytes->data + start, i + 1 - start,
			start == 0, &rec))
			result = READ_NOTHING;
		else if (rec.body.len > max_record)
			result = READ_LONG;
		story_add(story, result, &rec, i + 1);
		start = i + 1;
	}
}

static void
fill_randomly(struct buf *out, struct rnd *rnd)
{
	static const char *const parts[] = { "data: a", "data: ", "xyz", "\n",
		"\r", "\r\n", "\n\n", "\r\n\r\n", "\n", BOM };
	size_t len = (size_t)rnd_between(rnd, 0, 200000);

	out->len = 0;
	while (out->len < len)
		assert_int_equal(
		    buf_puts(out, parts[rnd_between(rnd, 0, 9)]), 0);
	assert_int_equal(buf_puts(out, "\n\n"), 0);
}

static void
test_random_files_are_read_in_full_however_they_grow(void **state)
{
	struct buf bytes = { 0 }, want = { 0 };
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 40; round++) {
		enum record_form form =
		    round % 2 == 0 ? RECORD_LINE : RECORD_BLOCK;
		/* In block form a long comment is told as well: not here. */
		uint64_t max_record = round % 4 == 0 ? 20 : PLENTY;
		struct growing g;

		growing_open(&g, form, max_record);
		fill_randomly(&bytes, &rnd);
		want.len = 0;
		tell(form, &bytes, max_record, &want);
		for (size_t done = 0; done < bytes.len;) {
			size_t len = (size_t)rnd_between(&rnd, 1, 90000);

			if (len > bytes.len - done)
				len = bytes.len - done;
			growing_add(&g, bytes.data + done, len);
			done += len;
			growing_read(&g);
		}
		assert_int_equal(g.story.len, want.len);
		if (want.len > 0)
			assert_memory_equal(g.story.data, want.data, want.len);
		growing_close(&g);
	}
	buf_free(&bytes);
	buf_free(&want);
}

static void
test_a_position_holds_only_while_the_bytes_before_it_do(void **state)
{
	static const struct {
		off_t offset; /* of the byte that changes */
		enum read_result result;
	} rows[] = { { 0, READ_CHANGED }, { 31, READ_CHANGED },
		{ 40, READ_RECORD }, { 68, READ_CHANGED }, { 99, READ_CHANGED },
		{ 100, READ_RECORD } };

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct position before;
		struct growing g;
		int fd;

		growing_open(&g, RECORD_LINE, PLENTY);
		for (int j = 0; j < 50; j++)
			growing_puts(&g, "a\n");
		growing_puts(&g, "next\n");
		assert_int_equal(segment_position(g.seg, 100, &g.at), 0);
		before = g.at;
		fd = openat(temp_dir_fd, "news", O_WRONLY);
		assert_int_equal(pwrite(fd, "N", 1, rows[i].offset), 1);
		close(fd);
		assert_int_equal(growing_start(&g), rows[i].result);
		assert_same_position(&g.at, &before);
		growing_close(&g);
	}
}

static void
test_a_file_truncated_and_regrown_is_noticed(void **state)
{
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, PLENTY);
	growing_puts(&g, "one\ntwo\n");
	growing_read(&g);
	assert_int_equal(ftruncate(g.fd, 0), 0);
	assert_int_equal(growing_start(&g), READ_CHANGED);
	growing_puts(&g, "six\n");
	assert_int_equal(growing_start(&g), READ_CHANGED);
	growing_puts(&g, "ten\nmore\n");
	assert_int_equal(growing_start(&g), READ_CHANGED);
	/* An editor's rewrite of the same and more goes on. */
	assert_int_equal(ftruncate(g.fd, 0), 0);
	growing_puts(&g, "one\ntwo\nthree\n");
	g.story.len = 0;
	growing_read(&g);
	assert_story(&g, "record@14:three|\n");
	/* From the start there is nothing that could have changed. */
	assert_int_equal(ftruncate(g.fd, 0), 0);
	growing_puts(&g, "x\n");
	assert_int_equal(segment_position(g.seg, 0, &g.at), 0);
	growing_read(&g);
	assert_story(&g, "record@2:x|\n");
	growing_close(&g);
}

/* Whatever was in the buffer may still come; then it is over, not garbage. */
static void
test_a_file_truncated_while_it_is_read_ends(void **state)
{
	enum read_result result;
	struct record rec;
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, PLENTY);
	growing_puts(&g, "one\ntwo\nthr");
	assert_int_equal(growing_start(&g), READ_RECORD);
	assert_int_equal(reader_next(&g.reader, &rec, &g.at), READ_RECORD);
	assert_int_equal(g.at.offset, 4);
	assert_int_equal(ftruncate(g.fd, 0), 0);
	while ((result = reader_next(&g.reader, &rec, &g.at)) == READ_RECORD)
		assert_int_equal(g.at.offset, 8);
	assert_true(result == READ_END || result == READ_CHANGED);
	assert_int_equal(growing_start(&g), READ_CHANGED);
	growing_close(&g);
}

static void
test_one_reader_serves_many_files(void **state)
{
	struct reader reader;
	struct growing g;

	(void)state;
	growing_open(&g, RECORD_LINE, PLENTY);
	growing_fill(&g, 'x', 150000);
	growing_puts(&g, "\nlast\n");
	assert_int_equal(segment_position(g.seg, 150001, &g.at), 0);
	growing_read(&g);
	assert_story(&g, "record@150006:last|\n");
	/* Its memory goes over to the next. */
	reader = g.reader;
	memset(&g.reader, 0, sizeof(g.reader));
	growing_close(&g);
	growing_open(&g, RECORD_BLOCK, PLENTY);
	g.reader = reader;
	growing_puts(&g, "data: b\n\n");
	growing_read(&g);
	assert_story(&g, "record@9:b|\n");
	/* And without it, it starts again. */
	reader_free(&g.reader);
	growing_puts(&g, "data: c\n\n");
	growing_read(&g);
	assert_story(&g, "record@18:c|\n");
	growing_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete_records_are_handed_out),
		cmocka_unit_test(
		    test_what_says_nothing_is_passed_over_one_by_one),
		cmocka_unit_test(
		    test_records_are_the_same_wherever_reads_are_cut),
		cmocka_unit_test(
		    test_random_files_are_read_in_full_however_they_grow),
		cmocka_unit_test(
		    test_a_position_holds_only_while_the_bytes_before_it_do),
		cmocka_unit_test(test_a_file_truncated_and_regrown_is_noticed),
		cmocka_unit_test(test_a_file_truncated_while_it_is_read_ends),
		cmocka_unit_test(test_one_reader_serves_many_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "reader", tests, temp_dir_make, temp_dir_remove);
}
