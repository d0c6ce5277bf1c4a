#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "format/event.h"
#include "format/utf8.h"

/* Room for other field names, a retry field, a channel's name and line ends. */
#define REST_MAX 160
#define LONG_BODY 65536
#define EMPTY_DATA "data:\n"
#define AT "event: spoolcast.at\n" EMPTY_DATA

static int
append_span(struct buf *out, const struct span *span)
{
	return buf_append(out, span->bytes, span->len);
}

static uint8_t
safe_byte(uint8_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || (c != 0 && strchr("._~-", c) != NULL))
		return c;
	return '_';
}

/* Append '~' and the publisher's id, cut where the whole would be too long. */
static int
append_own_id(struct buf *out, size_t used, const struct span *own)
{
	size_t room = used + 1 < EVENT_ID_MAX ? EVENT_ID_MAX - used - 1 : 0;
	size_t len = own->len < room ? own->len : room;

	if (len == 0)
		return 0;
	if (buf_reserve(out, len + 1) != 0)
		return -1;
	out->data[out->len++] = '~';
	for (size_t i = 0; i < len; i++)
		out->data[out->len++] = safe_byte(own->bytes[i]);
	return 0;
}

/* Append the end of a block: its id, followed by ${own} unless that is NULL. */
static int
append_end(struct buf *out, const struct span *id, const struct span *own)
{
	if (buf_puts(out, "id: ") != 0 || append_span(out, id) != 0)
		return -1;
	if (own != NULL && append_own_id(out, id->len, own) != 0)
		return -1;
	return buf_puts(out, "\n\n");
}

static int
append_data(struct buf *out, const struct record *rec)
{
	struct record_iter iter = { 0 };
	struct span line;

	while (record_data_next(rec, &iter, &line)) {
		/*
		 * A line of many CRs becomes as many empty fields: take them
		 * fast.
		 */
		if (line.len == 0) {
			if (buf_append(
				out, EMPTY_DATA, sizeof(EMPTY_DATA) - 1) != 0)
				return -1;
			continue;
		}
		if (buf_puts(out, "data: ") != 0 ||
		    utf8_append(out, line.bytes, line.len) != 0 ||
		    buf_puts(out, "\n") != 0)
			return -1;
	}
	return 0;
}

static size_t
count_byte(const struct span *span, uint8_t byte)
{
	size_t n = 0;

	for (size_t i = 0; i < span->len; i++)
		n += span->bytes[i] == byte;
	return n;
}

size_t
event_size_max(const struct record *rec)
{
	const size_t lines = count_byte(&rec->body, '\r') + 1;
	const size_t size = utf8_size(rec->body.bytes, rec->body.len);

	/* For each CR of a line there is a field, "data: " and its end. */
	if (rec->form == RECORD_LINE)
		return size + lines * 7 + REST_MAX;
	/*
	 * A field of the block may lack its colon and its blank, which are
	 * added.
	 */
	return size + (lines + count_byte(&rec->body, '\n')) * 2 + REST_MAX;
}

/* Return whether a type after the name of this channel would look like ours. */
static bool
is_our_name(const char *channel)
{
	static const char ours[] = RECORD_RESERVED;

	return strlen(channel) == sizeof(ours) - 2 &&
	    memcmp(channel, ours, sizeof(ours) - 2) == 0;
}

static int
append_type(struct buf *out, const char *channel, const struct span *type)
{
	static const struct span none = { NULL, 0 };

	if (channel == NULL && type->bytes == NULL)
		return 0;
	if (channel != NULL && is_our_name(channel))
		type = &none;
	if (buf_puts(out, "event: ") != 0)
		return -1;
	if (channel != NULL && buf_puts(out, channel) != 0)
		return -1;
	if (channel != NULL && type->bytes != NULL && buf_puts(out, ".") != 0)
		return -1;
	if (type->bytes != NULL &&
	    utf8_append(out, type->bytes, type->len) != 0)
		return -1;
	return buf_puts(out, "\n");
}

int
event_append(struct buf *out, const struct span *id, const char *channel,
    const struct record *rec)
{
	/* For a long record the buffer grows once. */
	if (rec->body.len > LONG_BODY &&
	    buf_reserve(out, event_size_max(rec)) != 0)
		return -1;
	if (rec->retry_ms >= 0 && event_append_retry(out, rec->retry_ms) != 0)
		return -1;
	if (!rec->has_data) {
		if (buf_puts(out, AT) != 0)
			return -1;
	} else if (append_type(out, channel, &rec->event) != 0 ||
	    append_data(out, rec) != 0) {
		return -1;
	}
	return append_end(out, id, &rec->id);
}

int
event_append_at(struct buf *out, const struct span *id)
{
	return buf_puts(out, AT) != 0 ? -1 : append_end(out, id, NULL);
}

int
event_append_open(struct buf *out, const struct span *id)
{
	if (buf_puts(out, "event: spoolcast.open\n" EMPTY_DATA) != 0)
		return -1;
	return append_end(out, id, NULL);
}

int
event_append_gap(struct buf *out, const struct span *id, const char *channel,
    enum gap_reason reason, const char *resumed)
{
	struct json json;

	if (buf_puts(out, "event: spoolcast.gap\ndata: ") != 0)
		return -1;
	json_begin(&json, out, JSON_COMPACT);
	json_text(&json, "channel", channel);
	json_text(&json, "reason", mark_reason_name(reason));
	json_text(&json, "resumed", resumed);
	return json_finish(&json) != 0 ? -1 : append_end(out, id, NULL);
}

int
event_append_skipped(struct buf *out, const struct span *id,
    const char *channel, uint64_t size, uint64_t offset)
{
	struct json json;

	if (buf_puts(out, "event: spoolcast.skipped\ndata: ") != 0)
		return -1;
	json_begin(&json, out, JSON_COMPACT);
	json_text(&json, "channel", channel);
	json_number(&json, "size", size);
	json_number(&json, "position", offset);
	return json_finish(&json) != 0 ? -1 : append_end(out, id, NULL);
}

int
event_append_retry(struct buf *out, int64_t ms)
{
	if (buf_puts(out, "retry: ") != 0 ||
	    buf_put_uint(out, (uint64_t)ms) != 0)
		return -1;
	return buf_puts(out, "\n");
}

int
event_append_beat(struct buf *out, bool is_shown)
{
	return buf_puts(
	    out, is_shown ? "event: spoolcast.beat\n" EMPTY_DATA "\n" : ":\n");
}

int
event_append_comment(struct buf *out, const char *text)
{
	return buf_printf(out, ": %s\n", text);
}

int
event_append_padding(struct buf *out, size_t bytes)
{
	if (bytes < 2)
		bytes = 2;
	if (buf_reserve(out, bytes) != 0)
		return -1;
	memset(out->data + out->len, ' ', bytes);
	out->data[out->len] = ':';
	out->len += bytes;
	out->data[out->len - 1] = '\n';
	return 0;
}
