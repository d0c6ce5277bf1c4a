#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "publish/append.h"
#include "spool/lock.h"

/* Closes a torn record of either form; blank lines mean nothing to either. */
#define CLOSING "\n\n"

#define FLAGS (O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Make the file, which was missing.  O_EXCL: nothing is made through a link. */
static int
make_file(const struct append *append)
{
	int fd = openat(append->folder_fd, append->name,
	    O_RDWR | O_CREAT | O_EXCL | FLAGS, 0666);
	struct stat st;

	if (fd != -1 || errno != EEXIST)
		return fd;
	if (fstatat(
		append->folder_fd, append->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	/* It is a link that leads nowhere, or another writer was faster. */
	errno = S_ISLNK(st.st_mode) ? ELOOP : ENOENT;
	return -1;
}

static int
open_old(const struct append *append)
{
	int fd = trust_open(
	    append->folder_fd, append->name, O_RDWR | FLAGS, append->links);

	if (fd == -1 && errno == EACCES)
		fd = trust_open(append->folder_fd, append->name,
		    O_WRONLY | FLAGS, append->links);
	return fd;
}

static int
open_file(const struct append *append, bool creates)
{
	int fd = open_old(append);

	/*
	 * O_CREAT comes last, as fs.protected_regular may refuse it (proc(5)).
	 */
	while (fd == -1 && errno == ENOENT && creates) {
		fd = make_file(append);
		if (fd == -1 && errno == ENOENT)
			fd = open_old(append);
	}
	return fd;
}

/* Return 1 if ${fd} is locked and still has its name, 0 if not, or -1. */
static int
lock_file(const struct append *append, int fd)
{
	struct stat mine, named;

	if (fstat(fd, &mine) == -1)
		return -1;
	if (!S_ISREG(mine.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (lock_get(fd, LOCK_APPEND, append->name, append->may_wait) == -1)
		return -1;
	if (trust_look(
		append->folder_fd, append->name, append->links, &named) == -1)
		return errno == ENOENT ? 0 : -1;
	return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

static int
open_locked(const struct append *append, bool creates)
{
	int locked;

	do {
		int fd = open_file(append, creates);

		if (fd == -1)
			return -1;
		locked = lock_file(append, fd);
		if (locked == 1)
			return fd;
		fd_close(fd);
	} while (locked == 0);
	return -1;
}

static int
closing_len(enum record_form form)
{
	return form == RECORD_LINE ? 1 : 2;
}

/*
 * Return how many bytes of CLOSING it takes at ${offset}, which is not 0, until
 * a new record can start there; -1 if that cannot be seen.
 */
static int
closing_at(int fd, enum record_form form, off_t offset)
{
	uint8_t tail[3];
	size_t len = offset < 3 ? (size_t)offset : sizeof(tail);

	if (pread(fd, tail, len, offset - (off_t)len) != (ssize_t)len)
		return -1;
	/* A LF that follows the CR of an end belongs to that end. */
	if (form == RECORD_BLOCK && len > 1 &&
	    memcmp(tail + len - 2, "\r\n", 2) == 0)
		len--;
	return record_is_end(
		   form, len > 1 ? tail[len - 2] : -1, tail[len - 1]) ?
	    0 :
	    closing_len(form);
}

/*
 * Return how many bytes of CLOSING have to stand before ${record} at the end of
 * the file.
 */
static int
closing_for(int fd, enum record_form form, const struct buf *record)
{
	static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };
	struct stat st;
	int closing = -1;

	if (fstat(fd, &st) == 0) {
		/* A byte order mark at the start of a file is no text. */
		if (st.st_size == 0)
			return record->len >= sizeof(bom) &&
			    memcmp(record->data, bom, sizeof(bom)) == 0;
		closing = closing_at(fd, form, st.st_size);
	}
	/* If we may write but not read, close in any case. */
	return closing == -1 ? closing_len(form) : closing;
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
append_closing(int fd, const struct buf *record, int closing)
{
	enum append_result result = APPEND_NOTHING;
	struct buf bytes = { 0 };

	if (buf_append(&bytes, CLOSING, (size_t)closing) == 0 &&
	    buf_append(&bytes, record->data, record->len) == 0)
		result = write_record(fd, &bytes, (size_t)closing);
	buf_free(&bytes);
	return result;
}

/*
 * Return whether ${record}, just written without closing, became part of
 * another.
 */
static bool
was_mixed(int fd, enum record_form form, const struct buf *record)
{
	off_t end = lseek(fd, 0, SEEK_CUR);

	return end > (off_t)record->len &&
	    closing_at(fd, form, end - (off_t)record->len) > 0;
}

static enum append_result
append_locked(const struct append *append, int fd, const struct buf *record)
{
	enum record_form form = append->form;
	int closing = closing_for(fd, form, record);
	enum append_result result;
	struct stat st;

	if (fstatat(append->folder_fd, append->end, &st, AT_SYMLINK_NOFOLLOW) ==
	    0)
		return APPEND_ENDED;
	result = append_closing(fd, record, closing);
	if (result != APPEND_DONE || closing > 0 ||
	    !was_mixed(fd, form, record))
		return result;
	result = append_closing(fd, record, closing_len(form));
	return result == APPEND_NOTHING ? APPEND_TORN : result;
}

enum append_result
append_record(const struct append *append, const struct buf *record)
{
	enum append_result result;
	sigset_t all, before;
	int fd = open_locked(append, true);
	int saved;

	if (fd == -1)
		return APPEND_NOTHING;
	/* If we were killed after a short write, we could not take it back. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	/* A file size limit must be an error of write(2), not our end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	result = append_locked(append, fd, record);
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

int
append_end(const struct append *append)
{
	int fd = append->name != NULL ? open_locked(append, false) : -1;
	int end_fd;

	if (fd == -1 && append->name != NULL &&
	    errno == (append->may_wait ? ETIMEDOUT : EWOULDBLOCK))
		return -1;
	/*
	 * The channel may have no file, or one that we may not write to, and
	 * ends in any case.
	 */
	end_fd = openat(append->folder_fd, append->end,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	fd_close(end_fd);
	fd_close(fd);
	return end_fd != -1 || errno == EEXIST ? 0 : -1;
}
