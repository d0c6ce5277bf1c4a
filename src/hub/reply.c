#include "hub/reply.h"
#include "base/log.h"
#include "base/slice.h"
#include "feed/feed_start.h"
#include "stream/event.h"
#include "stream/retry.h"

void
reply_answer(struct viewer *v, const struct request *req, struct answer *answer)
{
	struct buf whole = { 0 };

	if (answer_append(&whole, answer, req->method != METHOD_HEAD,
		viewer_wire(v)->head) != 0 ||
	    viewer_answer(v, &whole) != 0)
		viewer_close(v);
	buf_free(&whole);
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
 * Refuse for now.  An EventSource never comes back after anything but a 200
 * (WHATWG HTML 9.2.3), so it is told in a stream when to.
 */
void
reply_later(struct viewer *v, const struct request *req, const char *why)
{
	struct hub *hub = viewer_hub(v);
	/* After a restart there is room again. */
	int64_t retry_ms = retry_jittered(hub->ending.is_draining ?
				   hub->settings->retry_ms :
				   hub->settings->retry_overload_ms,
			       hub->settings->retry_jitter, &hub->rnd) +
	    ending_delay_ms(hub);
	struct buf whole = { 0 }, id = { 0 };
	struct span at;
	int rc;

	/* The stream says where it would begin, when to come back, and why. */
	find_start(v, req, &id);
	at = (struct span){ id.data, id.len };
	rc = answer_append_stream(&whole, (const char *)id.data, id.len,
	    hub->settings->identity ? ANSWER_IDENTITY : 0,
	    viewer_wire(v)->head);
	if (rc == 0 && req->method != METHOD_HEAD)
		rc = event_append_retry(&whole, retry_ms);
	if (rc == 0 && id.len > 0)
		rc = event_append_open(&whole, &at);
	if (rc == 0 && req->method != METHOD_HEAD)
		rc = buf_printf(&whole, ": %s\n", why);
	if (rc != 0 || viewer_answer(v, &whole) != 0)
		viewer_close(v);
	buf_free(&whole);
	buf_free(&id);
}

void
reply_refuse(struct viewer *v, const struct request *req, const char *why)
{
	if (hub_log_peer(viewer_hub(v)))
		log_msg(LOG_LEVEL_WARN, "event=refused reason=\"%s\"", why);
	reply_later(v, req, why);
}
