/* What becomes of a request: a stream, an answer, or a hint when to retry. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "http/front.h"
#include "hub/reply.h"
#include "hub/subscribe.h"

/* Whether all named channels may be had; if not, ${no} says why. */
static bool
may_listen(struct hub *hub, const struct request *req, struct response *no)
{
	if (req->channels.count > hub->settings->channels_per_stream) {
		limits_refuse(hub, LIMIT_CHANNELS);
		response_refuse(no, 400,
		    "too many channels: %zu asked for, [limits] "
		    "channels_per_stream allows %" PRIu64,
		    req->channels.count, hub->settings->channels_per_stream);
		return false;
	}
	TEXT_LIST_EACH (name, &req->channels) {
		/* A pattern selects only what may be heard (feed_selects). */
		if (name_is_pattern(name, strlen(name)) ||
		    (hub_conf_serves(hub, name) &&
			mount_has(&req->mount.lists, name)))
			continue;
		response_refuse(no, 404,
		    "no channel \"%s\" here: %s does not list it", name,
		    name_in_list(hub->settings->channels, name) ?
			MOUNT_VAR ", as it is set for this address," :
			"[access] channels");
		return false;
	}
	return true;
}

/* Whether what the web server set can be understood; if not, ${why} says so. */
static bool
has_good_mount(struct hub *hub, const struct request *req, const char **why)
{
	const struct mount *bad = req->mount.is_bad ? &req->mount : &hub->mount;

	if (!bad->is_bad)
		return true;
	if (hub_log_peer(hub))
		log_msg(LOG_LEVEL_ERROR,
		    "event=bad-mount variable=" MOUNT_VAR " value=\"%s\" "
		    "effect=\"no channel may be heard there\" remedy=\"let the "
		    "web server set it to names and globs separated by commas, "
		    "such as news,build-*, or not at all\"",
		    bad->bad);
	*why = MOUNT_VAR ", as it is set for this address, is no list of "
			 "channels; the log says more";
	return false;
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
    struct response *no)
{
	const char *software = vars->var[VAR_SOFTWARE].text;
	size_t len = vars->var[VAR_SOFTWARE].len;
	struct hub *hub = viewer_hub(v);
	enum flush_mode wanted = FLUSH_AUTO;
	enum gateway gateway = hub->gateway;

	if (req->flush[0] != '\0' &&
	    (wanted = flush_find(req->flush)) == FLUSH_AUTO)
		return response_refuse(no, 400,
		    "bad flush \"%s\": stream, batch, pad or close",
		    req->flush);
	/*
	 * The web server names mod_fcgid even where another module asks us, so
	 * that counts only if a web server started this process.
	 */
	if (gateway == GATEWAY_SPAWNER && front_names_fcgid(software, len))
		gateway = GATEWAY_FCGID;
	v->flush = (uint8_t)flush_choose(settings, wanted, gateway);
	if (settings->flush_mode == FLUSH_AUTO && wanted == FLUSH_AUTO)
		tell_flush(v, gateway, software, len);
	return 0;
}

static bool
asks_for_incremental(const struct viewer *v, const struct request_vars *vars)
{
	switch (viewer_hub(v)->settings->incremental) {
	case INCREMENTAL_YES:
		return true;
	case INCREMENTAL_NO:
		return false;
	}
	/*
	 * A response that ends by itself does not need the field, for which a
	 * web server may answer 501 (http/front.h).
	 */
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
		/* The viewer gets what there is at once, and asks again. */
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
	struct response no = { 0 };
	const struct settings *settings = NULL;
	const char *why = NULL;
	struct request req;

	/* The first check that fails says why, in no, why or limit. */
	if (request_parse(vars, &req, &no) == 0 && hub_conf(hub, &why) == 0 &&
	    has_good_mount(hub, &req, &why) && may_listen(hub, &req, &no)) {
		/* A stream has the settings of its first channel. */
		settings =
		    conf_for(hub->conf, (const char *)req.channels.texts.data);
		if (choose_flush(v, settings, &req, vars, &no) == 0 &&
		    (limit = limits_reached(hub)) == LIMIT_NONE)
			limit = take_share(v, settings, vars);
	}
	if (why == NULL && hub->ending.is_draining)
		why = REPLY_STOPPING;
	if (no.status == 0 && why != NULL)
		reply_refuse(v, &req, why, &no);
	else if (no.status == 0 && limit != LIMIT_NONE)
		reply_later(v, &req, limits_refuse(hub, limit), &no);
	if (no.status != 0)
		reply_send(v, &req, &no);
	else
		subscribe(v, &req, settings, asks_for_incremental(v, vars));
	response_free(&no);
	request_free(&req);
}
