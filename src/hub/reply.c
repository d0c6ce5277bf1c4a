#include "hub/reply.h"
#include "base/log.h"
#include "base/slice.h"
#include "feed/feed_start.h"
#include "format/format.h"
#include "hub/retry.h"

void
reply_send(const struct admission *a)
{
	struct buf whole = { 0 };
	bool has_body = a->request.method != METHOD_HEAD;

	if (response_append(&whole, &a->response, has_body,
		viewer_wire(a->viewer)->head) != 0 ||
	    viewer_answer(a->viewer, &whole) != 0)
		viewer_close(a->viewer);
	buf_free(&whole);
}

void
reply_stream(struct admission *a, const struct span *id)
{
	response_stream(&a->response, a->request.format->type);
	if (id->len > 0)
		response_field(&a->response, "Last-Event-ID",
		    (const char *)id->bytes, id->len);
	/*
	 * RFC 9110 8.4.1 advises against the word, but a proxy that compresses
	 * would wait for more of what is small.
	 */
	if (viewer_hub(a->viewer)->settings->identity)
		response_field(&a->response, "Content-Encoding", "identity", 8);
}

/* Whether a viewer of ${feed} without an id gets a history. */
static bool
wants_history(const struct feed *feed, const struct request *req)
{
	for (size_t i = 0; i < feed->n_members; i++) {
		if (req->has_history ? req->history > 0 :
				       feed->members[i]->settings->history > 0)
			return true;
	}
	return false;
}

/*
 * Append the id of where a stream of ${feed} would begin now.  Return whether
 * that is found at once: two looks at each member are granted, and are enough
 * unless somebody is writing a long line.
 */
static bool
append_now(struct hub *hub, struct feed *feed, const struct request *req,
    struct buf *out)
{
	struct feed_start start;
	struct place *place = NULL;
	bool is_found = false;

	slice_open(
	    turns_slice_us(&hub->turns), NULL, 2 * (unsigned)feed->n_members);
	if (feed_start_begin(&start, feed, req) == 0) {
		place = feed_start_go_on(&start);
		feed_start_end(&start);
	}
	slice_close();
	if (place == NULL)
		return false;
	is_found =
	    feed_id_append(feed, place->cursors, place->n_cursors, out) == 0;
	place_unref(place);
	return is_found;
}

/*
 * A viewer that has no id yet and is let in later is to have lost nothing:
 * append the id of where it would begin.  This is done only where others are on
 * the same feed: then it opens nothing that is not open, and costs little.
 */
static void
find_start(const struct admission *a, struct buf *id)
{
	const struct request *req = &a->request;
	struct hub *hub = viewer_hub(a->viewer);
	struct feed *feed;

	/* With wrong settings, or no folder yet, nobody hears anything. */
	if (hub->conf == NULL || !hub->has_folder || req->mount.is_bad ||
	    hub->mount.is_bad || req->method != METHOD_GET ||
	    req->cursor.len > 0 || req->channels.count == 0)
		return;
	feed = feed_find(&hub->feeds, req,
	    conf_for(hub->conf, (const char *)req->channels.texts.data),
	    flush_get(a->viewer->flush)->collects, viewer_wire(a->viewer));
	if (feed == NULL)
		return;
	if (wants_history(feed, req) || !append_now(hub, feed, req, id))
		id->len = 0;
	feed_unref(feed);
}

/*
 * An EventSource never comes back after anything but a 200 (WHATWG HTML 9.2.3),
 * so it is told in a stream when to.
 */
int
reply_later(struct admission *a, const char *why)
{
	struct hub *hub = viewer_hub(a->viewer);
	/* After a restart there is room again. */
	int64_t retry_ms = retry_jittered(hub->ending.is_draining ?
				   hub->settings->retry_ms :
				   hub->settings->retry_overload_ms,
			       hub->settings->retry_jitter, &hub->rnd) +
	    ending_delay_ms(hub);
	const struct format *format = a->request.format;
	struct buf id = { 0 }, *body = &a->response.body;
	struct span at;

	/* The stream says where it would begin, when to come back, and why. */
	find_start(a, &id);
	at = (struct span){ id.data, id.len };
	reply_stream(a, &at);
	if (format->begin(body, retry_ms) != 0 ||
	    (id.len > 0 && format->open(body, &at) != 0) ||
	    format->comment(body, why) != 0)
		a->response.has_failed = true;
	buf_free(&id);
	return -1;
}

int
reply_refuse(struct admission *a, const char *why)
{
	if (hub_log_peer(viewer_hub(a->viewer)))
		log_msg(LOG_LEVEL_WARN, "event=refused reason=\"%s\"", why);
	return reply_later(a, why);
}
