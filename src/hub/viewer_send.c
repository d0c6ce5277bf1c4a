/* What viewers are sent besides the batches of their feed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "feed/feed_id.h"
#include "format/format.h"
#include "hub/retry.h"
#include "hub/viewer_send.h"

/* Over how many seconds viewers that poll are spread at most. */
#define POLLS_SPREAD_S 60

/* What a client is told if its history is shorter than it asked for. */
#define SHORT_COMMENT                                                          \
	"the history begins later than asked: [limits] resume_bytes"

/* How long after the time that it was told a browser is surely back. */
#define BACK_MS 1000

/* The format of the stream of ${v}. */
static const struct format *
format_of(const struct viewer *v)
{
	return v->place->feed->format;
}

struct batch *
viewer_readdress(struct viewer *v, struct batch *batch)
{
	struct batch *copy;

	if (conn_is_usual(&v->conn))
		return batch;
	if ((copy = batch_copy(batch)) != NULL)
		conn_readdress(&v->conn, copy->bytes, copy->len);
	batch_unref(batch);
	return copy;
}

/* Fill the hub's frames with ${text}, framed by ${frame}, one of the wire's. */
static int
fill_frames(struct viewer *v, const struct buf *text,
    int (*frame)(struct buf *out, const uint8_t *bytes, size_t len))
{
	struct buf *frames = &viewer_hub(v)->frames;

	frames->len = 0;
	return frame(frames, text->data, text->len);
}

/* Let the hub's frames be what is sent next; they move nobody. */
static int
send_frames(struct viewer *v)
{
	const struct buf *frames = &viewer_hub(v)->frames;

	v->batch = batch_new(frames->data, frames->len, NULL);
	v->sent = 0;
	if (v->batch == NULL)
		return -1;
	conn_readdress(&v->conn, v->batch->bytes, v->batch->len);
	return 0;
}

/* Send them, and the end of the response. */
static int
send_last_frames(struct viewer *v)
{
	if (viewer_wire(v)->frame_end(&viewer_hub(v)->frames) != 0 ||
	    send_frames(v) != 0)
		return -1;
	v->state = VIEWER_ENDING;
	return 0;
}

int
viewer_send_text(struct viewer *v, const struct buf *text)
{
	if (fill_frames(v, text, viewer_wire(v)->frame) != 0)
		return -1;
	return send_frames(v);
}

int
viewer_send_head(struct viewer *v, const struct buf *head)
{
	if (fill_frames(v, head, viewer_wire(v)->frame_head) != 0)
		return -1;
	return send_frames(v);
}

int
viewer_send_whole(struct viewer *v, const struct buf *whole)
{
	if (fill_frames(v, whole, viewer_wire(v)->frame_head) != 0)
		return -1;
	return send_last_frames(v);
}

static struct span
place_id(const struct viewer *v)
{
	struct buf *id = &viewer_hub(v)->id;
	struct span span = { NULL, 0 };

	id->len = 0;
	if (feed_id_append(v->place->feed, v->place->cursors,
		v->place->n_cursors, id) == 0) {
		span.bytes = id->data;
		span.len = id->len;
	}
	return span;
}

/*
 * Append the event that brings the client's cursor to where the stream is, if
 * it is not there, or the opening event, if that was too long for the first
 * body.
 */
static int
append_id_if_behind(struct viewer *v, struct buf *out)
{
	struct span id;

	if (!v->is_behind && !v->wants_open)
		return 0;
	id = place_id(v);
	if (id.bytes == NULL ||
	    (v->wants_open ? format_of(v)->open(out, &id) :
			     format_of(v)->moved(out, &id)) != 0)
		return -1;
	v->is_behind = v->wants_open = false;
	return 0;
}

/* Tell that a channel of a pattern is gone with what was unseen in it. */
static int
append_loss(struct viewer *v, struct buf *out)
{
	const struct feed *feed = v->place->feed;
	struct span id = place_id(v);

	if (id.bytes == NULL)
		return -1;
	v->has_lost = v->is_behind = false;
	return feed->format->gap(out, &id,
	    (const char *)feed->patterns.texts.data, GAP_EXPIRED, "oldest");
}

/* Append what is owed before anything else: a loss, then the place. */
static int
append_owed(struct viewer *v, struct buf *out)
{
	if (v->has_lost && append_loss(v, out) != 0)
		return -1;
	return append_id_if_behind(v, out);
}

/* Tell which of the channels that were named are not there. */
static int
append_missing(const struct feed *feed, struct buf *out)
{
	char text[NAME_MAX_LEN + 32];

	for (size_t i = 0; i < feed->n_members; i++) {
		const struct channel *channel = feed_missing(feed, i);

		if (channel == NULL)
			continue;
		snprintf(
		    text, sizeof(text), "no channel \"%s\" yet", channel->name);
		if (feed->format->comment(out, text) != 0)
			return -1;
	}
	return 0;
}

/* Whether the response ends because of its events. */
static bool
is_closing(const struct viewer *v)
{
	return flush_get(v->flush)->closes || v->was_closed;
}

/* When the client would be asked back if there were no others. */
static int64_t
own_retry_ms(struct viewer *v)
{
	const struct settings *settings = viewer_settings(v);
	struct hub *hub = viewer_hub(v);
	int64_t base_ms = settings->retry_ms;

	/* What a publisher wrote is passed on as it is. */
	if (v->own_retry_ms >= 0)
		return v->own_retry_ms;
	if (is_closing(v) && !hub->ending.is_draining) {
		base_ms = settings->close_retry_ms;
		/* Nothing is gained by asking an empty channel more often. */
		if (viewer_hold_ms(v) == 0 && !v->has_events)
			return settings->poll_retry_ms +
			    retry_above(settings->poll_retry_ms,
				settings->retry_jitter, &hub->rnd);
		if (v->is_over_budget)
			base_ms = settings->poll_retry_ms;
	}
	return retry_jittered(base_ms, settings->retry_jitter, &hub->rnd);
}

/* How much longer the client has to wait because others come back, too. */
static int64_t
spread_ms(struct viewer *v)
{
	struct hub *hub = viewer_hub(v);
	uint64_t rate = budget_rate(hub, viewer_settings(v)->reconnect_rate);
	uint64_t load;

	/* All processes are stopped together, each with one stream. */
	if (hub->ending.is_draining && !hub->policy->holds_many) {
		load = budget_load(hub);
		return rnd_between(&hub->rnd, 0, (int64_t)(load * 1000 / rate));
	}
	/* Viewers that poll are not held, so nobody counts them. */
	if (v->is_over_budget)
		return retry_book(
		    &hub->polls, clock_mono_ms(), rate, rate * POLLS_SPREAD_S);
	return retry_book(
	    &hub->book, clock_mono_ms(), rate, hub->budget.n_streams);
}

/* Remember until when clients that are asked back soon are back (ending.h). */
static void
note_return(struct viewer *v, int64_t retry_ms)
{
	int64_t back_ms = clock_mono_ms() + retry_ms + BACK_MS;

	if (is_closing(v))
		ending_note_return(viewer_hub(v), back_ms);
}

int
viewer_send_end(struct viewer *v)
{
	struct buf *text = &viewer_hub(v)->text;
	int64_t retry_ms =
	    own_retry_ms(v) + spread_ms(v) + ending_delay_ms(viewer_hub(v));

	text->len = 0;
	if (!viewer_hub(v)->ending.is_draining)
		note_return(v, retry_ms);
	v->must_end = true;
	if (append_owed(v, text) != 0 || format_of(v)->end(text, retry_ms) != 0)
		return -1;
	if (fill_frames(v, text, viewer_wire(v)->frame) != 0)
		return -1;
	return send_last_frames(v);
}

int
viewer_send_second(struct viewer *v)
{
	struct buf *text = &viewer_hub(v)->text;

	text->len = 0;
	if (append_owed(v, text) != 0)
		return -1;
	if (v->is_short && format_of(v)->comment(text, SHORT_COMMENT) != 0)
		return -1;
	if (v->misses_channels && append_missing(v->place->feed, text) != 0)
		return -1;
	if (v->padding > 0 && format_of(v)->padding(text, v->padding) != 0)
		return -1;
	v->padding = 0;
	v->wants_second = v->is_short = v->misses_channels = false;
	if (viewer_send_text(v, text) != 0)
		return -1;
	viewer_add_padding(v);
	return 0;
}

/* What is sent again and again. */
enum standing_text {
	STANDING_HEARTBEAT,
	STANDING_BEAT,	  /* for viewers that want to see it */
	STANDING_PADDING, /* one of each size that settings ask for */
};

/* One of these, in a format and framed for a wire, shared by all viewers. */
struct standing {
	struct list node; /* in hub->standing */
	const struct format *format;
	const struct wire *wire;
	enum standing_text what;
	size_t len; /* of a padding, else 0 */
	struct batch *batch;
};

static int
append_standing(struct buf *out, const struct format *format,
    enum standing_text what, size_t len)
{
	if (what == STANDING_PADDING)
		return format->padding(out, len);
	return format->beat(out, what == STANDING_BEAT);
}

static struct batch *
make_standing(struct viewer *v, enum standing_text what, size_t len)
{
	struct hub *hub = viewer_hub(v);
	struct standing *standing;

	hub->text.len = hub->frames.len = 0;
	if (append_standing(&hub->text, format_of(v), what, len) != 0 ||
	    viewer_wire(v)->frame(
		&hub->frames, hub->text.data, hub->text.len) != 0)
		return NULL;
	if ((standing = calloc(1, sizeof(*standing))) == NULL)
		return NULL;
	standing->format = format_of(v);
	standing->wire = viewer_wire(v);
	standing->what = what;
	standing->len = len;
	standing->batch = batch_new(hub->frames.data, hub->frames.len, NULL);
	if (standing->batch == NULL) {
		free(standing);
		return NULL;
	}
	list_init(&standing->node);
	list_push(&hub->standing, &standing->node);
	return standing->batch;
}

void
viewer_free_standing(struct hub *hub)
{
	LIST_EACH_SAFE (node, after, &hub->standing) {
		struct standing *standing =
		    LIST_OF(node, struct standing, node);

		list_remove(node);
		batch_unref(standing->batch);
		free(standing);
	}
}

/*
 * Return what is sent again and again as ${v} is to get it (a reference); it is
 * kept: settings tell how many sizes there can be.  NULL with ENOMEM.
 */
static struct batch *
get_standing(struct viewer *v, enum standing_text what, size_t len)
{
	struct hub *hub = viewer_hub(v);
	const struct format *format = format_of(v);
	const struct wire *wire = viewer_wire(v);
	struct batch *batch = NULL;

	LIST_EACH (node, &hub->standing) {
		struct standing *standing =
		    LIST_OF(node, struct standing, node);

		if (standing->format == format && standing->wire == wire &&
		    standing->what == what && standing->len == len)
			batch = standing->batch;
	}
	if (batch == NULL && (batch = make_standing(v, what, len)) == NULL)
		return NULL;
	return viewer_readdress(v, batch_ref(batch));
}

struct batch *
viewer_padding(struct viewer *v)
{
	return get_standing(
	    v, STANDING_PADDING, (size_t)viewer_settings(v)->pad);
}

int
viewer_send_padding(struct viewer *v)
{
	v->is_padding = true;
	v->batch = viewer_padding(v);
	v->sent = 0;
	return v->batch == NULL ? -1 : 0;
}

void
viewer_add_padding(struct viewer *v)
{
	v->has_tail = flush_get(v->flush)->pads;
}

int
viewer_send_beat(struct viewer *v)
{
	struct buf *text = &viewer_hub(v)->text;

	/* All viewers share one heartbeat if it has nothing to add. */
	if (!v->is_behind) {
		v->batch = get_standing(
		    v, v->wants_beats ? STANDING_BEAT : STANDING_HEARTBEAT, 0);
		v->sent = 0;
	} else {
		text->len = 0;
		if (v->wants_beats && format_of(v)->beat(text, true) != 0)
			return -1;
		if (append_id_if_behind(v, text) != 0 ||
		    viewer_send_text(v, text) != 0)
			return -1;
	}
	viewer_add_padding(v);
	return v->batch == NULL ? -1 : 0;
}
