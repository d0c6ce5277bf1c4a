#include "hub/hub_lines.h"
#include "hub/hub.h"

static bool
was_told(const struct hub_lines_told *told, const struct channel *channel)
{
	for (size_t i = 0; i < told->n; i++) {
		if (told->tags[i] == channel->tag)
			return true;
	}
	return false;
}

/* Whether to tell of ${channel} for the first time. */
static bool
is_news(struct hub_lines_told *told, const struct channel *channel)
{
	if (was_told(told, channel) || told->n == HUB_LINES_MAX)
		return false;
	told->tags[told->n++] = channel->tag;
	return true;
}

static void
tell_long(const struct channel *channel, size_t size)
{
	log_msg(LOG_LEVEL_INFO,
	    "event=long-line channel=%s size=%zu effect=\"where several "
	    "programs write such lines without a lock, these can get mixed\" "
	    "remedy=\"let the programs use spoolcast publish or flock(1), or "
	    "write lines under %d bytes\"",
	    channel->name, size, RECORD_LONG_LINE);
}

static void
tell_reserved(const struct channel *channel)
{
	log_msg(LOG_LEVEL_WARN,
	    "event=type-reserved channel=%s effect=\"the record is delivered "
	    "as a message\" remedy=\"use types that do not begin "
	    "with " RECORD_RESERVED "\"",
	    channel->name);
}

void
hub_lines_look(
    struct hub *hub, const struct channel *channel, const struct record *rec)
{
	struct hub_lines *lines = &hub->lines;

	if (rec->form == RECORD_LINE && rec->body.len >= RECORD_LONG_LINE &&
	    hub->policy->holds_many && is_news(&lines->is_long, channel) &&
	    hub_log_spool(hub))
		tell_long(channel, rec->body.len);
	if (rec->has_reserved_type && is_news(&lines->is_reserved, channel) &&
	    hub_log_spool(hub))
		tell_reserved(channel);
}

void
hub_lines_missing(struct hub *hub, const struct channel *channel)
{
	struct hub_lines_told *told = &hub->lines.is_missing;

	if (was_told(told, channel) || !hub_log_peer(hub))
		return;
	log_msg(LOG_LEVEL_INFO,
	    "event=no-channel channel=%s effect=\"anyone who asked for it "
	    "waits "
	    "for it\" remedy=\"write to it, or look whether the client asked "
	    "for the right channel, by ?channel= or by the last part of the "
	    "path before any rewriting\"",
	    channel->name);
	if (told->n < HUB_LINES_MAX) {
		told->tags[told->n++] = channel->tag;
		return;
	}
	/* Anybody can name channels that are missing: the oldest makes room. */
	told->tags[told->oldest] = channel->tag;
	told->oldest = (told->oldest + 1) % HUB_LINES_MAX;
}
