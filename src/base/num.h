/*
 * Numbers as people write them in settings, queries and option values.
 * Everything here is pure and strict: no sign, no blank, no leading text, no
 * trailing text, no overflow.  On error the output is unchanged.
 */
#ifndef SPOOLCAST_BASE_NUM_H
#define SPOOLCAST_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

enum num_error {
	NUM_OK,
	NUM_EMPTY,    /* nothing to read */
	NUM_SYNTAX,   /* not a number, or text after it */
	NUM_NO_UNIT,  /* a duration without its unit */
	NUM_UNIT,     /* a unit that is not known here */
	NUM_OVERFLOW, /* does not fit 63 bits */
};

/**
 * num_uint(text, len, out):
 * Read the ${len} bytes at ${text} as a decimal integer into ${out}.
 */
enum num_error num_uint(const char *text, size_t len, uint64_t *out);

/**
 * num_duration(text, len, out):
 * Read "250ms", "15s", "4m", "1h" or "7d" into ${out} as milliseconds.  A bare
 * "0" needs no unit; any other number without one is NUM_NO_UNIT.
 */
enum num_error num_duration(const char *text, size_t len, int64_t *out);

/**
 * num_size(text, len, out):
 * Read "4096", "64K", "16M" or "1G" (powers of 1024) into ${out} as bytes.
 */
enum num_error num_size(const char *text, size_t len, uint64_t *out);

/**
 * num_percent(text, len, out):
 * Read "50%" into ${out} as 50.  The sign is required.
 */
enum num_error num_percent(const char *text, size_t len, uint64_t *out);

/**
 * num_strerror(err):
 * Return a short English phrase for ${err}, a static string.
 */
const char *num_strerror(enum num_error err);

/**
 * num_print_duration(ms, buf, size):
 * Write ${ms} with the largest unit that divides it ("15s", "1500ms") into
 * ${buf} of ${size} bytes, in a form that num_duration reads back.
 */
void num_print_duration(int64_t ms, char *buf, size_t size);

/**
 * num_print_size(bytes, buf, size):
 * Write ${bytes} with the largest suffix that divides it into ${buf} of
 * ${size} bytes, in a form that num_size reads back.
 */
void num_print_size(uint64_t bytes, char *buf, size_t size);

#endif
