/*
 * A connection as the decoder's tests see it: bytes go in, a word of events
 * comes out.  To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FCGI_SEEN_H
#define SPOOLCAST_TESTS_HELPERS_FCGI_SEEN_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fcgi/fcgi_decode.h"

#define SEEN_EVENTS_MAX 250

struct seen {
	struct fcgi_decoder decoder;
	struct buf reply;
	struct buf body;
	/* One letter per event: reQuest, body's end Z, Aborted, replY, Error.
	 */
	char events[SEEN_EVENTS_MAX + 1];
	size_t n_events;
	size_t used;
	bool ends;	 /* end each request as soon as it is there */
	bool wants_body; /* of each request */
};

static inline void
seen_start(struct seen *seen, bool ends)
{
	memset(seen, 0, sizeof(*seen));
	seen->ends = ends;
	fcgi_decode_init(&seen->decoder, 500);
}

static inline void
seen_stop(struct seen *seen)
{
	fcgi_decode_free(&seen->decoder);
	buf_free(&seen->reply);
	buf_free(&seen->body);
}

static inline void
seen_note(struct seen *seen, enum fcgi_event event)
{
	static const char letters[] = {
		[FCGI_REQUEST] = 'Q',
		[FCGI_BODY_END] = 'Z',
		[FCGI_ABORTED] = 'A',
		[FCGI_REPLY] = 'Y',
		[FCGI_ERROR] = 'E',
	};

	assert_true(seen->n_events < SEEN_EVENTS_MAX);
	seen->events[seen->n_events++] = letters[event];
	seen->events[seen->n_events] = '\0';
	if (event == FCGI_REQUEST && seen->ends)
		fcgi_decode_end(&seen->decoder);
	else if (event == FCGI_REQUEST && seen->wants_body)
		fcgi_decode_want_body(&seen->decoder);
}

/* Collect what of the body is at ${bytes}; return how much that is. */
static inline size_t
seen_body(struct seen *seen, const uint8_t *bytes, size_t len)
{
	size_t n = fcgi_decode_body(&seen->decoder, len);

	assert_in_range(n, 1, len);
	assert_int_equal(buf_append(&seen->body, bytes, n), 0);
	return n;
}

/* Feed one piece, from a block of its own so that a read too far is noticed. */
static inline void
seen_feed(struct seen *seen, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + (len == 0));
	enum fcgi_event event;
	size_t at = 0;
	size_t used;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	do {
		event = fcgi_decode(
		    &seen->decoder, copy + at, len - at, &used, &seen->reply);
		assert_true(used <= len - at);
		at += used;
		if (event == FCGI_MORE)
			assert_int_equal(at, len);
		else if (event == FCGI_BODY)
			at += seen_body(seen, copy + at, len - at);
		else
			seen_note(seen, event);
	} while (event != FCGI_MORE && event != FCGI_ERROR);
	seen->used += at;
	free(copy);
}

#endif
