#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "wire/conn.h"

/*
 * Where Apache has mod_deflate in the way, it waits for 69 bytes of the body of
 * a CGI program before it finds that it is not to compress them.
 */
#define COMMENT ": server-sent events, as in https://html.spec.whatwg.org/\n"

/*
 * This waits for the peer to hang up, once nothing more is to be read.  Such a
 * process has only one connection.
 */
static ev_io hangup;

int
wire_cgi_head(struct buf *out, int status, const char *phrase)
{
	/* Each stream begins with this, and printf would take a tenth of it. */
	char number[] = { (char)('0' + status / 100),
		(char)('0' + status / 10 % 10), (char)('0' + status % 10),
		' ' };

	assert(status >= 100 && status <= 999);
	if (buf_puts(out, "Status: ") != 0 ||
	    buf_append(out, number, sizeof(number)) != 0 ||
	    buf_puts(out, phrase) != 0)
		return -1;
	return buf_puts(out, "\r\n");
}

static int
frame(struct buf *out, const uint8_t *bytes, size_t len)
{
	return buf_append(out, bytes, len);
}

static int
frame_whole(struct buf *text)
{
	(void)text;
	return 0;
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
 * Standard output may be a file or a terminal: nothing tells there that the
 * reader is gone, and libev takes a file as always ready.
 */
static void
on_open(struct conn *conn)
{
	int fd = conn->io.fd;
	struct stat st;

	conn->can_poll = fstat(fd, &st) == 0 &&
	    (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode));
	if (conn->can_poll)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
on_hangup(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *conn = io->data;

	(void)loop;
	(void)revents;
	conn_owner(conn)->ops->on_gone(conn, "closed by the web server", false);
}

/*
 * Nothing more is to be read, and a descriptor at its end is always readable:
 * so wait only for the peer to hang up.  libev has no event for that, but an
 * epoll of its own has.  If we cannot have one, the next write tells.
 */
static void
watch_hangup(struct conn *conn, struct ev_loop *loop)
{
	struct epoll_event none = { 0 };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd == -1)
		return;
	if (epoll_ctl(fd, EPOLL_CTL_ADD, conn->io.fd, &none) != 0) {
		close(fd);
		return;
	}
	ev_io_init(&hangup, on_hangup, fd, EV_READ);
	hangup.data = conn;
	ev_io_start(loop, &hangup);
}

/*
 * The web server gave us a pipe (POLLERR when it is closed at the other end) or
 * a socket.  Apache's mod_cgid gives one that is standard input as well, and
 * shuts its side of it down where the body of the request ends: the end of that
 * input does not mean that the viewer has gone.
 */
static void
on_readable(struct conn *conn, struct ev_loop *loop)
{
	struct pollfd poll_fd = { .fd = conn->io.fd };
	char bytes[512];
	ssize_t n;

	if (poll(&poll_fd, 1, 0) == 1 &&
	    (poll_fd.revents & (POLLERR | POLLHUP))) {
		conn_owner(conn)->ops->on_gone(
		    conn, "closed by the web server", false);
		return;
	}
	n = recv(conn->io.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n == 0) {
		conn->can_poll = false;
		watch_hangup(conn, loop);
	} else if (n == -1 && errno != EAGAIN && errno != EINTR) {
		conn_owner(conn)->ops->on_gone(
		    conn, "closed by the web server", false);
	}
}

/* After its response the process ends. */
static bool
next(struct conn *conn)
{
	(void)conn;
	return false;
}

static bool
linger(struct conn *conn)
{
	(void)conn;
	return false;
}

static void
on_close(struct conn *conn, struct ev_loop *loop)
{
	(void)conn;
	if (!ev_is_active(&hangup))
		return;
	ev_io_stop(loop, &hangup);
	close(hangup.fd);
}

const struct wire wire_cgi = {
	.comment = COMMENT,
	.head = wire_cgi_head,
	.frame_head = frame,
	.frame = frame,
	.frame_whole = frame_whole,
	.frame_end = frame_end,
	.send = send_some,
	.on_open = on_open,
	.on_readable = on_readable,
	.next = next,
	.linger = linger,
	.on_close = on_close,
};
