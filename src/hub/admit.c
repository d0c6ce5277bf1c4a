/* What becomes of a request: a stream, an answer, or a word when to retry. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/front.h"
#include "hub/feed.h"
#include "hub/viewer.h"
#include "stream/event.h"
#include "stream/retry.h"

/* More in the first write makes Caddy's encode hold back all of it. */
#define FIRST_BODY_MAX 400

/*
 * Where Apache has mod_deflate in the way, it waits for 69 bytes of the body of
 * a CGI program before it finds that it is not to compress them.
 */
#define CGI_COMMENT                                                            \
	": server-sent events, as in https://html.spec.whatwg.org/\n\n"

static void
answer(struct viewer *v, const struct request *req, struct answer *answer)
{
	struct buf whole = { 0 };

	if (answer_append(&whole, answer, req->method != METHOD_HEAD) != 0 ||
	    viewer_answer(v, &whole) != 0)
		viewer_close(v);
	buf_free(&whole);
}

/*
 * Refuse for now.  An EventSource never comes back after anything but a 200
 * (WHATWG HTML 9.2.3), so it is told in a stream when to.
 */
static void
send_away(struct viewer *v, const struct request *req, const char *why)
{
	struct hub *hub = viewer_hub(v);
	/* After a restart there is room again. */
	int64_t retry_ms =
	    retry_jittered(hub->is_draining ? hub->settings->retry_ms :
					      hub->settings->retry_overload_ms,
		hub->settings->retry_jitter, &hub->rnd) +
	    hub_end_delay(hub);
	struct answer busy = { 0 };
	struct buf whole = { 0 };

	if (!req->is_eventsource) {
		busy.retry_after_s = (retry_ms + 999) / 1000;
		answer_set(&busy, 503, "%s", why);
		answer(v, req, &busy);
		return;
	}
	if (answer_append_stream(&whole, NULL, 0, false) != 0 ||
	    (req->method != METHOD_HEAD &&
		buf_printf(&whole, "retry: %" PRId64 "\n: %s\n\n", retry_ms,
		    why) != 0) ||
	    viewer_answer(v, &whole) != 0)
		viewer_close(v);
	buf_free(&whole);
}

static void
refuse(struct viewer *v, const struct request *req, const char *why)
{
	if (log_allow(&viewer_hub(v)->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN, "event=refused reason=\"%s\"", why);
	send_away(v, req, why);
}

/* Whether all named channels may be had; if not, ${no} says why. */
static bool
may_listen(struct hub *hub, const struct request *req, struct answer *no)
{
	if (req->channels.count > hub->settings->channels_per_stream) {
		limits_refuse(hub, LIMIT_CHANNELS);
		answer_set(no, 400,
		    "too many channels: %zu asked for, [limits] "
		    "channels_per_stream allows %" PRIu64,
		    req->channels.count, hub->settings->channels_per_stream);
		return false;
	}
	TEXT_LIST_EACH (name, &req->channels) {
		if (name_is_pattern(name, strlen(name)) ||
		    name_in_list(hub->settings->channels, name))
			continue;
		answer_set(no, 404,
		    "no channel \"%s\" here: [access] channels does not "
		    "list it",
		    name);
		return false;
	}
	return true;
}

/* Append the first body, at most FIRST_BODY_MAX bytes. */
static int
append_first(struct viewer *v, const struct settings *settings,
    const struct span *id, struct buf *head)
{
	size_t start = head->len, retry_end;

	if (event_append_retry(head,
		retry_jittered(settings->retry_ms, settings->retry_jitter,
		    &viewer_hub(v)->rnd)) != 0)
		return -1;
	retry_end = head->len;
	if (event_append_id(head, id) != 0)
		return -1;
	if (viewer_hub(v)->owner.kind == &conn_cgi &&
	    buf_puts(head, CGI_COMMENT) != 0)
		return -1;
	/*
	 * An id of many channels goes with the second write instead, and so
	 * does one that passes over a loss: they are told together.
	 */
	if (head->len - start > FIRST_BODY_MAX || v->has_lost) {
		head->len = retry_end;
		v->is_behind = true;
	}
	return 0;
}

/* Header block and first body, for a stream at ${place}. */
static int
make_head(struct viewer *v, const struct request *req,
    const struct place *place, bool is_incremental, struct buf *head)
{
	struct buf id = { 0 };
	struct span span;
	int rc = -1;

	if (feed_append_id(
		place->feed, place->cursors, place->n_cursors, &id) != 0)
		goto done;
	if (answer_append_stream(
		head, (const char *)id.data, id.len, is_incremental) != 0)
		goto done;
	span.bytes = id.data;
	span.len = id.len;
	v->has_lost = feed_lacks(place->feed, req);
	rc = 0;
	if (req->method != METHOD_HEAD)
		rc = append_first(v, place->feed->settings, &span, head);
done:
	buf_free(&id);
	return rc;
}

/* Open the stream at ${place}, whose reference is taken. */
static int
stream(struct viewer *v, const struct request *req, struct place *place,
    bool is_incremental)
{
	struct buf head = { 0 };
	int rc = make_head(v, req, place, is_incremental, &head);

	if (rc != 0 || req->method == METHOD_HEAD) {
		if (rc == 0)
			rc = viewer_answer(v, &head);
		place_unref(place);
	} else {
		v->padding = (uint32_t)req->padding;
		v->wants_open = req->wants_open;
		rc = viewer_stream(v, place, &head);
	}
	buf_free(&head);
	return rc;
}

/* What the system said (errno) goes to the log; it is not the client's. */
static void
refuse_unreadable(struct viewer *v, const struct request *req)
{
	if (log_allow(&viewer_hub(v)->quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR, "event=cannot-start channel=%s",
		    (const char *)req->channels.texts.data);
	refuse(v, req, "the spool cannot be read now; the log says more");
}

static void
subscribe(struct viewer *v, const struct request *req,
    const struct settings *settings, bool is_incremental)
{
	struct hub *hub = viewer_hub(v);
	struct answer no = { 0 };
	struct place *place;
	struct feed *feed =
	    feed_get(hub, req, settings, flush_get(v->flush)->collects);

	if (feed == NULL) {
		if (errno != E2BIG) {
			refuse_unreadable(v, req);
			return;
		}
		answer_set(&no, 400,
		    "the pattern selects more channels than [limits] "
		    "channels_per_stream allows");
		limits_refuse(hub, LIMIT_CHANNELS);
		/* Who was let in once comes back when there are fewer. */
		if (req->cursor.len > 0)
			send_away(v, req, no.text);
		else
			answer(v, req, &no);
		return;
	}
	place = feed_start(feed, req);
	feed_unref(feed);
	if (place == NULL) {
		refuse_unreadable(v, req);
	} else if (feed_is_over(place)) {
		place_unref(place);
		answer_set(&no, 204, "%s", "");
		answer(v, req, &no);
	} else if (stream(v, req, place, is_incremental) != 0) {
		viewer_close(v);
	}
}

/* Say once how events are written, and what would make it better. */
static void
tell_flush(const struct viewer *v, enum gateway gateway, const char *software,
    size_t len)
{
	const struct front *front = front_find(software, len);

	/* A CGI process has one request; its web server streams by itself. */
	if (viewer_hub(v)->has_told_flush || gateway == GATEWAY_CGI)
		return;
	viewer_hub(v)->has_told_flush = true;
	if (gateway == GATEWAY_FCGID)
		log_msg(LOG_LEVEL_INFO,
		    "event=flush-mode mode=%s gateway=mod_fcgid "
		    "streams_with=\"FcgidOutputBufferSize 0 in the server "
		    "configuration, and [flush] mode = stream\"",
		    flush_get(v->flush)->name);
	else if (front->directive != NULL)
		log_msg(LOG_LEVEL_INFO,
		    "event=flush-mode mode=%s server=\"%.*s\" "
		    "streams_with=\"%s\"",
		    flush_get(v->flush)->name, (int)(len < 60 ? len : 60),
		    software == NULL ? "" : software, front->directive);
}

/*
 * Decide how events are written for ${v}.  Return 0, or -1 with ${no}: there is
 * no such mode.
 */
static int
choose_flush(struct viewer *v, const struct settings *settings,
    const struct request *req, const struct request_vars *vars,
    struct answer *no)
{
	const char *software = vars->var[VAR_SOFTWARE].text;
	size_t len = vars->var[VAR_SOFTWARE].len;
	struct hub *hub = viewer_hub(v);
	enum flush_mode wanted = FLUSH_AUTO;
	enum gateway gateway = hub->gateway;

	if (req->flush[0] != '\0' &&
	    (wanted = flush_find(req->flush)) == FLUSH_AUTO)
		return answer_set(no, 400,
		    "bad flush \"%s\": stream, batch, pad or close",
		    req->flush);
	/* That it is there does not say that it is what asks us. */
	if (gateway == GATEWAY_SPAWNER && front_names_fcgid(software, len))
		gateway = GATEWAY_FCGID;
	v->flush = (uint8_t)flush_choose(settings, wanted, gateway);
	if (settings->flush_mode == FLUSH_AUTO && wanted == FLUSH_AUTO)
		tell_flush(v, gateway, software, len);
	return 0;
}

static bool
is_incremental(const struct viewer *v, const struct request_vars *vars)
{
	switch (viewer_hub(v)->settings->incremental) {
	case INCREMENTAL_YES:
		return true;
	case INCREMENTAL_NO:
		return false;
	}
	/* What ends by itself need not be asked for, and may be refused. */
	return !flush_get(v->flush)->closes &&
	    front_heeds_incremental(
		vars->var[VAR_SOFTWARE].text, vars->var[VAR_SOFTWARE].len);
}

/* Take a share of the budget.  Return which limit forbids that. */
static enum limit
take_share(struct viewer *v, const struct settings *settings,
    const struct request_vars *vars)
{
	switch (
	    budget_take(viewer_hub(v), &v->share, vars->var[VAR_ADDRESS].text,
		vars->var[VAR_ADDRESS].len, settings->lifetime_ms)) {
	case BUDGET_TAKEN:
		break;
	case BUDGET_OVER:
		/* It gets what there is, at once, and asks again. */
		v->is_over_budget = true;
		v->flush = FLUSH_CLOSE;
		break;
	case BUDGET_ADDRESS:
		return LIMIT_ADDRESS;
	}
	return LIMIT_NONE;
}

void
admit_request(struct viewer *v, const struct request_vars *vars)
{
	struct hub *hub = viewer_hub(v);
	enum limit limit = LIMIT_NONE;
	struct answer no = { 0 };
	const struct settings *settings = NULL;
	const char *why = NULL;
	struct request req;

	if (request_parse(vars, &req, &no) == 0 && hub_conf(hub, &why) == 0 &&
	    may_listen(hub, &req, &no)) {
		/* What can only be one for a stream is the first channel's. */
		settings =
		    conf_for(hub->conf, (const char *)req.channels.texts.data);
		if (choose_flush(v, settings, &req, vars, &no) == 0 &&
		    (limit = limits_reached(hub)) == LIMIT_NONE &&
		    req.method == METHOD_GET)
			limit = take_share(v, settings, vars);
	}
	if (why == NULL && hub->is_draining)
		why = "the program is being stopped";
	if (no.status != 0)
		answer(v, &req, &no);
	else if (why != NULL)
		refuse(v, &req, why);
	else if (limit != LIMIT_NONE)
		send_away(v, &req, limits_refuse(hub, limit));
	else
		subscribe(v, &req, settings, is_incremental(v, vars));
	request_free(&req);
}
