#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "conn/conn.h"

static int
frame(struct buf *out, const uint8_t *bytes, size_t len)
{
	return buf_append(out, bytes, len);
}

static int
frame_end(struct buf *out)
{
	/* The end of a CGI response is the end of the process. */
	(void)out;
	return 0;
}

static ssize_t
send_some(int fd, const struct iovec *parts, int n_parts)
{
	return writev(fd, parts, n_parts);
}

/*
 * The web server gave us a pipe (POLLERR when it is closed at the other end) or
 * a socket.  Apache's mod_cgid gives one that is standard input as well, and
 * shuts its side of it down where the body of the request ends: no more input
 * from there is not the viewer's going.
 */
static void
on_readable(struct conn *conn)
{
	struct pollfd poll_fd = { .fd = conn->io.fd };
	char bytes[512];
	ssize_t n;

	if (poll(&poll_fd, 1, 0) == 1 &&
	    (poll_fd.revents & (POLLERR | POLLHUP))) {
		conn->ops->on_gone(conn, "closed by the web server", false);
		return;
	}
	n = recv(conn->io.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n == 0)
		conn->can_poll = false;
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		conn->ops->on_gone(conn, "closed by the web server", false);
}

const struct conn_kind conn_cgi = {
	.frame = frame,
	.frame_end = frame_end,
	.send = send_some,
	.on_readable = on_readable,
};
