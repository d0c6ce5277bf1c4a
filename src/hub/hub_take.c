/* Taking what comes in by pipes and drop folders. */
#include "hub/hub.h"

static void
get_settings(void *cookie, const char *name, struct take_settings *out)
{
	const struct hub *hub = cookie;
	const struct settings *settings = conf_for(hub->conf, name);

	out->max_record = settings->max_record;
	out->keep_files = settings->keep_files != 0;
	out->type_from_extension = settings->type_from_extension != 0;
}

static const struct take_ops take_ops = {
	.settings = get_settings,
};

static void
start(struct hub *hub)
{
	take_start(&hub->take, &hub->folder, &take_ops, hub);
}

void
hub_take_init(struct hub *hub)
{
	/* Writers are not to wait until somebody listens. */
	if (hub->policy->holds_many) {
		(void)folder_follow(&hub->folder);
		start(hub);
	}
}

void
hub_take_for(struct hub *hub, struct channel *channel)
{
	if (channel->form == NULL || channel->form->type == S_IFREG)
		return;
	if (!take_is_on(&hub->take))
		start(hub);
	if (hub->policy->holds_many)
		return;
	take_now(&hub->take, channel->name);
	(void)channel_look(channel);
}
