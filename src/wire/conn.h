/*
 * A connection to a web server that carries one response at a time; how it does
 * that is its wire.
 *
 * Nothing here blocks, and no function calls back before it returns, except
 * where it says so.
 */
#ifndef SPOOLCAST_WIRE_CONN_H
#define SPOOLCAST_WIRE_CONN_H

#include <sys/types.h>
#include <sys/uio.h>

#include <ev.h>
#include <stdbool.h>

#include "base/list.h"
#include "fcgi/fcgi_decode.h"
#include "http/request.h"
#include "wire/wire.h"

/* So much is read at once. */
#define CONN_INPUT_BYTES 2048

/* What the owner is told; conn_close may be called in each of these. */
struct conn_ops {
	/* A request is there; the variables are valid until this returns. */
	void (*on_request)(struct conn *conn, const struct request_vars *vars);
	/*
	 * Some of the body is there, if conn_want_body asked for it; the bytes,
	 * which may be none, are valid until this returns.  ${is_last}: no more
	 * will come, whether that is as much as CONTENT_LENGTH says or not.
	 * NULL where nobody asks.
	 */
	void (*on_body)(
	    struct conn *conn, const uint8_t *bytes, size_t len, bool is_last);
	/* Some of what could not be sent before can be sent now. */
	void (*on_writable)(struct conn *conn);
	/* The peer went away or gave up; ${is_fault}: it broke the protocol. */
	void (*on_gone)(struct conn *conn, const char *why, bool is_fault);
};

/* What all connections that came by one listening socket have in common. */
struct conn_owner {
	const struct wire *wire;
	const struct conn_ops *ops;
	void *cookie;	  /* for these */
	struct list node; /* for what made it */
};

/* Embedded in what owns it; there may be many, so it is small. */
struct conn {
	ev_io io; /* its data is the owner */
	/* What its wire keeps. */
	union {
		struct fcgi_decoder fcgi;
	} own;
	bool is_open;
	bool is_usual;	 /* framed bytes can be sent as they are */
	bool is_reading; /* there may be something to read, and room for it */
	bool is_blocked; /* the last send left some of it over */
	bool is_done;	 /* nothing more is sent, and input is discarded */
	uint16_t window; /* so many bytes of the body are wanted yet */
};

/* Return the owner of ${conn}. */
static inline const struct conn_owner *
conn_owner(const struct conn *conn)
{
	return conn->io.data;
}

/**
 * conn_open(conn, loop, fd, owner):
 * Take ${fd} and start to read from it in ${loop}.  The standard output of a
 * CGI program is made non-blocking if it is a socket or a pipe; a file or a
 * terminal is not.  ${owner} must stay for as long as the connection.
 */
void conn_open(
    struct conn *conn, struct ev_loop *loop, int fd, struct conn_owner *owner);

/**
 * conn_send(conn, loop, parts, n_parts):
 * Send as much as the socket takes of the framed ${parts}, of which there is at
 * least one, in one write.  Return how many bytes it took, or -1 when the peer
 * is gone.  After a short count on_writable is called when there is room again.
 */
ssize_t conn_send(struct conn *conn, struct ev_loop *loop,
    const struct iovec *parts, int n_parts);

/**
 * conn_readdress(conn, bytes, len):
 * Framed bytes carry the request id that every known web server uses: where
 * this request has another one, write that in its place.
 */
void conn_readdress(const struct conn *conn, uint8_t *bytes, size_t len);

/**
 * conn_is_usual(conn):
 * Return whether framed bytes can be sent as they are.
 */
static inline bool
conn_is_usual(const struct conn *conn)
{
	return conn->is_usual;
}

/**
 * conn_want_body(conn, loop, n):
 * Let ${n} more bytes of the body come, at least CONN_INPUT_BYTES.  When that
 * many have come nothing is read from ${conn} until this is called again, so
 * the peer waits, and that it went away is noticed only then.  To be called in
 * on_request, and after that until the last of the body has come; a body that
 * nobody wants is dropped.
 */
void conn_want_body(struct conn *conn, struct ev_loop *loop, uint16_t n);

/**
 * conn_next(conn, loop):
 * The response was sent to its end.  Return whether the connection waits for
 * another request; if not, it is to be closed.  What is left of the body is
 * dropped.
 */
bool conn_next(struct conn *conn, struct ev_loop *loop);

/**
 * conn_linger(conn):
 * Nothing more will be sent, and what comes in is of no interest.  Return
 * whether the peer may still be sending: then wait for it, until on_gone is
 * called or a while has passed.  Some web servers (Caddy) send the end of STDIN
 * apart, and lose an answer that came before it if that write fails.
 */
bool conn_linger(struct conn *conn);

/**
 * conn_memory(void):
 * Return how many bytes all connections of the process keep of requests that
 * are not complete yet, or are being told: FCGI_PARAMS_MAX each, rounded up to
 * a power of two, and some 100 bytes at most.
 */
size_t conn_memory(void);

/**
 * conn_close(conn, loop):
 * Stop and close; no callback comes after.  May be called again.
 */
void conn_close(struct conn *conn, struct ev_loop *loop);

#endif
