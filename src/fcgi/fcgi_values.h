/*
 * Answers to management records (FastCGI 1.0 section 4): what the web server
 * wants to know of the responder as a whole.  Pure.
 */
#ifndef SPOOLCAST_FCGI_FCGI_VALUES_H
#define SPOOLCAST_FCGI_FCGI_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* Room for the longest answer. */
#define FCGI_VALUES_ANSWER_MAX 96

/**
 * fcgi_values_answer(out, asked, len, max_requests):
 * Write to ${out} the FCGI_GET_VALUES_RESULT for an FCGI_GET_VALUES whose
 * content is the ${len} bytes at ${asked}, which may be NULL if ${len} is 0.
 * Each variable that is asked for and known is answered once: FCGI_MAX_CONNS
 * and FCGI_MAX_REQS with ${max_requests}, the same for both, because
 * FCGI_MPXS_CONNS is 0.  Return the length of the record, or 0 if the content
 * is no list of pairs.
 */
size_t fcgi_values_answer(uint8_t out[FCGI_VALUES_ANSWER_MAX],
    const uint8_t *asked, size_t len, uint32_t max_requests);

/**
 * fcgi_values_unknown(out, type):
 * Write to ${out} the FCGI_UNKNOWN_TYPE record that answers a management
 * record of any other ${type}.  Return its length.
 */
size_t fcgi_values_unknown(uint8_t out[FCGI_VALUES_ANSWER_MAX], uint8_t type);

#endif
