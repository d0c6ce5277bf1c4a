#include <inttypes.h>
#include <string.h>

#include "stream/event.h"
#include "stream/utf8.h"

static int
append_span(struct buf *out, const struct span *span)
{
	return buf_append(out, span->bytes, span->len);
}

static int
append_id_field(struct buf *out, const struct span *id)
{
	if (buf_puts(out, "id: ") != 0 || append_span(out, id) != 0)
		return -1;
	return 0;
}

static uint8_t
safe_byte(uint8_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || (c != 0 && strchr("._~-", c) != NULL))
		return c;
	return '_';
}

/* The publisher's id behind '~', cut where the whole would be too long. */
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

static int
append_data(struct buf *out, const struct record *rec)
{
	struct record_iter iter = { 0 };
	struct span line;

	while (record_data_next(rec, &iter, &line)) {
		if (buf_puts(out, line.len > 0 ? "data: " : "data:") != 0 ||
		    utf8_append(out, line.bytes, line.len) != 0 ||
		    buf_puts(out, "\n") != 0)
			return -1;
	}
	return 0;
}

static int
append_type(struct buf *out, const struct span *type)
{
	if (buf_puts(out, "event: ") != 0 ||
	    utf8_append(out, type->bytes, type->len) != 0)
		return -1;
	return buf_puts(out, "\n");
}

int
event_append(struct buf *out, const struct span *id, const struct record *rec)
{
	if (append_id_field(out, id) != 0 ||
	    append_own_id(out, id->len, &rec->id) != 0 ||
	    buf_puts(out, "\n") != 0)
		return -1;
	if (rec->retry_ms >= 0 &&
	    buf_printf(out, "retry: %" PRId64 "\n", rec->retry_ms) != 0)
		return -1;
	if (rec->has_data) {
		if (rec->event.bytes != NULL &&
		    append_type(out, &rec->event) != 0)
			return -1;
		if (append_data(out, rec) != 0)
			return -1;
	}
	return buf_puts(out, "\n");
}

int
event_append_id(struct buf *out, const struct span *id)
{
	if (append_id_field(out, id) != 0)
		return -1;
	return buf_puts(out, "\n\n");
}

int
event_append_open(struct buf *out, const struct span *id)
{
	if (append_id_field(out, id) != 0 ||
	    buf_puts(out, "\nevent: spoolcast.open\ndata: ") != 0 ||
	    append_span(out, id) != 0)
		return -1;
	return buf_puts(out, "\n\n");
}

int
event_append_gap(struct buf *out, const struct span *id, const char *channel,
    enum gap_reason reason, const char *resumed)
{
	if (append_id_field(out, id) != 0)
		return -1;
	return buf_printf(out,
	    "\nevent: spoolcast.gap\ndata: {\"channel\":\"%s\","
	    "\"reason\":\"%s\",\"resumed\":\"%s\"}\n\n",
	    channel, gap_reason_name(reason), resumed);
}

int
event_append_skipped(struct buf *out, const struct span *id,
    const char *channel, uint64_t size, uint64_t offset)
{
	if (append_id_field(out, id) != 0)
		return -1;
	return buf_printf(out,
	    "\nevent: spoolcast.skipped\ndata: {\"channel\":\"%s\","
	    "\"size\":%" PRIu64 ",\"position\":%" PRIu64 "}\n\n",
	    channel, size, offset);
}

int
event_append_retry(struct buf *out, int64_t ms)
{
	return buf_printf(out, "retry: %" PRId64 "\n\n", ms);
}

int
event_append_padding(struct buf *out, size_t bytes)
{
	if (bytes < 3)
		bytes = 3;
	if (buf_reserve(out, bytes) != 0)
		return -1;
	memset(out->data + out->len, ' ', bytes);
	out->data[out->len] = ':';
	out->len += bytes;
	out->data[out->len - 2] = '\n';
	out->data[out->len - 1] = '\n';
	return 0;
}
