/*
 * HTTP/1.1: the chunks of a body are frames (see wire.h); a body of known
 * length, or one that ends with the connection, is a single frame.
 */
#ifndef SPOOLCAST_TESTS_BENCH_WIRE_HTTP_H
#define SPOOLCAST_TESTS_BENCH_WIRE_HTTP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/wire.h"
#include "helpers/fcgi_socket.h"

/* Take a line, of which the first bytes are kept; false while it is not whole.
 */
static inline bool
wire_http_line(struct wire *wire, const uint8_t **at, const uint8_t *end)
{
	while (*at < end) {
		uint8_t byte = *(*at)++;

		if (byte == '\n') {
			if (wire->line_len > 0 &&
			    wire->line[wire->line_len - 1] == '\r')
				wire->line_len--;
			wire->line[wire->line_len] = '\0';
			return true;
		}
		if (wire->line_len < sizeof(wire->line) - 1)
			wire->line[wire->line_len++] = byte;
	}
	return false;
}

_Noreturn static inline void
wire_http_fail(const char *line)
{
	errno = EPROTO;
	socket_fail(line);
}

static inline enum wire_state
wire_http_body(struct wire *wire)
{
	if (wire->is_chunked)
		return WIRE_SIZE;
	if (!wire->has_length)
		wire->left = SIZE_MAX;
	return wire->left > 0 ? WIRE_CONTENT : WIRE_ENDED;
}

static inline enum wire_state
wire_http_field(struct wire *wire, const char *line)
{
	static const char length[] = "content-length:";
	static const char chunked[] = "transfer-encoding: chunked";
	static const char closes[] = "connection: close";

	if (*line == '\0')
		return wire_http_body(wire);
	if (strcasecmp(line, chunked) == 0)
		wire->is_chunked = true;
	if (strcasecmp(line, closes) == 0)
		wire->is_last = true;
	if (strncasecmp(line, length, sizeof(length) - 1) == 0) {
		wire->has_length = true;
		wire->left = strtoul(line + sizeof(length) - 1, NULL, 10);
	}
	return WIRE_FIELDS;
}

static inline enum wire_state
wire_http_size(struct wire *wire, const char *line)
{
	char *end;

	wire->left = strtoul(line, &end, 16);
	if (end == line)
		wire_http_fail("not the size of a chunk");
	wire->frames++;
	return wire->left > 0 ? WIRE_CONTENT : WIRE_TRAILERS;
}

/* What follows the line that is whole. */
static inline enum wire_state
wire_http_next(struct wire *wire)
{
	const char *line = (const char *)wire->line;
	int minor;

	switch (wire->state) {
	case WIRE_STATUS:
		if (sscanf(line, "HTTP/1.%d %d", &minor, &wire->status) != 2)
			wire_http_fail(line);
		wire->is_last = minor == 0;
		return WIRE_FIELDS;
	case WIRE_FIELDS:
		return wire_http_field(wire, line);
	case WIRE_SIZE:
		return wire_http_size(wire, line);
	case WIRE_CHUNK_END:
		if (*line != '\0')
			wire_http_fail("a chunk is longer than it said");
		return WIRE_SIZE;
	case WIRE_TRAILERS:
		return *line == '\0' ? WIRE_ENDED : WIRE_TRAILERS;
	case WIRE_CONTENT:
	case WIRE_ENDED:
		break;
	}
	wire_http_fail("more than the response");
}

static inline size_t
wire_http_take(struct wire *wire, const uint8_t **at, const uint8_t *end)
{
	size_t len;

	for (;;) {
		if (wire->state == WIRE_CONTENT) {
			len = wire_content(wire, at, end);
			if (wire->left == 0)
				wire->state = wire->is_chunked ?
				    WIRE_CHUNK_END :
				    WIRE_ENDED;
			if (len > 0)
				return len;
		}
		if (*at == end || wire->state == WIRE_ENDED ||
		    wire->state == WIRE_CONTENT ||
		    !wire_http_line(wire, at, end))
			return 0;
		wire->state = wire_http_next(wire);
		wire->line_len = 0;
	}
}

/* Ask on ${fd} for the stream ${uri}. */
static inline void
wire_http_ask(int fd, const char *uri, const char *id)
{
	struct buf request = { 0 };

	if (buf_printf(&request,
		"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Accept: text/event-stream\r\n",
		uri) != 0 ||
	    (id != NULL &&
		buf_printf(&request, "Last-Event-ID: %s\r\n", id) != 0) ||
	    buf_puts(&request, "\r\n") != 0)
		socket_fail("request");
	socket_send_all(fd, &request);
	buf_free(&request);
}

#endif
