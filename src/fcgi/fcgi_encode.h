/*
 * What a responder writes: FastCGI 1.0 records (sections 3.3 and 5.5).  Pure.
 * Records are never padded: section 3.3 recommends it only for the reader's
 * speed, and no web server needs it.
 */
#ifndef SPOOLCAST_FCGI_FCGI_ENCODE_H
#define SPOOLCAST_FCGI_FCGI_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FCGI_ENCODE_HEADER_LEN 8
#define FCGI_ENCODE_END_LEN 16

/* The most content that one record can carry. */
#define FCGI_ENCODE_CONTENT_MAX 65535

/**
 * fcgi_encode_header(out, type, id, len):
 * Write to ${out} the header of a record of ${type} (a constant of
 * <fastcgi.h>) for request ${id}, 0 in management records, that is followed by
 * ${len} <= FCGI_ENCODE_CONTENT_MAX bytes of content.
 */
void fcgi_encode_header(
    uint8_t out[FCGI_ENCODE_HEADER_LEN], uint8_t type, uint16_t id, size_t len);

/**
 * fcgi_encode_stdout(out, id, len):
 * Do as fcgi_encode_header for FCGI_STDOUT.  ${len} = 0 ends the stream: the
 * server expects no more output for request ${id}.
 */
void fcgi_encode_stdout(
    uint8_t out[FCGI_ENCODE_HEADER_LEN], uint16_t id, size_t len);

/**
 * fcgi_encode_end(out, id, protocol_status, app_status):
 * Write to ${out} a whole FCGI_END_REQUEST record for request ${id}.
 * ${protocol_status} is FCGI_REQUEST_COMPLETE or a refusal of <fastcgi.h>;
 * ${app_status} is what a CGI program's exit status would be.
 */
void fcgi_encode_end(uint8_t out[FCGI_ENCODE_END_LEN], uint16_t id,
    uint8_t protocol_status, uint32_t app_status);

/**
 * fcgi_encode_finish(buf, id, app_status):
 * Append the end of request ${id} to ${buf}: an empty FCGI_STDOUT and an
 * FCGI_END_REQUEST with FCGI_REQUEST_COMPLETE and ${app_status}.  Return 0, or
 * -1 with ENOMEM and ${buf} unchanged.
 */
int fcgi_encode_finish(struct buf *buf, uint16_t id, uint32_t app_status);

#endif
