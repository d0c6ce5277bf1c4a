#include "hub/hub_lines.h"
#include "hub/hub.h"

static void
tell(struct hub *hub, const struct channel *channel, size_t size)
{
	struct hub_lines *lines = &hub->lines;

	for (size_t i = 0; i < lines->n_told; i++) {
		if (lines->told[i] == channel->tag)
			return;
	}
	if (lines->n_told == HUB_LINES_MAX)
		return;
	lines->told[lines->n_told++] = channel->tag;
	log_msg(LOG_LEVEL_INFO,
	    "event=long-line channel=%s size=%zu effect=\"where several write "
	    "such lines without a lock they can get mixed\" remedy=\"let them "
	    "use spoolcast publish or flock(1), or write lines under %d "
	    "bytes\"",
	    channel->name, size, RECORD_LONG_LINE);
}

void
hub_lines_look(
    struct hub *hub, const struct channel *channel, const struct record *rec)
{
	if (rec->form == RECORD_LINE && rec->body.len >= RECORD_LONG_LINE &&
	    gateway_is_shared(hub->gateway))
		tell(hub, channel, rec->body.len);
}
