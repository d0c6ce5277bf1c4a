/* The record of a dropped file: written, read back, and recognised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "spool/record.h"
#include "take/drop_record.h"

#define TOKEN "1f-2a0-0123456789abcdef"

/* The data as its lines have it, with LF between them. */
static void
read_data(const struct record *rec, struct buf *out)
{
	struct record_iter iter = { 0 };
	struct span line;
	bool is_first = true;

	out->len = 0;
	while (record_data_next(rec, &iter, &line)) {
		if (!is_first)
			assert_int_equal(buf_puts(out, "\n"), 0);
		assert_int_equal(buf_append(out, line.bytes, line.len), 0);
		is_first = false;
	}
	assert_false(is_first);
}

/* What it should be: each line end is LF, the last one is none. */
static void
want_data(const uint8_t *bytes, size_t len, struct buf *out)
{
	size_t i = record_bom_len(bytes, len);

	out->len = 0;
	for (; i < len; i++) {
		uint8_t byte = bytes[i];

		if (byte == '\r') {
			byte = '\n';
			if (i + 1 < len && bytes[i + 1] == '\n')
				i++;
		}
		assert_int_equal(buf_append(out, &byte, 1), 0);
	}
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->len--;
}

static void
check(const uint8_t *bytes, size_t len, struct rnd *rnd)
{
	struct buf out = { 0 }, want = { 0 }, got = { 0 };
	struct drop_record record;
	struct record rec;
	size_t at = 0, n = len < 3 ? len : 3;

	drop_record_begin(&record, &out, TOKEN, "a\nb");
	/* The first piece has room for a byte order mark. */
	do {
		if (at > 0)
			n = (size_t)rnd_between(rnd, 1, (int64_t)(len - at));
		drop_record_data(&record, bytes + at, n);
		at += n;
	} while (at < len);
	assert_int_equal(drop_record_end(&record), 0);
	assert_int_equal(
	    record_find_end(RECORD_JOURNAL, out.data, out.len, -1, 0), out.len);
	assert_true(
	    record_parse(RECORD_JOURNAL, out.data, out.len, true, &rec));
	assert_true(rec.body.len <= record_limit(RECORD_JOURNAL, len));
	assert_null(rec.event.bytes);
	assert_null(rec.id.bytes);
	assert_true(rec.retry_ms == -1 && rec.skipped == -1);
	read_data(&rec, &got);
	want_data(bytes, len, &want);
	assert_int_equal(got.len, want.len);
	if (want.len > 0)
		assert_memory_equal(got.data, want.data, want.len);
	buf_free(&out);
	buf_free(&want);
	buf_free(&got);
}

static void
test_any_bytes_in_any_pieces_are_read_back(void **state)
{
	static const char letters[] = "\n\r :x\xef\xbb\xbf";
	struct rnd rnd = { .state = 1 };
	uint8_t bytes[24];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		size_t len = (size_t)rnd_between(&rnd, 0, sizeof(bytes));

		for (size_t j = 0; j < len; j++)
			bytes[j] = (uint8_t)
			    letters[rnd_between(&rnd, 0, sizeof(letters) - 1)];
		check(bytes, len, &rnd);
	}
}

static void
test_any_name_is_recognised_and_ends_no_line(void **state)
{
	struct rnd rnd = { .state = 2 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char name[NAME_MAX + 1], found[NAME_MAX + 1];
		size_t len = (size_t)rnd_between(&rnd, 1, NAME_MAX);
		struct buf out = { 0 };
		struct drop_record record;

		for (size_t j = 0; j < len; j++)
			name[j] = (char)rnd_between(&rnd, 1, 255);
		name[len] = '\0';
		drop_record_begin(&record, &out, TOKEN, name);
		assert_int_equal(record.failed, 0);
		assert_true(out.len <= DROP_COMMENT_MAX);
		assert_ptr_equal(
		    memchr(out.data, '\n', out.len), out.data + out.len - 1);
		assert_true(drop_record_file(
		    (const char *)out.data, out.len - 1, TOKEN, found));
		assert_string_equal(found, name);
		buf_free(&out);
	}
}

static void
test_only_comments_of_the_batch_are_recognised(void **state)
{
	static const char *const lines[] = {
		": taken",
		": taken ",
		": taken " TOKEN,
		": taken " TOKEN " ",
		": taken " TOKEN "0 name",
		": taken 1f-2a0-0123456789abcdee name",
		"data: taken " TOKEN " name",
		" : taken " TOKEN " name",
		":taken " TOKEN " name",
		": taken " TOKEN " na%",
		": taken " TOKEN " na%4",
		": taken " TOKEN " na%4g",
		": taken " TOKEN " na%00me",
		"",
	};
	char found[NAME_MAX + 1], longest[NAME_MAX + 64];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(
		    drop_record_file(lines[i], strlen(lines[i]), TOKEN, found));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, ": taken " TOKEN " ", 32);
	assert_true(drop_record_file(longest, 32 + NAME_MAX, TOKEN, found));
	assert_false(drop_record_file(longest, 33 + NAME_MAX, TOKEN, found));
}

static void
test_what_is_undone_leaves_nothing(void **state)
{
	struct drop_record record;
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&out, "before"), 0);
	drop_record_begin(&record, &out, TOKEN, "a");
	drop_record_event(&record, "type");
	drop_record_data(&record, (const uint8_t *)"x\ny", 3);
	drop_record_undo(&record);
	assert_int_equal(out.len, strlen("before"));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_bytes_in_any_pieces_are_read_back),
		cmocka_unit_test(test_any_name_is_recognised_and_ends_no_line),
		cmocka_unit_test(
		    test_only_comments_of_the_batch_are_recognised),
		cmocka_unit_test(test_what_is_undone_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("drop_record", tests, NULL, NULL);
}
