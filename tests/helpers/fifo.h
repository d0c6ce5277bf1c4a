/*
 * Pipes as their writers see them, and files, in the folder of temp_dir.h.  To
 * be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FIFO_H
#define SPOOLCAST_TESTS_HELPERS_FIFO_H

#include <sys/stat.h>

#include <stdbool.h>

#include "helpers/temp_dir.h"

static inline void
fifo_make(const char *path)
{
	assert_int_equal(mkfifoat(temp_dir_fd, path, 0600), 0);
}

static inline void
fifo_add_file(const char *path, const char *text)
{
	int fd = openat(temp_dir_fd, path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline bool
fifo_exists(const char *path)
{
	struct stat st;

	return fstatat(temp_dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void
fifo_move(const char *from, const char *to)
{
	assert_int_equal(renameat(temp_dir_fd, from, temp_dir_fd, to), 0);
}

/* As a writer that comes and goes; it would fail if nobody held the pipe. */
static inline void
fifo_say(const char *path, const char *text)
{
	int fd = openat(temp_dir_fd, path, O_WRONLY | O_NONBLOCK);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline bool
fifo_is_held(const char *path)
{
	int fd = openat(temp_dir_fd, path, O_WRONLY | O_NONBLOCK);

	if (fd == -1)
		return false;
	close(fd);
	return true;
}

static inline bool
fifo_file_has(const char *path, const char *text)
{
	char bytes[256];
	int fd = openat(temp_dir_fd, path, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd != -1)
		close(fd);
	return n == (ssize_t)strlen(text) &&
	    memcmp(bytes, text, strlen(text)) == 0;
}

#endif
