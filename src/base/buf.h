/*
 * A growable byte buffer.  Only buf_reserve and the functions that append can
 * fail (ENOMEM); then the buffer is unchanged and stays usable.
 */
#ifndef SPOOLCAST_BASE_BUF_H
#define SPOOLCAST_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* NULL while nothing was ever reserved */
	size_t len;
	size_t cap;
};

/**
 * buf_reserve(buf, more):
 * Make room for ${more} bytes beyond the length.  Return 0, or -1 with ENOMEM.
 */
int buf_reserve(struct buf *buf, size_t more);

/**
 * buf_append(buf, bytes, len):
 * Append ${len} bytes.  Return 0, or -1 with ENOMEM.
 */
int buf_append(struct buf *buf, const void *bytes, size_t len);

/**
 * buf_puts(buf, text):
 * Append the NUL-terminated ${text} without its NUL.  Return 0, or -1 with
 * ENOMEM.
 */
int buf_puts(struct buf *buf, const char *text);

/**
 * buf_printf(buf, format, ...):
 * Append formatted text without a NUL.  Return 0, or -1 with ENOMEM.
 */
int buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * buf_put_uint(buf, number):
 * Append ${number} in decimal.  Return 0, or -1 with ENOMEM.
 */
int buf_put_uint(struct buf *buf, uint64_t number);

/**
 * buf_consume(buf, len):
 * Drop the first ${len} bytes, which must be there, and move up the rest.
 */
void buf_consume(struct buf *buf, size_t len);

/**
 * buf_free(buf):
 * Free the memory and leave an empty, usable buffer.
 */
void buf_free(struct buf *buf);

#endif
