/*
 * What a web server writes: FastCGI 1.0 records, right ones and wrong ones.
 * Shared by the client of the server tests and the tests of the codec; shares
 * no code with src/fcgi.  Running out of memory ends the test.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FCGI_PEER_H
#define SPOOLCAST_TESTS_HELPERS_FCGI_PEER_H

#include <fastcgi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A record as it is to look, so that a test can also say nonsense. */
struct peer_record {
	uint8_t type;
	uint16_t id;
	const void *content;
	size_t len;
	uint8_t padding;
};

static inline void
peer_put(struct buf *out, const void *bytes, size_t len)
{
	if (buf_append(out, bytes, len) != 0)
		abort();
}

/* Only the header, so that the content can be left out. */
static inline void
peer_header(struct buf *out, const struct peer_record *r)
{
	FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = r->type,
		.requestIdB1 = (uint8_t)(r->id >> 8),
		.requestIdB0 = (uint8_t)(r->id & 0xff),
		.contentLengthB1 = (uint8_t)(r->len >> 8 & 0xff),
		.contentLengthB0 = (uint8_t)(r->len & 0xff),
		.paddingLength = r->padding,
	};

	peer_put(out, &header, sizeof(header));
}

/* A whole record; its padding is no zeros, because no reader may look. */
static inline void
peer_record(struct buf *out, const struct peer_record *r)
{
	uint8_t padding[UINT8_MAX];

	peer_header(out, r);
	peer_put(out, r->content, r->len);
	memset(padding, 0xa5, sizeof(padding));
	peer_put(out, padding, r->padding);
}

static inline void
peer_begin(struct buf *out, uint16_t id, uint16_t role, uint8_t flags)
{
	FCGI_BeginRequestBody body = {
		.roleB1 = (uint8_t)(role >> 8),
		.roleB0 = (uint8_t)(role & 0xff),
		.flags = flags,
	};

	peer_record(out,
	    &(struct peer_record){ .type = FCGI_BEGIN_REQUEST,
		.id = id,
		.content = &body,
		.len = sizeof(body) });
}

/* A record without content. */
static inline void
peer_empty(struct buf *out, uint8_t type, uint16_t id)
{
	peer_record(out, &(struct peer_record){ .type = type, .id = id });
}

/* Append a length of a pair, in four bytes if asked to or needed. */
static inline void
peer_length(struct buf *out, size_t len, int is_long)
{
	uint8_t bytes[4] = { (uint8_t)(0x80 | (len >> 24 & 0x7f)),
		(uint8_t)(len >> 16 & 0xff), (uint8_t)(len >> 8 & 0xff),
		(uint8_t)(len & 0xff) };

	if (is_long || len > 127)
		peer_put(out, bytes, 4);
	else
		peer_put(out, &bytes[3], 1);
}

/* Append a name-value pair to the content of a PARAMS or GET_VALUES. */
static inline void
peer_pair(struct buf *out, const char *name, const char *value)
{
	peer_length(out, strlen(name), 0);
	peer_length(out, strlen(value), 0);
	peer_put(out, name, strlen(name));
	peer_put(out, value, strlen(value));
}

/* Append the content as PARAMS records, and the empty one that ends them. */
static inline void
peer_params(struct buf *out, uint16_t id, const struct buf *pairs)
{
	size_t at = 0;
	size_t n;

	while (at < pairs->len) {
		n = pairs->len - at;
		if (n > FCGI_MAX_LENGTH)
			n = FCGI_MAX_LENGTH;
		peer_record(out,
		    &(struct peer_record){ .type = FCGI_PARAMS,
			.id = id,
			.content = pairs->data + at,
			.len = n });
		at += n;
	}
	peer_empty(out, FCGI_PARAMS, id);
}

#endif
