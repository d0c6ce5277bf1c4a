/*
 * A watcher: a stream that is read as a browser does, out of FastCGI records or
 * chunked HTTP, over as many connections as it takes.  It knows which event has
 * to come next, whatever connection that comes on; what does not fit is counted
 * and told.
 */
#ifndef SPOOLCAST_TESTS_SOAK_WATCHER_H
#define SPOOLCAST_TESTS_SOAK_WATCHER_H

#include "bench/audience.h"
#include "bench/wire_http.h"

/* Longer ids are none (128), nor are lines that say what is wrong. */
#define WATCHER_ID_MAX 128
/* What is wrong is told in full only so often. */
#define WATCHER_TOLD_MAX 20
#define WATCHER_RETRY_MS 3000

struct watcher {
	int fd; /* -1: away */
	bool is_http;
	bool is_stuck;	/* never reads */
	bool is_cut;	/* goes away within what it reads next */
	bool in_head;	/* of the response */
	bool has_begun; /* the stream has said where it starts */
	bool has_ended; /* the response is whole */
	bool is_text;	/* the record that has come in part is */
	uint8_t padding;
	uint8_t frame_len;
	char frame[8];	 /* header of a record or size of a chunk, in part */
	size_t left;	 /* of the record or chunk that has come in part */
	struct buf text; /* the head or block that has come in part */
	uint32_t next;	 /* number of an event; 0: whichever comes */
	uint32_t retry_ms;
	uint64_t opened_ns;
	char id[WATCHER_ID_MAX + 1]; /* of the last event; empty: none */
};

/* What all of them have seen. */
struct seen {
	struct watcher *watchers;
	uint64_t now_ns;
	uint64_t deliveries;
	uint64_t lost;
	uint64_t again; /* doubled, or not in order */
	uint64_t torn;
	uint64_t gaps;	  /* events of a type: all that are not ours */
	uint64_t refused; /* responses that are no stream */
	uint64_t broken;  /* and that have no end */
	uint64_t ends;	  /* by the responder, in good order */
	uint64_t max_us;
	unsigned told;
	struct delays delays; /* of those that were there at the time */
};

/* Count what is wrong, and say so. */
static inline void
watcher_wrong(struct seen *s, const struct watcher *w, uint64_t *count,
    uint64_t by, const char *what)
{
	*count += by;
	if (s->told++ >= WATCHER_TOLD_MAX)
		return;
	fprintf(stderr,
	    "watcher %zu, %s, open for %.3f s, next %u, id %s: %s\n",
	    (size_t)(w - s->watchers), w->is_http ? "HTTP" : "FastCGI",
	    (double)(s->now_ns - w->opened_ns) / 1e9, w->next, w->id, what);
}

static inline void
watcher_event(struct seen *s, struct watcher *w, const char *data, size_t len)
{
	uint32_t number = (uint32_t)strtoul(data, NULL, 10);
	uint64_t ns = strtoull(data + 9, NULL, 10), us;
	char what[64];

	snprintf(what, sizeof(what), "event %u", number);
	if (len != EVENT_BYTES) {
		watcher_wrong(s, w, &s->torn, 1, "an event that is torn");
		return;
	}
	if (number < w->next) {
		watcher_wrong(s, w, &s->again, 1, what);
		return;
	}
	if (w->next != 0 && number > w->next)
		watcher_wrong(s, w, &s->lost, number - w->next, what);
	w->next = number + 1;
	s->deliveries++;
	/* What was published before it came was not late. */
	if (ns < w->opened_ns || ns > s->now_ns)
		return;
	us = (s->now_ns - ns) / 1000;
	delays_add(&s->delays, us);
	if (us > s->max_us)
		s->max_us = us;
}

/* Return what follows ${name} on the line, or NULL. */
static inline const char *
watcher_value(const char *line, const char *end, const char *name)
{
	size_t len = strlen(name);

	return (size_t)(end - line) >= len && memcmp(line, name, len) == 0 ?
	    line + len :
	    NULL;
}

/* Whether the event of this type says only where we are. */
static inline bool
watcher_is_cursor(const char *type, const char *end)
{
	return watcher_value(type, end, "spoolcast.open\n") != NULL ||
	    watcher_value(type, end, "spoolcast.at\n") != NULL;
}

/* A block, whose last line ends at ${end}; or what follows the last one. */
static inline void
watcher_block(
    struct seen *s, struct watcher *w, const char *line, const char *end)
{
	const char *line_end, *value, *id = NULL;
	size_t id_len = 0;
	char what[128];

	for (; line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (size_t)(end - line));
		value = watcher_value(line, line_end, "data: ");
		if (value != NULL) {
			watcher_event(s, w, value, (size_t)(line_end - value));
			continue;
		}
		if ((value = watcher_value(line, line_end, "id: ")) != NULL) {
			id = value;
			id_len = (size_t)(line_end - value);
		} else if ((value = watcher_value(line, line_end, "retry: ")) !=
		    NULL) {
			w->retry_ms = (uint32_t)strtoul(value, NULL, 10);
		} else if ((value = watcher_value(line, line_end, "event: ")) !=
			NULL &&
		    !watcher_is_cursor(value, end)) {
			snprintf(what, sizeof(what), "%.*s", (int)(end - line),
			    line);
			watcher_wrong(s, w, &s->gaps, 1, what);
		}
	}
	if (id == NULL || id_len > WATCHER_ID_MAX)
		return;
	memcpy(w->id, id, id_len);
	w->id[id_len] = '\0';
	w->has_begun = true;
}

/* Read the whole blocks among ${len} bytes; return how long they are. */
static inline size_t
watcher_blocks(struct seen *s, struct watcher *w, const char *text, size_t len)
{
	const char *at = text, *end;

	while (
	    (end = memmem(at, len - (size_t)(at - text), "\n\n", 2)) != NULL) {
		watcher_block(s, w, at, end + 1);
		at = end + 2;
	}
	return (size_t)(at - text);
}

/* Read the whole lines behind the last block. */
static inline void
watcher_rest(struct seen *s, struct watcher *w)
{
	const char *text = (const char *)w->text.data, *end;

	end = w->text.len == 0 ? NULL : memrchr(text, '\n', w->text.len);
	if (end != NULL)
		watcher_block(s, w, text, end + 1);
}

/* Return how many of ${len} bytes belong to the head. */
static inline size_t
watcher_head(
    struct seen *s, struct watcher *w, const uint8_t *bytes, size_t len)
{
	static const char *const right[] = { "Status: 200 ", "HTTP/1.1 200 " };
	size_t had = w->text.len;
	const uint8_t *end;

	peer_put(&w->text, bytes, len);
	end = memmem(w->text.data, w->text.len, "\r\n\r\n", 4);
	if (end == NULL)
		return len;
	if (strncmp((const char *)w->text.data, right[w->is_http],
		strlen(right[w->is_http])) != 0)
		watcher_wrong(s, w, &s->refused, 1, "no stream");
	w->in_head = false;
	w->text.len = 0;
	return (size_t)(end + 4 - w->text.data) - had;
}

/* Bytes of the stream, which may begin and end anywhere. */
static inline void
watcher_text(
    struct seen *s, struct watcher *w, const uint8_t *bytes, size_t len)
{
	size_t used;

	if (w->in_head) {
		used = watcher_head(s, w, bytes, len);
		bytes += used;
		len -= used;
	}
	if (len == 0)
		return;
	if (w->text.len == 0) {
		used = watcher_blocks(s, w, (const char *)bytes, len);
		peer_put(&w->text, bytes + used, len - used);
		return;
	}
	peer_put(&w->text, bytes, len);
	used = watcher_blocks(s, w, (const char *)w->text.data, w->text.len);
	buf_consume(&w->text, used);
}

/* A byte of the header of a FastCGI record. */
static inline void
watcher_record(struct watcher *w, uint8_t byte)
{
	const uint8_t *h = (const uint8_t *)w->frame;

	w->frame[w->frame_len++] = (char)byte;
	if (w->frame_len < FCGI_HEADER_LEN)
		return;
	w->frame_len = 0;
	w->left = (size_t)(h[4] << 8 | h[5]);
	w->padding = h[6];
	w->is_text = h[1] == FCGI_STDOUT;
	if (h[1] == FCGI_END_REQUEST)
		w->has_ended = true;
}

/* A byte of the line with the size of a chunk, or of the line before it. */
static inline void
watcher_chunk(struct watcher *w, uint8_t byte)
{
	if (byte != '\n') {
		if (byte != '\r' && w->frame_len < sizeof(w->frame) - 1)
			w->frame[w->frame_len++] = (char)byte;
		return;
	}
	if (w->frame_len == 0)
		return;
	w->frame[w->frame_len] = '\0';
	w->frame_len = 0;
	w->left = strtoul(w->frame, NULL, 16);
	w->is_text = true;
	if (w->left == 0)
		w->has_ended = true;
}

/* Bytes from the connection of ${w}. */
static inline void
watcher_bytes(
    struct seen *s, struct watcher *w, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;
	size_t n;

	/* HTTP has no chunks before the end of the head. */
	if (w->is_http && w->in_head)
		bytes += watcher_head(s, w, bytes, len);
	while (bytes < end) {
		n = (size_t)(end - bytes);
		if (w->left > 0) {
			n = n < w->left ? n : w->left;
			if (w->is_text)
				watcher_text(s, w, bytes, n);
			w->left -= n;
			bytes += n;
		} else if (w->padding > 0) {
			n = n < w->padding ? n : w->padding;
			w->padding = (uint8_t)(w->padding - n);
			bytes += n;
		} else if (w->is_http) {
			watcher_chunk(w, *bytes++);
		} else {
			watcher_record(w, *bytes++);
		}
	}
}

/* Ask on the new connection ${fd}, as a browser does that comes back. */
static inline void
watcher_open(struct seen *s, struct watcher *w, int fd)
{
	const char *id = w->id[0] != '\0' ? w->id : NULL;

	w->fd = fd;
	w->is_cut = w->has_begun = w->has_ended = false;
	w->in_head = true;
	w->padding = w->frame_len = 0;
	w->left = w->text.len = 0;
	w->opened_ns = s->now_ns;
	if (w->is_http)
		wire_http_ask(fd, "/events/news", id);
	else
		wire_fcgi_ask(fd, "/events/news", id);
}

/* The connection is over; ${is_ours}: we wanted that. */
static inline void
watcher_close(struct seen *s, struct watcher *w, bool is_ours)
{
	close(w->fd);
	if (w->has_ended) {
		s->ends++;
		/* A hint is in no block. */
		watcher_rest(s, w);
	}
	if (w->has_ended && !w->has_begun)
		watcher_wrong(s, w, &s->refused, 1, "turned away");
	else if (!w->has_ended && !is_ours)
		watcher_wrong(s, w, &s->broken, 1, "cut off");
	w->fd = -1;
	buf_free(&w->text);
}

#endif
