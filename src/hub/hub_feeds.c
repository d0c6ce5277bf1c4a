/* What the feeds of a hub ask of it. */
#include "feed/wake.h"
#include "hub/hub.h"
#include "take/drop_names.h"

/* A longer record is read among the searches. */
#define GLANCE_BYTES 262144

static const struct settings *
settings_for(void *cookie, const char *name)
{
	const struct hub *hub = cookie;

	return name == NULL ? hub->settings : conf_for(hub->conf, name);
}

static bool
serves(void *cookie, const char *name)
{
	return hub_conf_serves(cookie, name);
}

static void
on_member(void *cookie, struct channel *channel)
{
	hub_take_for(cookie, channel);
}

/* Files in a drop folder wait to get into its log. */
static bool
has_more(void *cookie, struct channel *channel)
{
	(void)cookie;
	return channel->form != NULL && channel->form->type == S_IFDIR &&
	    drop_names_wait(folder_file(
		channel->folder, channel->name, channel->form->suffix));
}

static void
on_record(void *cookie, const struct channel *channel, const struct record *rec)
{
	hub_lines_look(cookie, channel, rec);
}

static int64_t
slice_us(void *cookie, size_t *bytes)
{
	struct hub *hub = cookie;

	hub->turns.has_looked = true;
	/* A viewer with news leaves a long record to the searches. */
	*bytes = turns_is_searching(&hub->turns) ? SIZE_MAX : GLANCE_BYTES;
	return turns_slice_us(&hub->turns);
}

static size_t
batch_bytes(void *cookie)
{
	return limits_batch_bytes(cookie);
}

static uint64_t
record_bytes(void *cookie)
{
	return limits_record_bytes(cookie);
}

static enum feeds_room
ask(void *cookie, size_t bytes)
{
	return limits_ask(cookie, bytes);
}

static void
on_exhausted(void *cookie)
{
	limits_note_exhausted(cookie);
}

static int
frame(void *cookie, const struct wire *wire, struct buf *buf)
{
	(void)cookie;
	return wire->frame_whole(buf);
}

static const struct feeds_ops feeds_ops = {
	.settings = settings_for,
	.serves = serves,
	.on_member = on_member,
	.has_more = has_more,
	.on_record = on_record,
	.slice_us = slice_us,
	.batch_bytes = batch_bytes,
	.record_bytes = record_bytes,
	.ask = ask,
	.on_exhausted = on_exhausted,
	.frame = frame,
};

int
hub_feeds_init(struct hub *hub)
{
	hub->feeds.ops = &feeds_ops;
	hub->feeds.cookie = hub;
	hub->feeds.loop = hub->loop;
	hub->feeds.folder = &hub->folder;
	hub->feeds.log = &hub->log.quotas;
	hub->feeds.turn_ms = &hub->turns.now_ms;
	hub->feeds.lulls = &hub->turns.lulls;
	hub->feeds.run = &hub->turns.run;
	if (feeds_init(&hub->feeds) != 0)
		return -1;
	wake_init(&hub->feeds);
	return 0;
}
