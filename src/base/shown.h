/*
 * How text that others chose is shown to a person: what would steer a terminal,
 * change the order of what stands beside it, or not be seen at all, is spelled
 * out (pure).
 */
#ifndef SPOOLCAST_BASE_SHOWN_H
#define SPOOLCAST_BASE_SHOWN_H

#include <stddef.h>
#include <stdint.h>

/* Longest text of one character: <U+10FFFF>. */
#define SHOWN_MAX 10

enum shown_kind {
	SHOWN_AS_IS, /* a character that can be seen, and the blank */
	SHOWN_CODE,  /* a character that cannot: it is spelled by its number */
	SHOWN_BYTE,  /* a byte that is no UTF-8 (The Unicode Standard, 3.9) */
};

struct shown {
	enum shown_kind kind;
	uint32_t code; /* of the character; of a byte, its value */
	size_t used;   /* how many bytes of the input it takes */
	size_t len;
	char text[SHOWN_MAX + 1]; /* how it is written, with a NUL */
};

/**
 * shown_next(bytes, len, out):
 * Look at the first character of the ${len} bytes at ${bytes}, one at least,
 * and write into ${out} how it is to be shown: as it is; \xHH if it is a
 * control character of ASCII or a byte that is not UTF-8; <U+HHHH> if it is one
 * of those that shown.c lists.
 */
void shown_next(const void *bytes, size_t len, struct shown *out);

#endif
