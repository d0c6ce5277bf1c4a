#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "wire/conn.h"

/*
 * Where Apache has mod_deflate in the way, it waits for 69 bytes of the body of
 * a CGI program before it finds that it is not to compress them.
 */
#define COMMENT "server-sent events, as in https://html.spec.whatwg.org/"

/*
 * This waits for the peer to hang up, once nothing more is to be read.  Such a
 * process has only one connection.
 */
static ev_io hangup;

/* This reads its body, once that is wanted; its data is the connection then. */
static ev_io body;
static uint64_t body_left; /* bytes of it that have not come */

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

	conn->is_reading = fstat(fd, &st) == 0 &&
	    (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode));
	if (conn->is_reading)
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

/* Return how many bytes RFC 3875 section 4.2 lets us read. */
static uint64_t
content_length(void)
{
	const char *text = getenv("CONTENT_LENGTH");
	uint64_t len;

	/* Apache sets none for a body in chunks, and ends that. */
	if (text == NULL)
		return UINT64_MAX;
	return num_uint(text, strlen(text), &len) == NUM_OK ? len : 0;
}

static void
on_body_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *conn = io->data;
	uint8_t bytes[CONN_INPUT_BYTES];
	size_t most = sizeof(bytes);
	ssize_t n = 0;

	(void)revents;
	if (conn->window < most)
		most = conn->window;
	if (body_left < most)
		most = (size_t)body_left;
	if (most > 0)
		n = read(io->fd, bytes, most);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		conn_owner(conn)->ops->on_gone(conn, strerror(errno), false);
		return;
	}
	conn->window = (uint16_t)(conn->window - n);
	body_left = n == 0 ? 0 : body_left - (uint64_t)n;
	if (conn->window == 0 || body_left == 0)
		ev_io_stop(loop, io);
	conn_owner(conn)->ops->on_body(conn, bytes, (size_t)n, body_left == 0);
}

/*
 * The body comes by standard input, which may be the same socket as standard
 * output: so nothing else reads from that any more.
 */
static void
want_body(struct conn *conn, struct ev_loop *loop)
{
	if (body.data == NULL) {
		if (conn->is_reading)
			watch_hangup(conn, loop);
		conn->is_reading = false;
		body_left = content_length();
		ev_io_init(&body, on_body_readable, STDIN_FILENO, EV_READ);
		body.data = conn;
	}
	/* Where there is none nothing will wake us. */
	if (body_left == 0)
		ev_feed_event(loop, &body, EV_READ);
	else
		ev_io_start(loop, &body);
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
		conn->is_reading = false;
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
	ev_io_stop(loop, &body);
	body.data = NULL;
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
	.want_body = want_body,
	.on_readable = on_readable,
	.next = next,
	.linger = linger,
	.on_close = on_close,
};
