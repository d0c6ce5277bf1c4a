#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/answer.h"

#define METHODS "GET, HEAD, OPTIONS"

static const struct reason {
	int status;
	const char *phrase;
} reasons[] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
	{ 0, "Unknown" },
};

static const char *
phrase_of(int status)
{
	const struct reason *reason = reasons;

	while (reason->status != status && reason->status != 0)
		reason++;
	return reason->phrase;
}

int
answer_set(struct answer *answer, int status, const char *format, ...)
{
	va_list ap;

	answer->status = status;
	va_start(ap, format);
	vsnprintf(answer->text, sizeof(answer->text), format, ap);
	va_end(ap);
	for (char *p = answer->text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return -1;
}

int
answer_append(struct buf *out, const struct answer *answer, int has_body,
    int (*head)(struct buf *out, int status, const char *phrase))
{
	if (head(out, answer->status, phrase_of(answer->status)) != 0 ||
	    buf_puts(out, "Cache-Control: no-store\r\n") != 0)
		return -1;
	if ((answer->status == 405 || answer->status == 204) &&
	    buf_puts(out, "Allow: " METHODS "\r\n") != 0)
		return -1;
	if (answer->status == 503 && buf_puts(out, "Retry-After: 30\r\n") != 0)
		return -1;
	if (answer->status == 204)
		return buf_puts(out, "\r\n");
	if (buf_puts(out,
		"Content-Type: text/plain; charset=utf-8\r\n"
		"X-Content-Type-Options: nosniff\r\n\r\n") != 0)
		return -1;
	if (!has_body)
		return 0;
	return buf_printf(out, "spoolcast: %s\n", answer->text);
}

int
answer_append_stream(struct buf *out, const char *id, size_t id_len,
    unsigned fields,
    int (*head)(struct buf *out, int status, const char *phrase))
{
	/*
	 * The web server owns Connection and Transfer-Encoding.  nginx takes
	 * X-Accel-Buffering as "do not collect" and removes it.
	 */
	if (head(out, 200, phrase_of(200)) != 0 ||
	    buf_puts(out,
		"Content-Type: text/event-stream; charset=utf-8\r\n"
		"Cache-Control: no-cache, no-store, no-transform\r\n"
		"X-Accel-Buffering: no\r\n"
		"X-Content-Type-Options: nosniff\r\n") != 0)
		return -1;
	if (id_len > 0 &&
	    (buf_puts(out, "Last-Event-ID: ") != 0 ||
		buf_append(out, id, id_len) != 0 || buf_puts(out, "\r\n") != 0))
		return -1;
	if ((fields & ANSWER_IDENTITY) != 0 &&
	    buf_puts(out, "Content-Encoding: identity\r\n") != 0)
		return -1;
	if ((fields & ANSWER_INCREMENTAL) != 0 &&
	    buf_puts(out, "Incremental: ?1\r\n") != 0)
		return -1;
	return buf_puts(out, "\r\n");
}
