#include "fuzz/disorder/wire.h"

#include <string.h>

void
wire_restart(struct wire *wire)
{
	*wire =
	    (struct wire){ .on_line = wire->on_line, .cookie = wire->cookie };
}

static void
take_line(struct wire *wire)
{
	if (wire->line_len > 0 && wire->line[wire->line_len - 1] == '\r')
		wire->line_len--;
	wire->line[wire->line_len] = '\0';
	wire->on_line(wire->cookie, wire->line, wire->line_len);
	wire->line_len = 0;
}

static void
take_text(struct wire *wire, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len, *lf;
	size_t n, room;

	while (bytes < end) {
		lf = memchr(bytes, '\n', (size_t)(end - bytes));
		n = (size_t)((lf == NULL ? end : lf) - bytes);
		room = WIRE_LINE_MAX - wire->line_len;
		memcpy(wire->line + wire->line_len, bytes, n < room ? n : room);
		wire->line_len += n < room ? n : room;
		if (lf == NULL)
			return;
		take_line(wire);
		bytes = lf + 1;
	}
}

/* A byte of a record's header. */
static void
take_header(struct wire *wire, uint8_t byte)
{
	const uint8_t *h = wire->header;

	wire->header[wire->header_len++] = byte;
	if (wire->header_len < FCGI_HEADER_LEN)
		return;
	wire->header_len = 0;
	wire->left = (size_t)(h[4] << 8 | h[5]);
	wire->padding = h[6];
	wire->is_text = h[1] == FCGI_STDOUT;
	if (h[0] != FCGI_VERSION_1 ||
	    (h[1] != FCGI_STDOUT && h[1] != FCGI_STDERR &&
		h[1] != FCGI_END_REQUEST && h[1] != FCGI_GET_VALUES_RESULT &&
		h[1] != FCGI_UNKNOWN_TYPE))
		wire->is_wrong = true;
	if (h[1] == FCGI_END_REQUEST)
		wire->n_ended++;
}

void
wire_feed(struct wire *wire, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;
	size_t n;

	while (bytes < end && !wire->is_wrong) {
		n = (size_t)(end - bytes);
		if (wire->left > 0) {
			n = n < wire->left ? n : wire->left;
			if (wire->is_text)
				take_text(wire, bytes, n);
			wire->left -= n;
			bytes += n;
		} else if (wire->padding > 0) {
			n = n < wire->padding ? n : wire->padding;
			wire->padding = (uint8_t)(wire->padding - n);
			bytes += n;
		} else {
			take_header(wire, *bytes++);
		}
	}
}
