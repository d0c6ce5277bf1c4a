/*
 * This reads what a web server sends to a FastCGI responder (FastCGI 1.0), in
 * pieces of any size, one request at a time per connection.  Pure: bytes go in,
 * events come out.
 *
 * libfcgi's own reader is not used, because FCGX_Accept_r blocks until all of
 * PARAMS is there, loses a pipelined request, and allocates whatever a length
 * claims.  Here nothing but a request's PARAMS, a BEGIN body and the names of
 * FCGI_GET_VALUES is kept, each up to a limit; input that nobody needs (STDIN
 * that is not asked for, DATA, padding, records of other requests) is counted
 * and dropped.
 */
#ifndef SPOOLCAST_FCGI_FCGI_DECODE_H
#define SPOOLCAST_FCGI_FCGI_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The most bytes of PARAMS in one request, lengths included. */
#define FCGI_PARAMS_MAX ((size_t)128 * 1024)

/* The most bytes of names in one FCGI_GET_VALUES. */
#define FCGI_VALUES_MAX 1024

/* The most answers of the decoder's own (FCGI_REPLY) per request. */
#define FCGI_REPLIES_MAX 100

enum fcgi_event {
	FCGI_MORE,     /* all bytes are used, nothing to report */
	FCGI_REQUEST,  /* BEGIN_REQUEST and all of PARAMS are there */
	FCGI_BODY,     /* what comes next is STDIN, which is wanted */
	FCGI_BODY_END, /* the last of it was there */
	FCGI_ABORTED,  /* the server gave up the active request */
	FCGI_REPLY,    /* bytes to send back were appended to the reply */
	FCGI_ERROR,    /* the connection is of no more use: close it */
};

enum fcgi_error {
	FCGI_ERROR_NONE,
	FCGI_ERROR_VERSION,    /* a record's version is not 1 */
	FCGI_ERROR_NULL_ID,    /* BEGIN_REQUEST with id 0 */
	FCGI_ERROR_BEGIN,      /* BEGIN_REQUEST without its 8 bytes */
	FCGI_ERROR_BUSY_ID,    /* BEGIN_REQUEST with the active id */
	FCGI_ERROR_ROLE,       /* not a responder request, and no keep-conn */
	FCGI_ERROR_ORDER,      /* PARAMS after their end */
	FCGI_ERROR_PARAMS_MAX, /* PARAMS over FCGI_PARAMS_MAX */
	FCGI_ERROR_VALUES_MAX, /* GET_VALUES over FCGI_VALUES_MAX */
	FCGI_ERROR_PAIRS,      /* a pair's length points beyond the end */
	FCGI_ERROR_FLOOD,      /* more than FCGI_REPLIES_MAX to answer */
	FCGI_ERROR_MEMORY,     /* out of memory */
};

/*
 * There is one per connection, embedded in the caller's struct; read it through
 * the functions below.  Between records and while a request runs this is all
 * that is kept, so that an idle stream stays cheap.
 */
struct fcgi_decoder {
	struct fcgi_intake *intake; /* PARAMS and half records, else NULL */
	uint32_t max_requests;
	uint16_t id; /* the active request, or 0 */
	/* The record being read, whose header has header_len bytes so far. */
	uint16_t record_id;
	uint16_t content_left;
	uint8_t padding_left;
	uint8_t record_type;
	uint8_t header_len;
	uint8_t replies; /* since the last request ended */
	uint8_t error;	 /* enum fcgi_error */
	uint8_t state : 3;
	uint8_t keep_conn : 1;
	uint8_t wants_body : 1;
};

/**
 * fcgi_decode_init(decoder, max_requests):
 * Make ${decoder} ready for a new connection.  A server that asks for
 * FCGI_MAX_CONNS or FCGI_MAX_REQS is told ${max_requests}.
 */
void fcgi_decode_init(struct fcgi_decoder *decoder, uint32_t max_requests);

/**
 * fcgi_decode(decoder, bytes, len, used, reply):
 * Read from the ${len} bytes at ${bytes} until something happens, and store in
 * ${used} how many were taken.  The caller calls again with the rest, until
 * FCGI_MORE; it may handle an event first, so that of two pipelined requests
 * the second is not touched before the first has ended.  A second one that is
 * read earlier is refused (another id) or an error (the same id, FastCGI 1.0
 * section 3.3).
 *
 * After FCGI_REQUEST the accessors below are valid; the caller runs the request
 * and calls fcgi_decode_end when it has written the END_REQUEST.  After
 * FCGI_ABORTED it owes an END_REQUEST and then the same call; it comes once per
 * request, and if it comes before FCGI_REQUEST, that one does not come.
 * FCGI_BODY and FCGI_BODY_END come only after fcgi_decode_want_body; of
 * FCGI_BODY at least one byte that is not used yet is STDIN, and
 * fcgi_decode_body is to be called with these.
 *
 * FCGI_REPLY is an answer to a management record, the refusal of a second
 * request on the connection (FCGI_CANT_MPX_CONN), or the refusal of a role that
 * is not FCGI_RESPONDER.  It can come between the records of a response; the
 * caller must not put it inside one.  FCGI_ERROR stays: every further call
 * returns it and uses nothing.  What was appended to ${reply} before should be
 * sent before closing, as it may say why.
 */
enum fcgi_event fcgi_decode(struct fcgi_decoder *decoder, const uint8_t *bytes,
    size_t len, size_t *used, struct buf *reply);

/**
 * fcgi_decode_want_body(decoder):
 * Report STDIN of the active request from now on, until its end.  To be called
 * after FCGI_REQUEST, before more is decoded; without it STDIN is dropped.
 */
void fcgi_decode_want_body(struct fcgi_decoder *decoder);

/**
 * fcgi_decode_body(decoder, len):
 * Take STDIN after FCGI_BODY, of the ${len} bytes that were not used yet.
 * Return how many of these it is; they are used now.
 */
size_t fcgi_decode_body(struct fcgi_decoder *decoder, size_t len);

/**
 * fcgi_decode_id(decoder):
 * Return the id of the active request (1 to 65535), or 0 if there is none.
 */
uint16_t fcgi_decode_id(const struct fcgi_decoder *decoder);

/**
 * fcgi_decode_keep_conn(decoder):
 * Return whether the server wants to use the connection again after the
 * request that is active or was so last.  If not, the responder closes it.
 */
bool fcgi_decode_keep_conn(const struct fcgi_decoder *decoder);

/**
 * fcgi_decode_params(decoder, len):
 * Return the PARAMS of the active request, for fcgi_params_next, which finds no
 * fault in them, and store their length in ${len}; NULL and 0 if it has none.
 * Valid from FCGI_REQUEST until fcgi_decode_drop_params, fcgi_decode_end,
 * fcgi_decode_free or FCGI_ERROR.
 */
const uint8_t *fcgi_decode_params(
    const struct fcgi_decoder *decoder, size_t *len);

/**
 * fcgi_decode_drop_params(decoder):
 * Free the PARAMS of the active request, which goes on.
 */
void fcgi_decode_drop_params(struct fcgi_decoder *decoder);

/**
 * fcgi_decode_end(decoder):
 * End the active request, if any: free what is kept of it and be ready for the
 * next BEGIN_REQUEST.  Late records of the old one are dropped.
 */
void fcgi_decode_end(struct fcgi_decoder *decoder);

/**
 * fcgi_decode_error(decoder):
 * Return why fcgi_decode returned FCGI_ERROR.
 */
enum fcgi_error fcgi_decode_error(const struct fcgi_decoder *decoder);

/**
 * fcgi_decode_strerror(error):
 * Return a short English phrase for ${error}, a static string.
 */
const char *fcgi_decode_strerror(enum fcgi_error error);

/**
 * fcgi_decode_free(decoder):
 * Free what ${decoder} keeps.  Only fcgi_decode_init may follow.
 */
void fcgi_decode_free(struct fcgi_decoder *decoder);

#endif
