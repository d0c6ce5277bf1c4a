/*
 * Formats: how what a feed gives, and what is told besides, is spelled in a
 * response (pure).  Viewers share what is made for them only within a format.
 *
 * All functions append to ${out} and return 0, or -1 with ENOMEM; then it may
 * be longer by a part.  Ids come in ready and in the safe alphabet
 * (spool/mark.h).
 */
#ifndef SPOOLCAST_FORMAT_FORMAT_H
#define SPOOLCAST_FORMAT_FORMAT_H

#include <stdbool.h>

#include "base/buf.h"
#include "spool/mark.h"
#include "spool/record.h"

/* The modes of all rows, for messages. */
#define FORMAT_MODES "sse"

struct format {
	const char *mode; /* what a request calls it: ?mode= */
	const char *type; /* media type, with its parameters */

	/* How a body begins: a client that is cut off comes back in ${ms}. */
	int (*begin)(struct buf *out, int64_t ms);
	/* The stream begins at ${id}. */
	int (*open)(struct buf *out, const struct span *id);
	/*
	 * A record, after which the client is at ${id}.  If ${channel} is not
	 * NULL, the client wants to know that it is of this one.
	 */
	int (*record)(struct buf *out, const struct span *id,
	    const char *channel, const struct record *rec);
	/* Return how many bytes that takes at most, beside the id. */
	size_t (*record_size)(const struct record *rec);
	/* A record of ${size} bytes at ${offset} of ${channel} was too long. */
	int (*skipped)(struct buf *out, const struct span *id,
	    const char *channel, uint64_t size, uint64_t offset);
	/*
	 * The client's place in ${channel} is lost for ${reason}; the stream
	 * goes on from ${resumed}, "oldest" or "newest".
	 */
	int (*gap)(struct buf *out, const struct span *id, const char *channel,
	    enum gap_reason reason, const char *resumed);
	/* The client is at ${id} though nothing came. */
	int (*moved)(struct buf *out, const struct span *id);
	/* The stream is alive; if it ${is_shown}, a page can see that. */
	int (*beat)(struct buf *out, bool is_shown);
	/* A line of ${text} for people who look at the bytes. */
	int (*comment)(struct buf *out, const char *text);
	/* ${len} bytes (at least 2) that mean nothing. */
	int (*padding)(struct buf *out, size_t len);
	/* How a body ends: the client comes back in ${ms}. */
	int (*end)(struct buf *out, int64_t ms);
};

/**
 * format_find(mode, len):
 * Return the format that requests call by the ${len} bytes at ${mode}, or NULL
 * if there is none.
 */
const struct format *format_find(const char *mode, size_t len);

/**
 * format_usual(void):
 * Return the format of a request that asks for none.
 */
const struct format *format_usual(void);

#endif
