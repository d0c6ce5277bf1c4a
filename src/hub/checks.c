#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "http/front.h"
#include "hub/checks.h"
#include "hub/reply.h"

static int
check_request(struct admission *a)
{
	return request_parse(a->vars, &a->request, &a->response);
}

/* There have to be a configuration and a spool. */
static int
check_settings(struct admission *a)
{
	const char *why;

	if (hub_conf(viewer_hub(a->viewer), &why) == 0)
		return 0;
	return reply_refuse(a, why);
}

/* What the web server has set for the address has to be understood. */
static int
check_mount(struct admission *a)
{
	struct hub *hub = viewer_hub(a->viewer);
	const struct mount *bad =
	    a->request.mount.is_bad ? &a->request.mount : &hub->mount;

	if (!bad->is_bad)
		return 0;
	if (hub_log_peer(hub))
		log_msg(LOG_LEVEL_ERROR,
		    "event=bad-mount variable=" MOUNT_VAR " value=\"%s\" "
		    "effect=\"no channel may be heard there\" remedy=\"let the "
		    "web server set it to names and globs separated by commas, "
		    "such as news,build-*, or not at all\"",
		    bad->bad);
	return reply_refuse(a,
	    MOUNT_VAR ", as it is set for this address, is no list of "
		      "channels; the log says more");
}

/* All named channels have to be some that may be heard. */
static int
check_channels(struct admission *a)
{
	struct hub *hub = viewer_hub(a->viewer);
	const struct settings *settings = hub->settings;
	const struct request *req = &a->request;

	if (req->channels.count > settings->channels_per_stream) {
		limits_refuse(hub, LIMIT_CHANNELS);
		return response_refuse(&a->response, 400,
		    "too many channels: %zu asked for, [limits] "
		    "channels_per_stream allows %" PRIu64,
		    req->channels.count, settings->channels_per_stream);
	}
	TEXT_LIST_EACH (name, &req->channels) {
		/* A pattern selects only what may be heard (feed_selects). */
		if (name_is_pattern(name, strlen(name)) ||
		    (hub_conf_serves(hub, name) &&
			mount_has(&req->mount.lists, name)))
			continue;
		return response_refuse(&a->response, 404,
		    "no channel \"%s\" here: %s does not list it", name,
		    name_in_list(settings->channels, name) ?
			MOUNT_VAR ", as it is set for this address," :
			"[access] channels");
	}
	/* A stream has the settings of its first channel. */
	a->settings =
	    conf_for(hub->conf, (const char *)req->channels.texts.data);
	return 0;
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

/* A flush mode that is asked for has to be one; choose how events go out. */
static int
check_flush(struct admission *a)
{
	const struct request_value *software = &a->vars->var[VAR_SOFTWARE];
	enum gateway gateway = viewer_hub(a->viewer)->gateway;
	enum flush_mode wanted = FLUSH_AUTO;

	if (a->request.flush[0] != '\0' &&
	    (wanted = flush_find(a->request.flush)) == FLUSH_AUTO)
		return response_refuse(&a->response, 400,
		    "bad flush \"%s\": stream, batch, pad or close",
		    a->request.flush);
	/*
	 * The web server names mod_fcgid even where another module asks us, so
	 * that counts only if a web server started this process.
	 */
	if (gateway == GATEWAY_SPAWNER &&
	    front_names_fcgid(software->text, software->len))
		gateway = GATEWAY_FCGID;
	a->viewer->flush = (uint8_t)flush_choose(a->settings, wanted, gateway);
	if (a->settings->flush_mode == FLUSH_AUTO && wanted == FLUSH_AUTO)
		tell_flush(a->viewer, gateway, software->text, software->len);
	return 0;
}

/* Nothing begins while the program ends. */
static int
check_stopping(struct admission *a)
{
	if (!viewer_hub(a->viewer)->ending.is_draining)
		return 0;
	return reply_refuse(a, REPLY_STOPPING);
}

/* There has to be memory, and a descriptor. */
static int
check_room(struct admission *a)
{
	struct hub *hub = viewer_hub(a->viewer);
	enum limit limit = limits_reached(hub);

	if (limit == LIMIT_NONE)
		return 0;
	return reply_later(a, limits_refuse(hub, limit));
}

/* Take a share of the budget of streams, or of those that only poll. */
static int
check_budget(struct admission *a)
{
	const struct request_value *address = &a->vars->var[VAR_ADDRESS];
	struct viewer *v = a->viewer;
	struct hub *hub = viewer_hub(v);

	switch (budget_take(hub, &v->share, address->text, address->len)) {
	case BUDGET_TAKEN:
		break;
	case BUDGET_OVER:
		/* The viewer gets what there is at once, and asks again. */
		v->is_over_budget = true;
		v->flush = FLUSH_CLOSE;
		break;
	case BUDGET_ADDRESS:
		return reply_later(a, limits_refuse(hub, LIMIT_ADDRESS));
	}
	return 0;
}

/*
 * A new check is a row here and a function, which returns 0, or -1 with the
 * response filled.  What one finds out is there for those below it; what costs
 * something, or counts, comes last.
 */
static const struct check {
	const char *name;
	int (*run)(struct admission *a);
} checks[] = {
	{ "request", check_request },
	{ "settings", check_settings },
	{ "mount", check_mount },
	{ "channels", check_channels },
	{ "flush", check_flush },
	{ "stopping", check_stopping },
	{ "room", check_room },
	{ "budget", check_budget },
};
#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

const char *
checks_failed(struct admission *a)
{
	for (size_t i = 0; i < N_CHECKS; i++) {
		if (checks[i].run(a) != 0)
			return checks[i].name;
	}
	return NULL;
}
