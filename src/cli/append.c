#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/append.h"

/* Closes a torn record of either form; blank lines mean nothing to either. */
#define CLOSING "\n\n"

static int
open_file(int folder_fd, const char *name)
{
	const int flags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = openat(folder_fd, name, O_RDWR | flags);

	/* O_CREAT comes last: fs.protected_regular refuses it (proc(5)). */
	if (fd == -1 && errno == EACCES)
		fd = openat(folder_fd, name, O_WRONLY | flags);
	if (fd == -1 && errno == ENOENT)
		fd = openat(folder_fd, name, O_RDWR | O_CREAT | flags, 0666);
	return fd;
}

/* Return 1 if ${fd} is locked and still what ${name} names, 0 if not, or -1. */
static int
lock_file(int fd, int folder_fd, const char *name)
{
	struct stat mine, named;

	if (fstat(fd, &mine) == -1)
		return -1;
	if (!S_ISREG(mine.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (flock(fd, LOCK_EX) == -1)
		return -1;
	if (fstatat(folder_fd, name, &named, 0) == -1)
		return errno == ENOENT ? 0 : -1;
	return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

static int
open_locked(int folder_fd, const char *name)
{
	int locked;

	do {
		int fd = open_file(folder_fd, name);
		int saved;

		if (fd == -1)
			return -1;
		locked = lock_file(fd, folder_fd, name);
		if (locked == 1)
			return fd;
		saved = errno;
		close(fd);
		errno = saved;
	} while (locked == 0);
	return -1;
}

/* How many bytes of CLOSING it takes until a new record can start. */
static size_t
missing_end(int fd, enum record_form form, const struct buf *record)
{
	static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };
	uint8_t tail[3];
	struct stat st;
	size_t all = form == RECORD_LINE ? 1 : 2;
	size_t len;

	if (fstat(fd, &st) == -1)
		return all;
	/* At the start of a file this would not count as text. */
	if (st.st_size == 0)
		return record->len >= sizeof(bom) &&
		    memcmp(record->data, bom, sizeof(bom)) == 0;
	len = st.st_size < 3 ? (size_t)st.st_size : sizeof(tail);
	/* Who may write but not read closes it in any case. */
	if (pread(fd, tail, len, st.st_size - (off_t)len) != (ssize_t)len)
		return all;
	/* A LF that follows the end CR belongs to it. */
	if (form == RECORD_BLOCK && len > 1 &&
	    memcmp(tail + len - 2, "\r\n", 2) == 0)
		len--;
	return record_is_end(
		   form, len > 1 ? tail[len - 2] : -1, tail[len - 1]) ?
	    0 :
	    all;
}

/*
 * Take the ${written} bytes of an unfinished write off the file, but for the
 * first ${keep}: they closed a torn record, which may have been read by now.
 */
static int
take_back(int fd, size_t written, size_t keep)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (end == -1 || fstat(fd, &st) == -1)
		return -1;
	if (st.st_size != end)
		return -1;
	if (written > keep)
		end -= (off_t)(written - keep);
	return ftruncate(fd, end);
}

static enum append_result
write_record(int fd, const struct buf *bytes, size_t closing)
{
	ssize_t n = write(fd, bytes->data, bytes->len);
	enum append_result result = APPEND_NOTHING;
	int saved = errno;

	if (n == (ssize_t)bytes->len)
		return APPEND_DONE;
	if (n >= 0) {
		/* Only a full disk, quota or limit makes a file write short. */
		saved = ENOSPC;
		if (take_back(fd, (size_t)n, closing) == -1)
			result = APPEND_TORN;
	}
	errno = saved;
	return result;
}

static enum append_result
append_locked(int fd, enum record_form form, const struct buf *record)
{
	size_t closing = missing_end(fd, form, record);
	enum append_result result = APPEND_NOTHING;
	struct buf bytes = { 0 };

	if (buf_append(&bytes, CLOSING, closing) == 0 &&
	    buf_append(&bytes, record->data, record->len) == 0)
		result = write_record(fd, &bytes, closing);
	buf_free(&bytes);
	return result;
}

enum append_result
append_record(int folder_fd, const char *name, enum record_form form,
    const struct buf *record)
{
	enum append_result result;
	sigset_t all, before;
	int fd = open_locked(folder_fd, name);
	int saved;

	if (fd == -1)
		return APPEND_NOTHING;
	/* Killed behind a short write, we could not take it back. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	/* A file size limit shall be an error of write(2), not our end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	result = append_locked(fd, form, record);
	saved = errno;
	/* NFS may report here what it could not store. */
	if (close(fd) == -1 && result == APPEND_DONE) {
		saved = errno;
		result = APPEND_TORN;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return result;
}
