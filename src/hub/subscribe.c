#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "feed/feed_start.h"
#include "http/spelling.h"
#include "hub/reply.h"
#include "hub/subscribe.h"
#include "spool/mark.h"
#include "stream/event.h"
#include "stream/retry.h"

/* A longer first write makes Caddy's encode hold back all of it. */
#define FIRST_BODY_MAX 400

#define TOO_MANY                                                               \
	"the pattern selects more channels than [limits] "                     \
	"channels_per_stream allows"

/* A search for where a stream begins. */
struct subscription {
	struct request request;
	struct response response;
	const struct settings *settings;
	bool is_incremental;
	struct feed *feed; /* a reference; NULL: not begun yet */
	struct feed_start start;
	uint64_t budget; /* bytes that may be looked through yet */
	bool is_limited; /* by these */
	unsigned tries;	 /* as of slice_tries */
	size_t memory;	 /* what was counted for it */
};

/* How many bytes all of them take. */
static size_t memory;

size_t
subscribe_memory(void)
{
	return memory;
}

/* Append the first body, at most FIRST_BODY_MAX bytes. */
static int
append_first(struct viewer *v, const struct settings *settings,
    const struct span *id, struct buf *body)
{
	const char *comment = viewer_wire(v)->comment;
	size_t retry_end;

	if (event_append_retry(body,
		retry_jittered(settings->retry_ms, settings->retry_jitter,
		    &viewer_hub(v)->rnd)) != 0)
		return -1;
	retry_end = body->len;
	if (event_append_open(body, id) != 0)
		return -1;
	if (comment != NULL && buf_puts(body, comment) != 0)
		return -1;
	/* An id of many channels goes with the second write instead. */
	if (body->len > FIRST_BODY_MAX) {
		body->len = retry_end;
		v->wants_open = true;
	}
	return 0;
}

/* Make header block and first body of a stream at ${place}. */
static int
make_head(struct viewer *v, struct subscription *sub, const struct place *place,
    struct buf *head)
{
	const struct request *req = &sub->request;
	struct response *response = &sub->response;
	struct buf id = { 0 };
	struct span span;
	int rc = -1;

	v->has_lost = feed_id_lacks(place->feed, req);
	if (feed_id_append(
		place->feed, place->cursors, place->n_cursors, &id) != 0)
		goto done;
	span = (struct span){ id.data, id.len };
	/*
	 * A loss is told after the head.  So the head has the client's own id,
	 * and the event for the gap moves it on: if the connection is cut
	 * before that, the loss is told again.
	 */
	if (v->has_lost)
		span = (struct span){ req->cursor.data,
			mark_id_len(
			    (const char *)req->cursor.data, req->cursor.len) };
	reply_stream(v, &span, response);
	if (sub->is_incremental)
		response_field(response, "Incremental", "?1", 2);
	if (append_first(v, place->feed->settings, &span, &response->body) != 0)
		goto done;
	rc = response_append(
	    head, response, req->method != METHOD_HEAD, viewer_wire(v)->head);
done:
	buf_free(&id);
	return rc;
}

/* Let the log know which channels are missing.  Return whether any is. */
static bool
note_missing(struct hub *hub, const struct feed *feed)
{
	bool is_any = false;

	for (size_t i = 0; i < feed->n_members; i++) {
		const struct channel *channel = feed_missing(feed, i);

		if (channel == NULL)
			continue;
		is_any = true;
		hub_lines_missing(hub, channel);
	}
	return is_any;
}

/* Open the stream at ${place}, whose reference is taken. */
static int
stream(struct viewer *v, struct subscription *sub, struct place *place)
{
	const struct request *req = &sub->request;
	struct buf head = { 0 };
	int rc = make_head(v, sub, place, &head);

	if (rc != 0 || req->method == METHOD_HEAD) {
		if (rc == 0)
			rc = viewer_answer(v, &head);
		place_unref(place);
	} else {
		v->padding = (uint32_t)req->padding;
		v->wants_beats = req->wants_beats;
		v->misses_channels = note_missing(viewer_hub(v), place->feed);
		rc = viewer_stream(v, place, &head);
	}
	buf_free(&head);
	return rc;
}

/* The log gets what the system said (errno); that is not for the client. */
static void
refuse_unreadable(struct viewer *v, struct subscription *sub)
{
	if (hub_log_peer(viewer_hub(v)))
		log_errno(LOG_LEVEL_ERROR, "event=cannot-start channel=%s",
		    (const char *)sub->request.channels.texts.data);
	reply_refuse(v, &sub->request,
	    "the spool cannot be read now; the log says more", &sub->response);
}

/* There is no feed for the request of ${sub}; errno says why. */
static void
refuse_feed(struct viewer *v, struct subscription *sub)
{
	if (errno != E2BIG) {
		refuse_unreadable(v, sub);
		return;
	}
	limits_refuse(viewer_hub(v), LIMIT_CHANNELS);
	/* A client that was let in once comes back when they are fewer. */
	if (sub->request.cursor.len > 0)
		reply_later(v, &sub->request, TOO_MANY, &sub->response);
	else
		response_refuse(&sub->response, 400, "%s", TOO_MANY);
}

/* Whether a format is asked for, as other servers have it, and no channel. */
static bool
asks_for_format(const struct request *req, const struct feed *feed)
{
	return req->is_in_path && req->channels.count == 1 &&
	    spelling_is_format((const char *)req->channels.texts.data) &&
	    feed_missing(feed, 0) != NULL;
}

static void
open_stream(struct viewer *v, struct subscription *sub, struct place *place)
{
	struct response *response = &sub->response;

	v->is_short = sub->start.is_short;
	if (feed_is_over(place))
		response_set(response, 204);
	else if (asks_for_format(&sub->request, place->feed))
		spelling_refuse_format(
		    response, (const char *)sub->request.channels.texts.data);
	if (response->status != 0) {
		place_unref(place);
		reply_send(v, &sub->request, response);
	} else if (stream(v, sub, place) != 0) {
		viewer_close(v);
	}
}

/* Begin with the feed.  Return 0 or -1 with errno. */
static int
begin(struct viewer *v, struct subscription *sub)
{
	sub->feed = feed_get(&viewer_hub(v)->feeds, &sub->request,
	    sub->settings, flush_get(v->flush)->collects, viewer_wire(v));
	if (sub->feed == NULL)
		return -1;
	if (feed_start_begin(&sub->start, sub->feed, &sub->request) == 0) {
		sub->memory += feed_start_memory(&sub->start);
		memory += feed_start_memory(&sub->start);
		return 0;
	}
	feed_unref(sub->feed);
	sub->feed = NULL;
	return -1;
}

static void
destroy(struct subscription *sub)
{
	feed_start_end(&sub->start);
	if (sub->feed != NULL)
		feed_unref(sub->feed);
	request_free(&sub->request);
	response_free(&sub->response);
	memory -= sub->memory;
	free(sub);
}

/* Take what was begun away from ${v}, which is to become something else. */
static struct subscription *
take(struct viewer *v)
{
	struct subscription *sub = v->subscription;

	v->subscription = NULL;
	v->state = VIEWER_IDLE;
	viewer_hub(v)->viewers.n_responses--;
	return sub;
}

void
subscribe_drop(struct viewer *v)
{
	destroy(take(v));
}

/*
 * Begin with ${sub} if that was not done, and may be done yet.  Return 0, or -1
 * with its response filled.
 */
static int
begin_if_possible(struct viewer *v, struct subscription *sub)
{
	struct hub *hub = viewer_hub(v);
	enum limit limit;

	/* Much may have changed since the last slice. */
	if (hub->ending.is_draining) {
		reply_refuse(v, &sub->request, REPLY_STOPPING, &sub->response);
		return -1;
	}
	if (sub->feed != NULL)
		return 0;
	/* Viewers that came before it may have taken the room. */
	if ((limit = limits_reached(hub)) != LIMIT_NONE) {
		reply_later(v, &sub->request, limits_refuse(hub, limit),
		    &sub->response);
		return -1;
	}
	if (begin(v, sub) != 0) {
		refuse_feed(v, sub);
		return -1;
	}
	return 0;
}

/* Go on with ${sub}.  Return whether it is through. */
static bool
go_on(struct viewer *v, struct subscription *sub)
{
	struct place *place = NULL;

	if (begin_if_possible(v, sub) == 0) {
		place = feed_start_go_on(&sub->start);
		if (place == NULL && errno == EAGAIN)
			return false;
		/* The rest is short, and is done outside a slice. */
		slice_close();
		if (place == NULL)
			refuse_unreadable(v, sub);
	}
	(void)take(v);
	if (place != NULL)
		open_stream(v, sub, place);
	else
		reply_send(v, &sub->request, &sub->response);
	return true;
}

void
subscribe_go_on(struct viewer *v)
{
	struct subscription *sub = v->subscription;
	struct hub *hub = viewer_hub(v);
	bool is_through;

	slice_open(turns_slice_us(&hub->turns),
	    sub->is_limited ? &sub->budget : NULL, sub->tries);
	is_through = go_on(v, sub);
	sub->tries = slice_tries(sub->tries);
	slice_close();
	if (is_through)
		destroy(sub);
	else
		viewer_queue_search(v);
}

void
subscribe(struct viewer *v, struct request *req,
    const struct settings *settings, bool is_incremental)
{
	struct subscription *sub = calloc(1, sizeof(*sub));

	if (sub == NULL) {
		viewer_close(v);
		return;
	}
	sub->request = *req;
	memset(req, 0, sizeof(*req));
	/* Nobody reads what HEAD would get: it is told the id of now. */
	if (sub->request.method == METHOD_HEAD) {
		sub->request.cursor.len = 0;
		sub->request.has_history = true;
		sub->request.history = 0;
	}
	sub->settings = settings;
	sub->is_incremental = is_incremental;
	sub->budget = viewer_hub(v)->settings->resume_bytes;
	sub->is_limited = sub->budget > 0;
	sub->memory = sizeof(*sub) + request_memory(&sub->request);
	memory += sub->memory;
	v->state = VIEWER_STARTING;
	v->subscription = sub;
	viewer_hub(v)->viewers.n_responses++;
	viewer_queue_search(v);
}
