/* Finding the configuration and the spool, and hearing from the spool. */
#include "feed/wake.h"
#include "hub/hub.h"

static void
on_channel(void *cookie, struct channel *channel)
{
	struct hub *hub = cookie;

	/* The channel may have become a pipe. */
	if (!take_is_on(&hub->take))
		hub_take_for(hub, channel);
	hub_rotate_news(hub, channel);
	wake_channel(channel);
}

static void
on_name(void *cookie, const char *name)
{
	struct hub *hub = cookie;

	wake_name(&hub->feeds, name);
}

static bool
wants_names(void *cookie)
{
	const struct hub *hub = cookie;

	return !list_is_empty(&hub->feeds.growing);
}

static void
on_file(void *cookie, const char *file)
{
	struct hub *hub = cookie;

	if (take_is_on(&hub->take))
		take_note(&hub->take, file);
}

static void
on_lost(void *cookie)
{
	struct hub *hub = cookie;

	if (take_is_on(&hub->take))
		take_rescan(&hub->take);
}

_Static_assert((int)TRUST_OWNER == (int)LINKS_OWNER &&
	(int)TRUST_ANY == (int)LINKS_ANY && (int)TRUST_NONE == (int)LINKS_NONE,
    "the choices of [spool] links have another order");

static enum trust_links
links_of(void *cookie, const char *name)
{
	const struct hub *hub = cookie;

	return (enum trust_links)conf_for(hub->conf, name)->links;
}

static const struct folder_ops folder_ops = {
	.links = links_of,
	.on_channel = on_channel,
	.on_name = on_name,
	.wants_names = wants_names,
	.on_file = on_file,
	.on_lost = on_lost,
};

static int
open_folder(struct hub *hub, const char **why)
{
	bool is_first = !hub->has_folder;
	int rc;

	if (is_first) {
		if (folder_init(&hub->folder, hub->loop, hub->settings->path,
			&folder_ops, hub) != 0) {
			*why = "out of memory";
			return -1;
		}
		hub->has_folder = true;
	}
	rc = folder_open(&hub->folder);
	if (is_first) {
		hub_take_init(hub);
		hub_rotate_init(hub);
	}
	if (rc != 0) {
		*why = "the spool folder cannot be read; the log says more";
		return -1;
	}
	return 0;
}

int
hub_conf(struct hub *hub, const char **why)
{
	struct conf_errors errors = { 0 };

	if (hub->conf == NULL &&
	    conf_find(&hub->where, &hub->conf, &errors) != 0) {
		for (size_t i = 0; i < conf_errors_count(&errors); i++) {
			if (hub_log_peer(hub))
				log_msg(LOG_LEVEL_ERROR, "event=bad-config %s",
				    conf_errors_line(&errors, i));
		}
		conf_errors_free(&errors);
		*why = "the configuration is wrong; the log says where";
		return -1;
	}
	conf_errors_free(&errors);
	hub->settings = conf_base(hub->conf);
	return open_folder(hub, why);
}

bool
hub_conf_serves(const struct hub *hub, const char *name)
{
	return name_in_list(hub->settings->channels, name) &&
	    mount_has(&hub->mount.lists, name);
}
