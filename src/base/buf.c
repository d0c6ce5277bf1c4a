#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FIRST_CAP 256
/* What 64 bits need in decimal. */
#define DIGITS_MAX 20

int
buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap;
	uint8_t *data;

	if (more > SIZE_MAX / 2 - buf->len) {
		errno = ENOMEM;
		return -1;
	}
	if (buf->len + more <= buf->cap)
		return 0;
	while (cap < buf->len + more)
		cap *= 2;
	if ((data = realloc(buf->data, cap)) == NULL)
		return -1;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int
buf_append(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0)
		return 0;
	if (buf_reserve(buf, len) != 0)
		return -1;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	return 0;
}

int
buf_puts(struct buf *buf, const char *text)
{
	return buf_append(buf, text, strlen(text));
}

int
buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room;
	va_list ap;
	int n;

	/* Mostly it fits where it is to be; else this says how long it is. */
	do {
		room = buf->cap - buf->len;
		va_start(ap, format);
		n = vsnprintf(room == 0 ? NULL : (char *)buf->data + buf->len,
		    room, format, ap);
		va_end(ap);
		assert(n >= 0);
		/* One more for the NUL that vsnprintf writes. */
		if ((size_t)n >= room && buf_reserve(buf, (size_t)n + 1) != 0)
			return -1;
	} while ((size_t)n >= room);
	buf->len += (size_t)n;
	return 0;
}

int
buf_put_uint(struct buf *buf, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return buf_append(buf, digits + at, sizeof(digits) - at);
}

void
buf_consume(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	buf->len -= len;
	if (buf->len > 0)
		memmove(buf->data, buf->data + len, buf->len);
}

void
buf_free(struct buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
}
