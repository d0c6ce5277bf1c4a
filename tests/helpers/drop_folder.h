/*
 * A spool with a drop folder in it, and what came of it in the journal.  To be
 * included after <cmocka.h>.  A story is what the records tell, one line each.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_DROP_FOLDER_H
#define SPOOLCAST_TESTS_HELPERS_DROP_FOLDER_H

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "helpers/temp_dir.h"
#include "spool/record.h"
#include "take/drop.h"

#define FOLDER "jobs.d"
#define JOURNAL ".spoolcast/jobs.d.log"

static struct drop_opts drop_opts = {
	.spool = temp_dir,
	.file = "jobs.d",
	.journal = "jobs.d.log",
	.channel = "jobs",
	.max_record = 65536,
};

static inline int
drop_start(void **state)
{
	(void)state;
	drop_opts.max_record = 65536;
	drop_opts.keep_files = drop_opts.type_from_extension = false;
	return mkdirat(temp_dir_fd, FOLDER, 0700);
}

static inline int
drop_stop(void **state)
{
	(void)state;
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

static inline const char *
drop_path(const char *name)
{
	static char path[NAME_MAX + 16];

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	return path;
}

static inline void
drop_put(const char *name, const void *bytes, size_t len)
{
	int fd = openat(temp_dir_fd, "new", O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd != -1);
	if (len > 0)
		assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	assert_int_equal(
	    renameat(temp_dir_fd, "new", temp_dir_fd, drop_path(name)), 0);
}

static inline void
drop_puts(const char *name, const char *text)
{
	drop_put(name, text, strlen(text));
}

/* All that the file has, with a NUL behind. */
static inline void
drop_read(const char *path, struct buf *out)
{
	int fd = openat(temp_dir_fd, path, O_RDONLY);
	ssize_t n;

	assert_true(fd != -1);
	do {
		assert_int_equal(buf_reserve(out, 65536), 0);
		n = read(fd, out->data + out->len, 65535);
		assert_true(n >= 0);
		out->len += (size_t)n;
	} while (n > 0);
	out->data[out->len] = '\0';
	close(fd);
}

static inline void
drop_tell(struct buf *story, const struct record *rec)
{
	struct record_iter iter = { 0 };
	struct span line;
	bool is_first = true;

	if (rec->event.len > 0)
		buf_printf(story, "%.*s: ", (int)rec->event.len,
		    (const char *)rec->event.bytes);
	if (rec->skipped >= 0)
		buf_printf(story, "skipped %lld", (long long)rec->skipped);
	while (record_data_next(rec, &iter, &line)) {
		if (!is_first)
			buf_puts(story, "|");
		buf_append(story, line.bytes, line.len);
		is_first = false;
	}
	buf_puts(story, "\n");
}

/* Add the story of the journal ${path}, which has to end with a record. */
static inline void
drop_story(const char *path, struct buf *story)
{
	struct buf text = { 0 };
	size_t at = 0;

	drop_read(path, &text);
	while (at < text.len) {
		size_t len = record_find_end(RECORD_JOURNAL, text.data + at,
		    text.len - at, at == 0 ? -1 : text.data[at - 1], 0);
		struct record rec;

		assert_true(len > 0);
		assert_true(record_parse(
		    RECORD_JOURNAL, text.data + at, len, at == 0, &rec));
		drop_tell(story, &rec);
		at += len;
	}
	buf_free(&text);
}

static inline void
assert_story(const char *want)
{
	struct buf story = { 0 };

	drop_story(JOURNAL, &story);
	assert_int_equal(buf_append(&story, "", 1), 0);
	assert_string_equal((const char *)story.data, want);
	buf_free(&story);
}

/* How many names there are in the folder ${path}; -1: there is none. */
static inline int
drop_count(const char *path)
{
	int fd = openat(temp_dir_fd, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	int n = -2;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline struct drop *
drop_make(void)
{
	struct drop *drop = drop_new(&drop_opts);

	assert_non_null(drop);
	return drop;
}

/* Take all that can be taken now; return what came of it at last. */
static inline enum drop_result
drop_take_all(struct drop *drop)
{
	enum drop_result result;

	do {
		result = drop_take(drop, INT64_MAX);
	} while (result == DROP_MORE);
	return result;
}

/* The same as a process that begins now does it, and ends. */
static inline enum drop_result
drop_once(void)
{
	struct drop *drop = drop_make();
	enum drop_result result;
	int saved;

	drop_rescan(drop);
	result = drop_take_all(drop);
	saved = errno;
	drop_free(drop);
	errno = saved;
	return result;
}

#endif
