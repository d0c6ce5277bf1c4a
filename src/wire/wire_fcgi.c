#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <fastcgi.h>
#include <string.h>

#include "fcgi/fcgi_encode.h"
#include "fcgi/fcgi_params.h"
#include "wire/conn.h"

/* The request id that every known web server uses, and frames carry. */
#define USUAL_ID 1

static int
frame(struct buf *out, const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint8_t header[FCGI_ENCODE_HEADER_LEN];
		size_t n = len - at;

		if (n > FCGI_ENCODE_CONTENT_MAX)
			n = FCGI_ENCODE_CONTENT_MAX;
		fcgi_encode_stdout(header, USUAL_ID, n);
		if (buf_append(out, header, sizeof(header)) != 0 ||
		    buf_append(out, bytes + at, n) != 0)
			return -1;
		at += n;
	}
	return 0;
}

static int
frame_whole(struct buf *text)
{
	const size_t most = FCGI_ENCODE_CONTENT_MAX;
	size_t n = (text->len + most - 1) / most, end = text->len;

	if (buf_reserve(text, n * FCGI_ENCODE_HEADER_LEN) != 0)
		return -1;
	text->len += n * FCGI_ENCODE_HEADER_LEN;
	/* Move the last part first, so that nothing is overwritten. */
	for (; n > 0; n--) {
		size_t from = (n - 1) * most, len = end - from;
		uint8_t *record =
		    text->data + from + (n - 1) * FCGI_ENCODE_HEADER_LEN;

		memmove(
		    record + FCGI_ENCODE_HEADER_LEN, text->data + from, len);
		fcgi_encode_stdout(record, USUAL_ID, len);
		end = from;
	}
	return 0;
}

static int
frame_end(struct buf *out)
{
	return fcgi_encode_finish(out, USUAL_ID, 0);
}

/* Write the id of this request into each record. */
static void
readdress(const struct conn *conn, uint8_t *bytes, size_t len)
{
	uint16_t id = fcgi_decode_id(&conn->own.fcgi);
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

static ssize_t
send_bytes(int fd, const uint8_t *bytes, size_t len)
{
	return send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t
send_some(int fd, const struct iovec *parts, int n_parts)
{
	struct msghdr message = { .msg_iovlen = (size_t)n_parts };

	/* Nearly all is in one part, and send(2) costs less. */
	if (n_parts == 1)
		return send_bytes(fd, parts[0].iov_base, parts[0].iov_len);
	message.msg_iov = (struct iovec *)parts;
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
on_open(struct conn *conn)
{
	/*
	 * A connection has one request at a time; there may be any number of
	 * them.
	 */
	fcgi_decode_init(&conn->own.fcgi, UINT16_MAX);
}

static void
tell_request(struct conn *conn)
{
	struct request_vars vars = { 0 };
	struct fcgi_param pair;
	const uint8_t *params;
	size_t len, at = 0;

	conn->is_usual = fcgi_decode_id(&conn->own.fcgi) == USUAL_ID;
	params = fcgi_decode_params(&conn->own.fcgi, &len);
	while (fcgi_params_next(params, len, &at, &pair) == 1)
		request_set_var(&vars, (const char *)pair.name, pair.name_len,
		    (const char *)pair.value, pair.value_len);
	conn_owner(conn)->ops->on_request(conn, &vars);
	if (conn->is_open)
		fcgi_decode_drop_params(&conn->own.fcgi);
}

/* Hand on what of the body is at ${bytes}; return how much that is. */
static size_t
tell_body(struct conn *conn, const uint8_t *bytes, size_t len)
{
	size_t n = fcgi_decode_body(&conn->own.fcgi, len);

	/* No more is read than there is room for. */
	assert(n <= conn->window);
	conn->window = (uint16_t)(conn->window - n);
	conn->is_reading = conn->window > 0;
	conn_owner(conn)->ops->on_body(conn, bytes, n, false);
	return n;
}

static void
tell_body_end(struct conn *conn)
{
	conn->window = 0;
	conn->is_reading = true;
	conn_owner(conn)->ops->on_body(conn, NULL, 0, true);
}

/*
 * Send the decoder's own answers.  Return whether that could be done: while a
 * record is only sent in part, an answer would cut it in two.
 */
static bool
send_replies(struct conn *conn, struct buf *replies)
{
	ssize_t len = (ssize_t)replies->len;

	replies->len = 0;
	return len == 0 ||
	    (!conn->is_blocked &&
		send_bytes(conn->io.fd, replies->data, (size_t)len) == len);
}

/* Handle the input ${bytes}, and tell the owner of requests, or of the end. */
static void
decode(struct conn *conn, const uint8_t *bytes, size_t len, struct buf *replies)
{
	size_t used;

	for (;;) {
		switch (
		    fcgi_decode(&conn->own.fcgi, bytes, len, &used, replies)) {
		case FCGI_MORE:
			return;
		case FCGI_REQUEST:
			tell_request(conn);
			break;
		case FCGI_BODY:
			used += tell_body(conn, bytes + used, len - used);
			break;
		case FCGI_BODY_END:
			tell_body_end(conn);
			break;
		case FCGI_ABORTED:
			conn_owner(conn)->ops->on_gone(conn, "aborted", false);
			return;
		case FCGI_REPLY:
			/* A peer that reads no answers asks too much. */
			if (send_replies(conn, replies))
				break;
			conn_owner(conn)->ops->on_gone(
			    conn, "it asks too much", true);
			return;
		case FCGI_ERROR:
			(void)send_replies(conn, replies);
			conn_owner(conn)->ops->on_gone(conn,
			    fcgi_decode_strerror(
				fcgi_decode_error(&conn->own.fcgi)),
			    true);
			return;
		}
		/* The owner may have closed it meanwhile. */
		if (!conn->is_open)
			return;
		bytes += used;
		len -= used;
	}
}

static void
want_body(struct conn *conn, struct ev_loop *loop)
{
	(void)loop;
	fcgi_decode_want_body(&conn->own.fcgi);
	conn->is_reading = true;
}

static void
on_readable(struct conn *conn, struct ev_loop *loop)
{
	/* The buffer is on the stack, which each process has for itself. */
	uint8_t bytes[CONN_INPUT_BYTES];
	struct buf replies = { 0 };
	size_t most = sizeof(bytes);
	ssize_t n;

	(void)loop;
	/* While a body is wanted no more of it may come than there is room. */
	if (conn->window > 0 && conn->window < most)
		most = conn->window;
	n = recv(conn->io.fd, bytes, most, MSG_DONTWAIT);
	if (n > 0 && conn->is_done)
		return;
	if (n > 0)
		decode(conn, bytes, (size_t)n, &replies);
	else if (n == 0)
		conn_owner(conn)->ops->on_gone(
		    conn, "closed by the web server", false);
	else if (errno != EAGAIN && errno != EINTR)
		conn_owner(conn)->ops->on_gone(conn, strerror(errno), false);
	buf_free(&replies);
}

static bool
next(struct conn *conn)
{
	bool keeps = fcgi_decode_keep_conn(&conn->own.fcgi);

	fcgi_decode_end(&conn->own.fcgi);
	conn->is_usual = conn->is_reading = true;
	return keeps;
}

static bool
linger(struct conn *conn)
{
	conn->is_done = true;
	return shutdown(conn->io.fd, SHUT_WR) == 0;
}

/*
 * Closing a socket with unread input resets the connection, and the peer may
 * lose what it was sent last.  So read it, but only a little: it can be no more
 * than a STDIN record that came late.
 */
static void
on_close(struct conn *conn, struct ev_loop *loop)
{
	uint8_t bytes[CONN_INPUT_BYTES];

	(void)loop;
	fcgi_decode_free(&conn->own.fcgi);
	for (int i = 0; i < 16; i++) {
		if (recv(conn->io.fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
	}
}

const struct wire wire_fcgi = {
	.head = wire_cgi_head,
	.frame_head = frame,
	.frame = frame,
	.frame_whole = frame_whole,
	.frame_end = frame_end,
	.readdress = readdress,
	.send = send_some,
	.on_open = on_open,
	.want_body = want_body,
	.on_readable = on_readable,
	.next = next,
	.linger = linger,
	.on_close = on_close,
};
