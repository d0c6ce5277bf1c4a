#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "publish/put_pipe.h"

static int
write_whole(int fd, const struct buf *bytes, bool may_wait)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	for (;;) {
		n = write(fd, bytes->data, bytes->len);
		if (n == (ssize_t)bytes->len)
			return 0;
		/*
		 * The write is atomic: all or nothing, and EAGAIN when there is
		 * no room.
		 */
		if (n != -1 || (errno != EAGAIN && errno != EINTR))
			return -1;
		if (errno == EAGAIN && !may_wait)
			return -1;
		if (poll(&room, 1, -1) == -1 && errno != EINTR)
			return -1;
	}
}

static int
open_pipe(int folder_fd, const char *name)
{
	int fd = openat(folder_fd, name,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

int
put_pipe(int folder_fd, const char *name, const struct buf *line, bool may_wait)
{
	struct buf bytes = { 0 };
	int fd = -1, rc = -1;

	if (buf_puts(&bytes, "\n") == -1 ||
	    buf_append(&bytes, line->data, line->len) == -1)
		goto out;
	errno = EMSGSIZE;
	if (bytes.len > PIPE_BUF)
		goto out;
	if ((fd = open_pipe(folder_fd, name)) == -1)
		goto out;
	(void)signal(SIGPIPE, SIG_IGN);
	rc = write_whole(fd, &bytes, may_wait);
out:
	fd_close(fd);
	buf_free(&bytes);
	return rc;
}
