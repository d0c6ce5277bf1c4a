#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "fcgi/fcgi_intake.h"
#include "wire/conn.h"

static void
wait_for(struct conn *conn, struct ev_loop *loop, int events)
{
	ev_io_stop(loop, &conn->io);
	ev_io_modify(&conn->io, events);
	if (events != 0)
		ev_io_start(loop, &conn->io);
}

/* Wait for what ${conn} can make use of, and for no more. */
static inline void
wait_for_io(struct conn *conn, struct ev_loop *loop)
{
	int events = (conn->is_reading ? EV_READ : 0) |
	    (conn->is_blocked ? EV_WRITE : 0);

	if (conn->io.events != events)
		wait_for(conn, loop, events);
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
	/* If the input has ended, or has no room, wait for it no more. */
	wait_for_io(conn, loop);
	if (revents & EV_WRITE)
		conn_owner(conn)->ops->on_writable(conn);
}

void
conn_open(
    struct conn *conn, struct ev_loop *loop, int fd, struct conn_owner *owner)
{
	ev_io_init(&conn->io, on_io, fd, 0);
	conn->io.data = owner;
	conn->is_open = conn->is_usual = conn->is_reading = true;
	conn->is_blocked = conn->is_done = false;
	conn->window = 0;
	owner->wire->on_open(conn);
	wait_for_io(conn, loop);
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
	wait_for_io(conn, loop);
	return n;
}

void
conn_readdress(const struct conn *conn, uint8_t *bytes, size_t len)
{
	if (!conn->is_usual)
		conn_owner(conn)->wire->readdress(conn, bytes, len);
}

void
conn_want_body(struct conn *conn, struct ev_loop *loop, uint16_t n)
{
	assert(n >= CONN_INPUT_BYTES);
	conn->window = conn->window < UINT16_MAX - n ?
	    (uint16_t)(conn->window + n) :
	    UINT16_MAX;
	conn_owner(conn)->wire->want_body(conn, loop);
	wait_for_io(conn, loop);
}

bool
conn_next(struct conn *conn, struct ev_loop *loop)
{
	bool keeps = conn_owner(conn)->wire->next(conn);

	conn->window = 0;
	wait_for_io(conn, loop);
	return keeps;
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
