/*
 * FastCGI: records of type STDOUT, without padding, are frames (see wire.h).
 * The header of the response is read like content, for no event looks like it.
 */
#ifndef SPOOLCAST_TESTS_BENCH_WIRE_FCGI_H
#define SPOOLCAST_TESTS_BENCH_WIRE_FCGI_H

#include <errno.h>

#include "bench/wire.h"
#include "helpers/fcgi_socket.h"

static inline size_t
wire_fcgi_take(struct wire *wire, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *h = wire->line;

	while (*at < end) {
		if (wire->left > 0)
			return wire_content(wire, at, end);
		wire->line[wire->line_len++] = *(*at)++;
		if (wire->line_len < FCGI_HEADER_LEN)
			continue;
		wire->line_len = 0;
		/* Responders that pad are not measured here. */
		if (h[1] != FCGI_STDOUT || h[6] != 0) {
			errno = EPROTO;
			socket_fail("not a stream that goes on");
		}
		wire->left = (size_t)(h[4] << 8 | h[5]);
		wire->frames++;
	}
	return 0;
}

/* Ask on ${fd} for the stream ${uri}, behind ${id} unless that is NULL. */
static inline void
wire_fcgi_ask(int fd, const char *uri, const char *id)
{
	struct buf pairs = { 0 }, request = { 0 };

	peer_pair(&pairs, "REQUEST_METHOD", "GET");
	peer_pair(&pairs, "REQUEST_URI", uri);
	peer_pair(&pairs, "HTTP_ACCEPT", "text/event-stream");
	if (id != NULL)
		peer_pair(&pairs, "HTTP_LAST_EVENT_ID", id);
	peer_begin(&request, 1, FCGI_RESPONDER, 0);
	peer_params(&request, 1, &pairs);
	peer_empty(&request, FCGI_STDIN, 1);
	socket_send_all(fd, &request);
	buf_free(&pairs);
	buf_free(&request);
}

#endif
