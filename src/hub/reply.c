#include "hub/reply.h"
#include "base/log.h"
#include "base/slice.h"
#include "feed/feed_start.h"
#include "stream/event.h"
#include "stream/retry.h"

void
reply_send(struct viewer *v, const struct request *req,
    const struct response *response)
{
	struct buf whole = { 0 };

	if (response_append(&whole, response, req->method != METHOD_HEAD,
		viewer_wire(v)->head) != 0 ||
	    viewer_answer(v, &whole) != 0)
		viewer_close(v);
	buf_free(&whole);
}

void
reply_stream(
    const struct viewer *v, const struct span *id, struct response *response)
{
	response_stream(response, "text/event-stream; charset=utf-8");
	if (id->len > 0)
		response_field(response, "Last-Event-ID",
		    (const char *)id->bytes, id->len);
	/*
	 * RFC 9110 8.4.1 advises against the word, but a proxy that compresses
	 * would wait for more of what is small.
	 */
	if (viewer_hub(v)->settings->identity)
		response_field(response, "Content-Encoding", "identity", 8);
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
find_start(struct viewer *v, const struct request *req, struct buf *id)
{
	struct hub *hub = viewer_hub(v);
	struct feed *feed;

	/* With wrong settings, or no folder yet, nobody hears anything. */
	if (hub->conf == NULL || !hub->has_folder || req->mount.is_bad ||
	    hub->mount.is_bad || req->method != METHOD_GET ||
	    req->cursor.len > 0 || req->channels.count == 0)
		return;
	feed = feed_find(&hub->feeds, req,
	    conf_for(hub->conf, (const char *)req->channels.texts.data),
	    flush_get(v->flush)->collects, viewer_wire(v));
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
void
reply_later(struct viewer *v, const struct request *req, const char *why,
    struct response *response)
{
	struct hub *hub = viewer_hub(v);
	/* After a restart there is room again. */
	int64_t retry_ms = retry_jittered(hub->ending.is_draining ?
				   hub->settings->retry_ms :
				   hub->settings->retry_overload_ms,
			       hub->settings->retry_jitter, &hub->rnd) +
	    ending_delay_ms(hub);
	struct buf id = { 0 };
	struct span at;
	int rc;

	/* The stream says where it would begin, when to come back, and why. */
	find_start(v, req, &id);
	at = (struct span){ id.data, id.len };
	reply_stream(v, &at, response);
	rc = event_append_retry(&response->body, retry_ms);
	if (rc == 0 && id.len > 0)
		rc = event_append_open(&response->body, &at);
	if (rc == 0)
		rc = buf_printf(&response->body, ": %s\n", why);
	if (rc != 0)
		response->has_failed = true;
	buf_free(&id);
}

void
reply_refuse(struct viewer *v, const struct request *req, const char *why,
    struct response *response)
{
	if (hub_log_peer(viewer_hub(v)))
		log_msg(LOG_LEVEL_WARN, "event=refused reason=\"%s\"", why);
	reply_later(v, req, why, response);
}
