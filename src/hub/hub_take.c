/* Taking what comes in by pipes and drop folders. */
#include "hub/hub.h"

void
hub_take_init(struct hub *hub)
{
	/* Writers are not to wait for somebody who listens. */
	if (gateway_is_shared(hub->gateway)) {
		(void)folder_follow(&hub->folder);
		take_start(&hub->take, &hub->folder);
	}
}

void
hub_take_for(struct hub *hub, struct channel *channel)
{
	if (channel->form == NULL || channel->form->type == S_IFREG)
		return;
	if (!take_is_on(&hub->take))
		take_start(&hub->take, &hub->folder);
	if (gateway_is_shared(hub->gateway))
		return;
	take_now(&hub->take, channel->name);
	(void)channel_look(channel);
}
