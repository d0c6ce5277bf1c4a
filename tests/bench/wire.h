/*
 * How a response comes, by FastCGI or by HTTP/1.1: the frames around its
 * content, read from bytes that may be cut anywhere.
 *
 * A reader is called with the bytes that have come, until it returns 0:
 *
 *	while ((len = take(wire, &at, end)) > 0)
 *		... the next len bytes of content end at at
 */
#ifndef SPOOLCAST_TESTS_BENCH_WIRE_H
#define SPOOLCAST_TESTS_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_state {
	WIRE_STATUS,
	WIRE_FIELDS,
	WIRE_SIZE, /* of a chunk */
	WIRE_CONTENT,
	WIRE_CHUNK_END,
	WIRE_TRAILERS,
	WIRE_ENDED,
};

struct wire {
	uint8_t line[64]; /* a header of FastCGI, the begin of a line of HTTP */
	size_t line_len;
	size_t left; /* of the content of a frame */
	enum wire_state state;
	int status; /* of HTTP; 0 before that has come */
	bool is_chunked;
	bool has_length;
	bool is_last; /* on this connection */
	uint64_t frames;
};

typedef size_t wire_take(
    struct wire *wire, const uint8_t **at, const uint8_t *end);

/* What of the content in a frame has come. */
static inline size_t
wire_content(struct wire *wire, const uint8_t **at, const uint8_t *end)
{
	size_t len = (size_t)(end - *at);

	if (len > wire->left)
		len = wire->left;
	wire->left -= len;
	*at += len;
	return len;
}

#endif
