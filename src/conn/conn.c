#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "conn/conn.h"
#include "fcgi/fcgi_encode.h"
#include "fcgi/fcgi_intake.h"

static void
wait_for(struct conn *conn, struct ev_loop *loop, int events)
{
	if (!conn->can_poll)
		events &= ~EV_READ;
	if (conn->io.events == events)
		return;
	ev_io_stop(loop, &conn->io);
	ev_io_modify(&conn->io, events);
	if (events != 0)
		ev_io_start(loop, &conn->io);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *conn = LIST_OF(io, struct conn, io);

	if (revents & EV_READ)
		conn_owner(conn)->kind->on_readable(conn, loop);
	/* The owner may have closed it meanwhile. */
	if (!conn->is_open)
		return;
	/* If the input has ended, wait for it no more. */
	if (!conn->can_poll)
		wait_for(conn, loop, io->events);
	if (revents & EV_WRITE)
		conn_owner(conn)->ops->on_writable(conn);
}

void
conn_open(
    struct conn *conn, struct ev_loop *loop, int fd, struct conn_owner *owner)
{
	struct stat st;

	conn->is_open = true;
	conn->is_done = false;
	/*
	 * A connection has one request at a time; there may be any number of
	 * them.
	 */
	fcgi_decode_init(&conn->decoder, UINT16_MAX);
	/*
	 * A CGI program may write to a file or a terminal: nothing tells there
	 * that the reader is gone, and libev takes a file as always ready.
	 */
	conn->can_poll = fstat(fd, &st) == 0 &&
	    (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode));
	if (conn->can_poll)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	ev_io_init(&conn->io, on_io, fd, 0);
	conn->io.data = owner;
	wait_for(conn, loop, EV_READ);
}

ssize_t
conn_send(struct conn *conn, struct ev_loop *loop, const struct iovec *parts,
    int n_parts)
{
	ssize_t n = conn_owner(conn)->kind->send(conn->io.fd, parts, n_parts);
	size_t len = 0;

	for (int i = 0; i < n_parts; i++)
		len += parts[i].iov_len;
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return -1;
		n = 0;
	}
	conn->is_blocked = (size_t)n < len;
	wait_for(conn, loop, conn->is_blocked ? EV_READ | EV_WRITE : EV_READ);
	return n;
}

bool
conn_is_usual(const struct conn *conn)
{
	uint16_t id = fcgi_decode_id(&conn->decoder);

	return id == 0 || id == CONN_USUAL_ID;
}

void
conn_readdress(const struct conn *conn, uint8_t *bytes, size_t len)
{
	uint16_t id = fcgi_decode_id(&conn->decoder);
	size_t at = 0;

	while (at + FCGI_ENCODE_HEADER_LEN <= len) {
		FCGI_Header header;

		memcpy(&header, bytes + at, sizeof(header));
		header.requestIdB1 = (uint8_t)(id >> 8);
		header.requestIdB0 = (uint8_t)id;
		memcpy(bytes + at, &header, sizeof(header));
		at += sizeof(header) + header.paddingLength +
		    ((size_t)header.contentLengthB1 << 8 |
			header.contentLengthB0);
	}
}

bool
conn_next(struct conn *conn)
{
	bool keeps = conn_owner(conn)->kind == &conn_fcgi &&
	    fcgi_decode_keep_conn(&conn->decoder);

	fcgi_decode_end(&conn->decoder);
	return keeps;
}

bool
conn_linger(struct conn *conn)
{
	conn->is_done = conn_owner(conn)->kind == &conn_fcgi;
	return conn->is_done && shutdown(conn->io.fd, SHUT_WR) == 0;
}

size_t
conn_memory(void)
{
	return fcgi_intake_memory();
}

void
conn_close(struct conn *conn, struct ev_loop *loop)
{
	if (!conn->is_open)
		return;
	conn->is_open = false;
	ev_io_stop(loop, &conn->io);
	fcgi_decode_free(&conn->decoder);
	conn_owner(conn)->kind->on_close(conn, loop);
	close(conn->io.fd);
}
