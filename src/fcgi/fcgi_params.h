/*
 * The name-value pairs inside FCGI_PARAMS and FCGI_GET_VALUES (FastCGI 1.0
 * section 3.4).  Pure; nothing is copied or allocated, so a length that a peer
 * invents costs nothing.
 */
#ifndef SPOOLCAST_FCGI_FCGI_PARAMS_H
#define SPOOLCAST_FCGI_FCGI_PARAMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * One pair, as views into the bytes it was read from.  No NUL follows either
 * part; both may be empty, and both may hold any byte.
 */
struct fcgi_param {
	const uint8_t *name;
	size_t name_len;
	const uint8_t *value;
	size_t value_len;
};

/**
 * fcgi_params_next(params, len, at, out):
 * Read the pair that starts at offset ${at} of the ${len} bytes at ${params},
 * which may be NULL if ${len} is 0, into ${out} and move ${at} past it.  Start
 * with ${at} 0.  Return 1 for a pair, 0 at the end, or -1 if a length points
 * beyond the end; ${at} and ${out} are unchanged unless 1 is returned.
 */
int fcgi_params_next(
    const uint8_t *params, size_t len, size_t *at, struct fcgi_param *out);

#endif
