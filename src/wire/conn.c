#include <errno.h>
#include <unistd.h>

#include "fcgi/fcgi_intake.h"
#include "wire/conn.h"

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
		conn_owner(conn)->wire->on_readable(conn, loop);
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
	ev_io_init(&conn->io, on_io, fd, 0);
	conn->io.data = owner;
	conn->is_open = conn->is_usual = conn->can_poll = true;
	conn->is_blocked = conn->is_done = false;
	owner->wire->on_open(conn);
	wait_for(conn, loop, EV_READ);
}

ssize_t
conn_send(struct conn *conn, struct ev_loop *loop, const struct iovec *parts,
    int n_parts)
{
	ssize_t n = conn_owner(conn)->wire->send(conn->io.fd, parts, n_parts);
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

void
conn_readdress(const struct conn *conn, uint8_t *bytes, size_t len)
{
	if (!conn->is_usual)
		conn_owner(conn)->wire->readdress(conn, bytes, len);
}

bool
conn_next(struct conn *conn)
{
	return conn_owner(conn)->wire->next(conn);
}

bool
conn_linger(struct conn *conn)
{
	return conn_owner(conn)->wire->linger(conn);
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
	conn_owner(conn)->wire->on_close(conn, loop);
	close(conn->io.fd);
}
