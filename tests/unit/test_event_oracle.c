/*
 * What a browser makes of our output must be what it would make of the spool
 * file itself: the parser here follows WHATWG HTML 9.2.6 step by step and
 * shares nothing with ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "format/event.h"
#include "format/utf8.h"

#define N_TOKENS(tokens) (sizeof(tokens) / sizeof((tokens)[0]))

struct browser {
	struct buf line, data, type, last_id, pending_id;
	struct buf story; /* what the page got to see */
	char retry[32];
};

static void
put(struct buf *out, const void *bytes, size_t len)
{
	assert_int_equal(buf_append(out, bytes, len), 0);
}

static void
set(struct buf *out, const void *bytes, size_t len)
{
	out->len = 0;
	put(out, bytes, len);
}

static bool
is_name(const struct buf *line, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(line->data, name, len) == 0;
}

/* "Dispatch the event". */
static void
dispatch(struct browser *b)
{
	set(&b->last_id, b->pending_id.data, b->pending_id.len);
	/* No page listens to what only moves its cursor. */
	if (b->data.len > 0 &&
	    !is_name(&b->type, b->type.len, "spoolcast.at")) {
		put(&b->story, "type=", 5);
		put(&b->story, b->type.data, b->type.len);
		put(&b->story, "\n", 1);
		put(&b->story, b->retry, strlen(b->retry));
		put(&b->story, "\n", 1);
		/* With the LF that would be removed: it ends the entry. */
		put(&b->story, b->data.data, b->data.len);
	}
	b->data.len = 0;
	b->type.len = 0;
}

static void
set_retry(struct browser *b, const uint8_t *value, size_t len)
{
	size_t zeros = 0;

	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return;
	}
	while (zeros + 1 < len && value[zeros] == '0')
		zeros++;
	if (len > 0)
		snprintf(b->retry, sizeof(b->retry), "retry=%.*s",
		    (int)(len - zeros), (const char *)value + zeros);
}

/* "Process the field". */
static void
process_line(struct browser *b)
{
	const uint8_t *colon, *value;
	size_t name_len = b->line.len, len = 0;

	if (b->line.len == 0) {
		dispatch(b);
		return;
	}
	colon = memchr(b->line.data, ':', b->line.len);
	value = b->line.data + b->line.len;
	if (colon != NULL) {
		name_len = (size_t)(colon - b->line.data);
		value = colon + 1;
		len = b->line.len - name_len - 1;
		if (len > 0 && *value == ' ') {
			value++;
			len--;
		}
	}
	if (is_name(&b->line, name_len, "event")) {
		set(&b->type, value, len);
	} else if (is_name(&b->line, name_len, "data")) {
		put(&b->data, value, len);
		put(&b->data, "\n", 1);
	} else if (is_name(&b->line, name_len, "id")) {
		if (len == 0 || memchr(value, 0, len) == NULL)
			set(&b->pending_id, value, len);
	} else if (is_name(&b->line, name_len, "retry")) {
		set_retry(b, value, len);
	}
}

static void
browse(struct browser *b, const struct buf *stream)
{
	size_t i = 0;

	memset(b, 0, sizeof(*b));
	if (stream->data == NULL)
		return;
	if (stream->len >= 3 && memcmp(stream->data, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	for (; i < stream->len; i++) {
		uint8_t byte = stream->data[i];

		if (byte != '\r' && byte != '\n') {
			put(&b->line, &byte, 1);
			continue;
		}
		process_line(b);
		b->line.len = 0;
		if (byte == '\r' && i + 1 < stream->len &&
		    stream->data[i + 1] == '\n')
			i++;
	}
}

static void
browser_free(struct browser *b)
{
	buf_free(&b->line);
	buf_free(&b->data);
	buf_free(&b->type);
	buf_free(&b->last_id);
	buf_free(&b->pending_id);
	buf_free(&b->story);
}

static const struct span id = { (const uint8_t *)"tagA.tagB", 9 };

/* Everything in the file as we would send it. */
static void
send_all(enum record_form form, const struct buf *file, struct buf *out)
{
	size_t at = 0;

	for (;;) {
		struct record rec;
		size_t len = record_find_end(form, file->data + at,
		    file->len - at, at == 0 ? -1 : file->data[at - 1], 0);

		if (len == 0)
			return;
		if (record_parse(form, file->data + at, len, at == 0, &rec))
			assert_int_equal(event_append(out, &id, NULL, &rec), 0);
		at += len;
	}
}

/* What the page must see: the file with its UTF-8 repaired. */
static void
expect_blocks(const struct buf *file, struct browser *b)
{
	struct buf repaired = { 0 };

	assert_int_equal(utf8_append(&repaired, file->data, file->len), 0);
	browse(b, &repaired);
	buf_free(&repaired);
}

/* Likewise in line form: spoken of in spec terms, not in code of ours. */
static void
expect_lines(const struct buf *file, struct browser *b)
{
	struct buf lines = { 0 };
	const uint8_t *p = file->data, *stop = p + file->len, *end;

	if (file->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < stop && (end = memchr(p, '\n', (size_t)(stop - p))) != NULL;
	     p = end + 1) {
		size_t len = (size_t)(end - p);

		if (len > 0 && p[len - 1] == '\r')
			len--;
		if (len == 0)
			continue;
		put(&lines, "data: ", 6);
		for (size_t i = 0; i < len; i++) {
			if (p[i] == '\r')
				put(&lines, "\ndata: ", 7);
			else
				put(&lines, p + i, 1);
		}
		put(&lines, "\n\n", 2);
	}
	expect_blocks(&lines, b);
	buf_free(&lines);
}

static void
assert_id_is_ours(const struct browser *b)
{
	if (b->last_id.len == 0)
		return;
	assert_in_range(b->last_id.len, id.len, EVENT_ID_MAX);
	assert_memory_equal(b->last_id.data, id.bytes, id.len);
	for (size_t i = id.len; i < b->last_id.len; i++)
		assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789._~-",
		    b->last_id.data[i], 66));
}

static void
check(enum record_form form, const struct buf *file)
{
	struct buf out = { 0 };
	struct browser want, got;

	send_all(form, file, &out);
	browse(&got, &out);
	if (form == RECORD_LINE)
		expect_lines(file, &want);
	else
		expect_blocks(file, &want);
	if (got.story.len != want.story.len ||
	    (want.story.len > 0 &&
		memcmp(got.story.data, want.story.data, want.story.len) != 0)) {
		for (size_t i = 0; i < file->len; i++)
			print_error("\\x%02x", file->data[i]);
		fail_msg("form %d: got \"%.*s\", want \"%.*s\"", form,
		    (int)got.story.len, (const char *)got.story.data,
		    (int)want.story.len, (const char *)want.story.data);
	}
	assert_id_is_ours(&got);
	buf_free(&out);
	browser_free(&want);
	browser_free(&got);
}

static const struct {
	const char *text;
	size_t len;
} tokens[] = {
#define TOKEN(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
	TOKEN("data: "),
	TOKEN("data:"),
	TOKEN("data"),
	TOKEN("data: x\n"),
	TOKEN("event: "),
	TOKEN("event"),
	TOKEN("id: "),
	TOKEN("id"),
	TOKEN("retry: "),
	TOKEN("17"),
	TOKEN("0"),
	TOKEN("expires: 1\n"),
	TOKEN("flush: now\n"),
	TOKEN(": "),
	TOKEN(":"),
	TOKEN(" "),
	TOKEN("\n"),
	TOKEN("\n"),
	TOKEN("\r"),
	TOKEN("\r\n"),
	TOKEN("\n\n"),
	TOKEN("\r\r"),
	TOKEN("\r\n\r\n"),
	TOKEN("x"),
	TOKEN("~."),
	TOKEN("\xff"),
	TOKEN("\xe2\x82"),
	TOKEN("\xac"),
	TOKEN("\xc3\xa4"),
	TOKEN("\xed\xa0\x80"),
	TOKEN("\xef\xbb\xbf"),
	TOKEN("\0"),
};

static void
test_random_files_arrive_as_a_browser_would_read_them(void **state)
{
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 10000; round++) {
		size_t n = (size_t)rnd_between(&rnd, 1, 40);
		struct buf file = { 0 };

		for (size_t i = 0; i < n; i++) {
			size_t pick =
			    (size_t)rnd_between(&rnd, 0, N_TOKENS(tokens) - 1);

			put(&file, tokens[pick].text, tokens[pick].len);
		}
		check(RECORD_BLOCK, &file);
		check(RECORD_LINE, &file);
		buf_free(&file);
	}
}

static void
test_every_short_file_arrives_as_a_browser_would_read_it(void **state)
{
	static const char *const parts[] = { "data", ":", "\n", "\r", "a",
		"retry: 1" };
	size_t n = N_TOKENS(parts);

	(void)state;
	for (size_t i = 0; i < n * n * n * n * n * n; i++) {
		struct buf file = { 0 };

		for (size_t rest = i, j = 0; j < 6; j++, rest /= n)
			assert_int_equal(buf_puts(&file, parts[rest % n]), 0);
		check(RECORD_BLOCK, &file);
		check(RECORD_LINE, &file);
		buf_free(&file);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_random_files_arrive_as_a_browser_would_read_them),
		cmocka_unit_test(
		    test_every_short_file_arrives_as_a_browser_would_read_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("event_oracle", tests, NULL, NULL);
}
