/*
 * A series of segments in temp_dir, and rotating it.  To be included after
 * <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_ROTATION_SERIES_H
#define SPOOLCAST_TESTS_HELPERS_ROTATION_SERIES_H

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "helpers/temp_dir.h"
#include "spool/rotation.h"

#define SERIES_LOCK ".spoolcast/rotation"

static struct rotation_report series_report;

static inline void
series_clear(void)
{
	temp_dir_clear(temp_dir_fd, ".");
}

static inline int
series_teardown(void **state)
{
	(void)state;
	series_clear();
	return 0;
}

/* Append ${text} to the file ${name}, which is made with mode 0644. */
static inline void
series_write(const char *name, const char *text)
{
	int fd = openat(
	    temp_dir_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* What is in the file ${name}, valid until the next call; "-": no file. */
static inline const char *
series_text(const char *name)
{
	static char text[256];
	int fd = openat(temp_dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return "-";
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_int_not_equal(n, -1);
	text[n] = '\0';
	return text;
}

/*
 * Make the segments of ${base}: a word of ${words} for each, the newest first;
 * "-" is a number that is missing.
 */
static inline void
series_make(const char *base, const char *words)
{
	char name[128];
	unsigned number = 0;

	for (; *words != '\0'; number++) {
		size_t len = strcspn(words, " ");
		char word[32];

		snprintf(word, sizeof(word), "%.*s", (int)len, words);
		snprintf(name, sizeof(name), number == 0 ? "%s" : "%s.%u", base,
		    number);
		if (strcmp(word, "-") != 0)
			series_write(name, word);
		words += len + (words[len] == ' ');
	}
}

/* Fail unless the segments of ${base} up to ${last} are those of ${words}. */
static inline void
series_is(const char *base, unsigned last, const char *words)
{
	struct buf got = { 0 };
	char name[128];

	for (unsigned number = 0; number <= last; number++) {
		const char *text;

		snprintf(name, sizeof(name), number == 0 ? "%s" : "%s.%u", base,
		    number);
		text = series_text(name);
		assert_int_equal(
		    buf_printf(&got, "%s%s", number == 0 ? "" : " ",
			text[0] == '\0' ? "''" : text),
		    0);
	}
	assert_int_equal(buf_append(&got, "", 1), 0);
	assert_string_equal((char *)got.data, words);
	buf_free(&got);
}

/* Rotate ${base}, which keeps ${keep} older segments, whatever its size. */
static inline enum rotation_result
series_rotate(const char *base, unsigned keep)
{
	const struct rotation rotation = { .base = base, .keep = keep };

	return rotation_run(temp_dir, &rotation, &series_report);
}

/*
 * Leave a note as somebody who was killed, while he rotated ${base} whose
 * newest segment was the file that is ${name} now.
 */
static inline void
series_leave_note(const char *base, const char *name, unsigned keep)
{
	char text[161], note[128];
	struct stat st;
	int fd;

	/* This makes the file. */
	series_make("temporary", "t");
	assert_int_equal(series_rotate("temporary", 0), ROTATION_DONE);
	unlinkat(temp_dir_fd, "temporary", 0);
	assert_int_equal(fstatat(temp_dir_fd, name, &st, 0), 0);
	snprintf(
	    note, sizeof(note), "%s %ju %u", base, (uintmax_t)st.st_ino, keep);
	snprintf(text, sizeof(text), "%-159s\n", note);
	fd = openat(temp_dir_fd, SERIES_LOCK, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, text, 160, 0), 160);
	close(fd);
}

/* In a child that fails by its exit status, the line that failed. */
#define EXPECT(so)                                                             \
	do {                                                                   \
		if (!(so)) {                                                   \
			dprintf(2, "%d: not so: %s, errno %d: %s\n", __LINE__, \
			    #so, errno, series_report.problem);                \
			_exit(1);                                              \
		}                                                              \
	} while (0)

/* Run ${body} in a process that may do with itself as it likes. */
static inline void
series_apart(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid != -1);
	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#endif
