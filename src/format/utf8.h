/*
 * Whatever bytes come in, valid UTF-8 goes out (pure).
 */
#ifndef SPOOLCAST_FORMAT_UTF8_H
#define SPOOLCAST_FORMAT_UTF8_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * utf8_is_valid(bytes, len):
 * Return whether the ${len} bytes are what utf8_append would leave as they are.
 */
bool utf8_is_valid(const uint8_t *bytes, size_t len);

/**
 * utf8_size(bytes, len):
 * Return how many bytes utf8_append makes of the ${len} bytes.
 */
size_t utf8_size(const uint8_t *bytes, size_t len);

/**
 * utf8_append(out, bytes, len):
 * Append ${len} bytes to ${out} with each ill-formed sequence (Unicode 3.9,
 * "maximal subpart", as the WHATWG Encoding decoder cuts them) and each NUL
 * replaced by U+FFFD.  Return 0, or -1 with ENOMEM and ${out} longer by a part.
 */
int utf8_append(struct buf *out, const uint8_t *bytes, size_t len);

#endif
