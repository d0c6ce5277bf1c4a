/*
 * Answers that are not a stream, and the header blocks of all answers (pure).
 *
 * How a header block begins depends on what carries it.  So callers hand in a
 * function ${head} that appends this: the status, a number and its phrase, in
 * a line, and fields that only it has.  It returns 0, or -1 with ENOMEM.
 */
#ifndef SPOOLCAST_HTTP_ANSWER_H
#define SPOOLCAST_HTTP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct answer {
	int status;	/* HTTP status; 0: not decided */
	char text[256]; /* one line without its end */
};

/**
 * answer_set(answer, status, format, ...):
 * Decide on ${status} and a line of text; bytes in it that are not printable
 * ASCII become '?'.  Returns -1, for the caller to return.
 */
int answer_set(struct answer *answer, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * answer_append(out, answer, has_body, head):
 * Append ${answer}: what ${head} appends, header fields, an empty line and, if
 * ${has_body}, the text.  Return 0, or -1 with ENOMEM.
 */
int answer_append(struct buf *out, const struct answer *answer, int has_body,
    int (*head)(struct buf *out, int status, const char *phrase));

/* What the header block of a stream says besides what all of them say. */
enum answer_field {
	ANSWER_INCREMENTAL = 1, /* not to hold it back (RFC 10036) */
	/*
	 * Content-Encoding: identity.  RFC 9110 8.4.1 advises against the word,
	 * but a proxy that compresses would wait for more of what is small.
	 */
	ANSWER_IDENTITY = 2,
};

/**
 * answer_append_stream(out, id, id_len, fields, head):
 * Append the header block of a stream that starts at the event id ${id}, or of
 * one that only says why it does not start (${id_len} 0), with the ${fields},
 * of enum answer_field, after what ${head} appends.  Return 0, or -1 with
 * ENOMEM.
 */
int answer_append_stream(struct buf *out, const char *id, size_t id_len,
    unsigned fields,
    int (*head)(struct buf *out, int status, const char *phrase));

#endif
