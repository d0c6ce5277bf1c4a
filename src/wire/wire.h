/*
 * A wire: what carries responses to a web server.  It is FastCGI, or what a CGI
 * program has instead; each is one file and one row, and nobody else asks which
 * one a connection has.
 *
 * Bytes to send are framed first, and can then be shared by all connections
 * with the same wire whose request has the id that frames carry, in practice
 * all of them.
 */
#ifndef SPOOLCAST_WIRE_WIRE_H
#define SPOOLCAST_WIRE_WIRE_H

#include <sys/types.h>
#include <sys/uio.h>

#include <ev.h>
#include <stdbool.h>

#include "base/buf.h"
#include "http/response.h"

struct conn;

struct wire {
	/* A comment after the first event of a stream; NULL: none. */
	const char *comment;
	/* How a head begins, unframed. */
	response_head *head;
	/*
	 * Append framed the first ${len} bytes of a response: its header block
	 * with the empty line, and what of the body goes with it.  0, or -1
	 * with ENOMEM.
	 */
	int (*frame_head)(struct buf *out, const uint8_t *bytes, size_t len);
	/* Append ${len} bytes of the body, framed; 0, or -1 with ENOMEM. */
	int (*frame)(struct buf *out, const uint8_t *bytes, size_t len);
	/* Frame what ${text} holds in place; 0, or -1 with ENOMEM. */
	int (*frame_whole)(struct buf *text);
	/* Append what ends the response; 0, or -1 with ENOMEM. */
	int (*frame_end)(struct buf *out);
	/*
	 * As conn_readdress, for a request that is not usual; NULL: there are
	 * none.
	 */
	void (*readdress)(const struct conn *conn, uint8_t *bytes, size_t len);
	/* Send some of what is framed; as writev(2), never SIGPIPE. */
	ssize_t (*send)(int fd, const struct iovec *parts, int n_parts);
	/* Prepare what the wire keeps and, where it blocks, the descriptor. */
	void (*on_open)(struct conn *conn);
	/* The window for the body is open (wider): read it. */
	void (*want_body)(struct conn *conn, struct ev_loop *loop);
	/* The descriptor has input, or the peer has hung up. */
	void (*on_readable)(struct conn *conn, struct ev_loop *loop);
	/* As conn_next and conn_linger. */
	bool (*next)(struct conn *conn);
	bool (*linger)(struct conn *conn);
	/* This is called before the descriptor is closed. */
	void (*on_close)(struct conn *conn, struct ev_loop *loop);
};

extern const struct wire wire_fcgi;
extern const struct wire wire_cgi;

/**
 * wire_cgi_head(out, status, phrase):
 * Begin a header block as RFC 3875 section 6.3.3 has it, which holds for
 * FastCGI, too (FastCGI 1.0 section 6.2).  Return 0, or -1 with ENOMEM.
 */
int wire_cgi_head(struct buf *out, int status, const char *phrase);

#endif
