#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "feed/feed_start.h"
#include "format/format.h"
#include "http/spelling.h"
#include "hub/reply.h"
#include "hub/retry.h"
#include "hub/subscribe.h"
#include "spool/mark.h"

/* A longer first write makes Caddy's encode hold back all of it. */
#define FIRST_BODY_MAX 400

#define TOO_MANY                                                               \
	"the pattern selects more channels than [limits] "                     \
	"channels_per_stream allows"

/* A search for where a stream begins. */
struct subscription {
	struct admission admission;
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

/* Append the first body, at most FIRST_BODY_MAX bytes, of a stream at ${id}. */
static int
append_first(
    struct admission *a, const struct settings *settings, const struct span *id)
{
	const struct format *format = a->request.format;
	const char *comment = viewer_wire(a->viewer)->comment;
	struct hub *hub = viewer_hub(a->viewer);
	struct buf *body = &a->response.body;
	size_t begin_len;

	if (format->begin(body,
		retry_jittered(settings->retry_ms, settings->retry_jitter,
		    &hub->rnd)) != 0)
		return -1;
	begin_len = body->len;
	if (format->open(body, id) != 0)
		return -1;
	if (comment != NULL && format->comment(body, comment) != 0)
		return -1;
	/* An id of many channels goes with the second write instead. */
	if (body->len > FIRST_BODY_MAX) {
		body->len = begin_len;
		a->viewer->wants_open = true;
	}
	return 0;
}

/* Make header block and first body of the stream of ${a} at ${place}. */
static int
make_head(struct admission *a, const struct place *place, struct buf *head)
{
	const struct request *req = &a->request;
	struct viewer *v = a->viewer;
	struct buf *id = &viewer_hub(v)->id;
	struct span span;

	v->has_lost = feed_id_lacks(place->feed, req);
	id->len = 0;
	if (feed_id_append(place->feed, place->cursors, place->n_cursors, id) !=
	    0)
		return -1;
	span = (struct span){ id->data, id->len };
	/*
	 * A loss is told after the head.  So the head has the client's own id,
	 * and the event for the gap moves it on: if the connection is cut
	 * before that, the loss is told again.
	 */
	if (v->has_lost)
		span = (struct span){ req->cursor.data,
			mark_id_len(
			    (const char *)req->cursor.data, req->cursor.len) };
	reply_stream(a, &span);
	if (a->is_incremental)
		response_field(&a->response, "Incremental", "?1", 2);
	if (append_first(a, place->feed->settings, &span) != 0)
		return -1;
	return response_append(head, &a->response, req->method != METHOD_HEAD,
	    viewer_wire(v)->head);
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

/* Open the stream of ${a} at ${place}, whose reference is taken. */
static int
stream(struct admission *a, struct place *place)
{
	const struct request *req = &a->request;
	struct viewer *v = a->viewer;
	struct buf *head = &viewer_hub(v)->text;
	int rc;

	head->len = 0;
	rc = make_head(a, place, head);
	if (rc != 0 || req->method == METHOD_HEAD) {
		if (rc == 0)
			rc = viewer_answer(v, head);
		place_unref(place);
	} else {
		v->padding = (uint32_t)req->padding;
		v->wants_beats = req->wants_beats;
		v->misses_channels = note_missing(viewer_hub(v), place->feed);
		rc = viewer_stream(v, place, head);
	}
	return rc;
}

/* The log gets what the system said (errno); that is not for the client. */
static int
refuse_unreadable(struct admission *a)
{
	if (hub_log_peer(viewer_hub(a->viewer)))
		log_errno(LOG_LEVEL_ERROR, "event=cannot-start channel=%s",
		    (const char *)a->request.channels.texts.data);
	return reply_refuse(
	    a, "the spool cannot be read now; the log says more");
}

/* There is no feed for the request of ${a}; errno says why. */
static int
refuse_feed(struct admission *a)
{
	if (errno != E2BIG)
		return refuse_unreadable(a);
	limits_refuse(viewer_hub(a->viewer), LIMIT_CHANNELS);
	/* A client that was let in once comes back when they are fewer. */
	if (a->request.cursor.len > 0)
		return reply_later(a, TOO_MANY);
	return response_refuse(&a->response, 400, "%s", TOO_MANY);
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
open_stream(struct subscription *sub, struct place *place)
{
	struct admission *a = &sub->admission;

	a->viewer->is_short = sub->start.is_short;
	if (feed_is_over(place))
		response_set(&a->response, 204);
	else if (asks_for_format(&a->request, place->feed))
		spelling_refuse_format(
		    &a->response, (const char *)a->request.channels.texts.data);
	if (a->response.status != 0) {
		place_unref(place);
		reply_send(a);
	} else if (stream(a, place) != 0) {
		viewer_close(a->viewer);
	}
}

/* Begin with the feed.  Return 0 or -1 with errno. */
static int
begin(struct subscription *sub)
{
	const struct admission *a = &sub->admission;

	sub->feed =
	    feed_get(&viewer_hub(a->viewer)->feeds, &a->request, a->settings,
		flush_get(a->viewer->flush)->collects, viewer_wire(a->viewer));
	if (sub->feed == NULL)
		return -1;
	if (feed_start_begin(&sub->start, sub->feed, &a->request) == 0) {
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
	admit_free(&sub->admission);
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
begin_if_possible(struct subscription *sub)
{
	struct admission *a = &sub->admission;
	struct hub *hub = viewer_hub(a->viewer);
	enum limit limit;

	/* Much may have changed since the last slice. */
	if (hub->ending.is_draining)
		return reply_refuse(a, REPLY_STOPPING);
	if (sub->feed != NULL)
		return 0;
	/* Viewers that came before it may have taken the room. */
	if ((limit = limits_reached(hub)) != LIMIT_NONE)
		return reply_later(a, limits_refuse(hub, limit));
	return begin(sub) == 0 ? 0 : refuse_feed(a);
}

/* Search for a slice, and count the memory that this may take. */
static struct place *
search(struct subscription *sub)
{
	const size_t had = feed_start_memory(&sub->start);
	struct place *place = feed_start_go_on(&sub->start);
	const size_t more = feed_start_memory(&sub->start) - had;

	sub->memory += more;
	memory += more;
	return place;
}

/* Go on with ${sub}.  Return whether it is through. */
static bool
go_on(struct subscription *sub)
{
	struct admission *a = &sub->admission;
	struct place *place = NULL;

	if (begin_if_possible(sub) == 0) {
		place = search(sub);
		if (place == NULL && errno == EAGAIN)
			return false;
		/* The rest is short, and is done outside a slice. */
		slice_close();
		if (place == NULL)
			(void)refuse_unreadable(a);
	}
	(void)take(a->viewer);
	if (place != NULL)
		open_stream(sub, place);
	else
		reply_send(a);
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
	is_through = go_on(sub);
	sub->tries = slice_tries(sub->tries);
	slice_close();
	if (is_through)
		destroy(sub);
	else
		viewer_queue_search(v);
}

void
subscribe(struct admission *a)
{
	struct subscription *sub = calloc(1, sizeof(*sub));
	struct viewer *v = a->viewer;
	struct request *req;

	if (sub == NULL) {
		viewer_close(v);
		return;
	}
	sub->admission = *a;
	memset(a, 0, sizeof(*a));
	/* The variables are not there any more when the search goes on. */
	sub->admission.vars = NULL;
	req = &sub->admission.request;
	/* Nobody reads what HEAD would get: it is told the id of now. */
	if (req->method == METHOD_HEAD) {
		req->cursor.len = 0;
		req->has_history = true;
		req->history = 0;
	}
	sub->budget = viewer_hub(v)->settings->resume_bytes;
	sub->is_limited = sub->budget > 0;
	sub->memory = sizeof(*sub) + request_memory(req) +
	    response_memory(&sub->admission.response);
	memory += sub->memory;
	v->state = VIEWER_STARTING;
	v->subscription = sub;
	viewer_hub(v)->viewers.n_responses++;
	viewer_queue_search(v);
}
