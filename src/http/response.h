/*
 * What is answered: a status, header fields, and a body or none (pure).
 *
 * A response that is all zero is empty.  It is filled step by step, and no step
 * fails: if there is no memory for one, response_append says so.
 */
#ifndef SPOOLCAST_HTTP_RESPONSE_H
#define SPOOLCAST_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct response {
	int status;	  /* HTTP status; 0: not decided */
	const char *type; /* media type of the body; NULL: there is none */
	bool is_stream;	  /* the body goes on, and nobody is to collect it */
	bool has_failed;  /* there was no memory for a part of it */
	struct buf
	    fields;	 /* besides those of status and type, with their ends */
	struct buf body; /* as far as it is known */
};

/**
 * response_set(response, status):
 * Decide on ${status}, and that there is no body.  Fields stay.
 */
void response_set(struct response *response, int status);

/**
 * response_refuse(response, status, format, ...):
 * Decide on ${status}, and on one line of text, of at most 255 bytes, as the
 * body; bytes in it that are not printable ASCII become '?'.  Fields stay.
 * Returns -1, for the caller to return.
 */
int response_refuse(struct response *response, int status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/**
 * response_stream(response, type):
 * Decide on a body of the media type ${type} (borrowed) that is written bit by
 * bit, of which each bit is to arrive at once.  Fields stay.
 */
void response_stream(struct response *response, const char *type);

/**
 * response_field(response, name, value, len):
 * Add the header field ${name} with the ${len} bytes at ${value}; those that
 * are not printable ASCII become '?'.
 */
void response_field(
    struct response *response, const char *name, const char *value, size_t len);

/*
 * Append to ${out} how a head of ${status} with the reason ${phrase} begins,
 * which is for the wire to say.  Return 0, or -1 with ENOMEM.
 */
typedef int response_head(struct buf *out, int status, const char *phrase);

/**
 * response_append_head(out, response, head):
 * Append the head of ${response}: what ${head} appends, header fields and an
 * empty line.  Return 0, or -1 with ENOMEM.
 */
int response_append_head(
    struct buf *out, const struct response *response, response_head *head);

/**
 * response_append(out, response, has_body, head):
 * Append the head and, if ${has_body}, the body as far as it is known.  Return
 * 0, or -1 with ENOMEM, also if that was met before.
 */
int response_append(struct buf *out, const struct response *response,
    bool has_body, response_head *head);

/**
 * response_free(response):
 * Free what ${response} owns, and leave an empty one.
 */
void response_free(struct response *response);

/**
 * response_memory(response):
 * Return how many bytes ${response} owns.
 */
size_t response_memory(const struct response *response);

#endif
