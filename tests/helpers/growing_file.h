/*
 * A file that is written to while a reader reads it.  To be included after
 * <cmocka.h>.  A story is what the reader told, one line each: records with
 * their data lines, and where each ended.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_GROWING_FILE_H
#define SPOOLCAST_TESTS_HELPERS_GROWING_FILE_H

#include <string.h>

#include "base/buf.h"
#include "helpers/temp_dir.h"
#include "spool/reader.h"

struct growing {
	int fd; /* for writing, at the end */
	struct segment *seg;
	struct reader reader;
	uint64_t max_record;
	struct position at;
	struct buf story;
};

static inline void
growing_open(struct growing *g, enum record_form form, uint64_t max_record)
{
	memset(g, 0, sizeof(*g));
	g->max_record = max_record;
	unlinkat(temp_dir_fd, "news", 0);
	g->fd = openat(temp_dir_fd, "news", O_RDWR | O_CREAT | O_APPEND, 0600);
	assert_true(g->fd != -1);
	g->seg = segment_open(temp_dir_fd, "news", form, TRUST_OWNER);
	assert_non_null(g->seg);
	assert_int_equal(segment_position(g->seg, 0, &g->at), 0);
}

static inline void
growing_close(struct growing *g)
{
	segment_drop(&g->seg);
	close(g->fd);
	unlinkat(temp_dir_fd, "news", 0);
	reader_free(&g->reader);
	buf_free(&g->story);
}

static inline void
growing_add(struct growing *g, const void *bytes, size_t len)
{
	if (len > 0)
		assert_int_equal(write(g->fd, bytes, len), len);
}

static inline void
growing_puts(struct growing *g, const char *text)
{
	growing_add(g, text, strlen(text));
}

static inline void
growing_fill(struct growing *g, char byte, size_t len)
{
	char bytes[4096];

	memset(bytes, byte, sizeof(bytes));
	for (; len > sizeof(bytes); len -= sizeof(bytes))
		growing_add(g, bytes, sizeof(bytes));
	growing_add(g, bytes, len);
}

static inline void
assert_same_position(const struct position *a, const struct position *b)
{
	assert_true(a->offset == b->offset);
	assert_int_equal(a->ino, b->ino);
	assert_int_equal(a->birth, b->birth);
	assert_int_equal(a->check, b->check);
}

static inline void
story_add(struct buf *story, enum read_result result, const struct record *rec,
    uint64_t end)
{
	struct record_iter iter = { 0 };
	struct span line;

	if (result == READ_NOTHING)
		return;
	assert_int_equal(buf_printf(story, "%s@%llu:",
			     result == READ_LONG ? "long" : "record",
			     (unsigned long long)end),
	    0);
	while (result == READ_RECORD && record_data_next(rec, &iter, &line)) {
		assert_int_equal(buf_append(story, line.bytes, line.len), 0);
		assert_int_equal(buf_puts(story, "|"), 0);
	}
	assert_int_equal(buf_puts(story, "\n"), 0);
}

/* Let the reader go on until there is no more; return its last word. */
static inline enum read_result
growing_go_on(struct growing *g)
{
	struct position before, there;
	enum read_result result;
	struct record rec;

	for (;;) {
		before = g->at;
		result = reader_next(&g->reader, &rec, &g->at);
		if (result != READ_RECORD && result != READ_NOTHING &&
		    result != READ_LONG)
			break;
		assert_true(g->at.offset > before.offset);
		/* As anybody would make it who looks at the file. */
		assert_int_equal(
		    segment_position(g->seg, g->at.offset, &there), 0);
		assert_same_position(&g->at, &there);
		story_add(&g->story, result, &rec, g->at.offset);
	}
	assert_same_position(&g->at, &before);
	return result;
}

static inline enum read_result
growing_start(struct growing *g)
{
	return reader_start(&g->reader, g->seg, &g->at, g->max_record);
}

/* Start anew where reading ended last, and read all that is there now. */
static inline void
growing_read(struct growing *g)
{
	assert_int_equal(growing_start(g), READ_RECORD);
	assert_int_equal(growing_go_on(g), READ_END);
}

/* Compare the story with that text, and begin a new one. */
static inline void
assert_story(struct growing *g, const char *want)
{
	size_t len = strlen(want);

	if (g->story.len != len ||
	    (len > 0 && memcmp(g->story.data, want, len) != 0))
		fail_msg("got \"%.*s\", want \"%s\"", (int)g->story.len,
		    (const char *)g->story.data, want);
	g->story.len = 0;
}

#endif
