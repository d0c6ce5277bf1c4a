#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/response.h"

#define LINE_MAX_LEN 255

/* What a head takes without the fields of the response. */
#define HEAD_BYTES 256

#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"
#define NO_SNIFFING "X-Content-Type-Options: nosniff\r\n"

/* A status, and the fields that each response with it has. */
static const struct reason {
	int status;
	const char *phrase;
	const char *fields;
} reasons[] = {
	{ 200, "OK", "" },
	{ 204, "No Content", ALLOW },
	{ 400, "Bad Request", "" },
	{ 404, "Not Found", "" },
	{ 405, "Method Not Allowed", ALLOW },
	{ 406, "Not Acceptable", "" },
	{ 500, "Internal Server Error", "" },
	{ 503, "Service Unavailable", "Retry-After: 30\r\n" },
	{ 0, "Unknown", "" },
};

static const struct reason *
reason_of(int status)
{
	const struct reason *reason = reasons;

	while (reason->status != status && reason->status != 0)
		reason++;
	return reason;
}

static int
append_printable(struct buf *out, const char *text, size_t len)
{
	if (buf_reserve(out, len) != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		bool is_printable = text[i] >= ' ' && text[i] <= '~';

		out->data[out->len++] = (uint8_t)(is_printable ? text[i] : '?');
	}
	return 0;
}

void
response_set(struct response *response, int status)
{
	response->status = status;
	response->type = NULL;
	response->is_stream = false;
	response->body.len = 0;
}

int
response_refuse(struct response *response, int status, const char *format, ...)
{
	char line[LINE_MAX_LEN + 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	response_set(response, status);
	response->type = "text/plain; charset=utf-8";
	if (buf_puts(&response->body, "spoolcast: ") != 0 ||
	    append_printable(&response->body, line, strlen(line)) != 0 ||
	    buf_puts(&response->body, "\n") != 0)
		response->has_failed = true;
	return -1;
}

void
response_stream(struct response *response, const char *type)
{
	response_set(response, 200);
	response->type = type;
	response->is_stream = true;
}

void
response_field(
    struct response *response, const char *name, const char *value, size_t len)
{
	if (buf_puts(&response->fields, name) != 0 ||
	    buf_puts(&response->fields, ": ") != 0 ||
	    append_printable(&response->fields, value, len) != 0 ||
	    buf_puts(&response->fields, "\r\n") != 0)
		response->has_failed = true;
}

static int
append_type(struct buf *out, const struct response *response)
{
	if (buf_puts(out, "Content-Type: ") != 0 ||
	    buf_puts(out, response->type) != 0)
		return -1;
	return buf_puts(out, "\r\n");
}

/* Append the fields of a body that is sent bit by bit. */
static int
append_stream_fields(struct buf *out, const struct response *response)
{
	if (append_type(out, response) != 0)
		return -1;
	/*
	 * The web server owns Connection and Transfer-Encoding.  nginx takes
	 * X-Accel-Buffering as "do not collect" and removes it.
	 */
	return buf_puts(out,
	    "Cache-Control: no-cache, no-store, no-transform\r\n"
	    "X-Accel-Buffering: no\r\n" NO_SNIFFING);
}

/* Append the fields of the status, and of a body that is there as a whole. */
static int
append_whole_fields(struct buf *out, const struct response *response)
{
	if (buf_puts(out, "Cache-Control: no-store\r\n") != 0 ||
	    buf_puts(out, reason_of(response->status)->fields) != 0)
		return -1;
	if (response->type == NULL)
		return 0;
	if (append_type(out, response) != 0)
		return -1;
	return buf_puts(out, NO_SNIFFING);
}

int
response_append_head(
    struct buf *out, const struct response *response, response_head *head)
{
	int rc =
	    head(out, response->status, reason_of(response->status)->phrase);

	if (rc == 0 && response->is_stream)
		rc = append_stream_fields(out, response);
	else if (rc == 0)
		rc = append_whole_fields(out, response);
	if (rc == 0)
		rc = buf_append(
		    out, response->fields.data, response->fields.len);
	return rc == 0 ? buf_puts(out, "\r\n") : -1;
}

int
response_append(struct buf *out, const struct response *response, bool has_body,
    response_head *head)
{
	if (response->has_failed) {
		errno = ENOMEM;
		return -1;
	}
	if (buf_reserve(out,
		HEAD_BYTES + response->fields.len + response->body.len) != 0 ||
	    response_append_head(out, response, head) != 0)
		return -1;
	return has_body ?
	    buf_append(out, response->body.data, response->body.len) :
	    0;
}

void
response_free(struct response *response)
{
	buf_free(&response->fields);
	buf_free(&response->body);
	memset(response, 0, sizeof(*response));
}

size_t
response_memory(const struct response *response)
{
	return response->fields.cap + response->body.cap;
}
