/*
 * Telling the log of records that may not be what their writers meant, and of
 * channels that are asked for and do not exist.
 */
#ifndef SPOOLCAST_HUB_HUB_LINES_H
#define SPOOLCAST_HUB_HUB_LINES_H

#include <stddef.h>
#include <stdint.h>

struct hub;
struct channel;
struct record;

/* Of how many channels a process tells the same thing. */
#define HUB_LINES_MAX 64

/* The channels of which one thing was told, by the tags of their names. */
struct hub_lines_told {
	uint32_t tags[HUB_LINES_MAX];
	size_t n;
	size_t oldest; /* the next that makes room for another */
};

struct hub_lines {
	struct hub_lines_told is_long;
	struct hub_lines_told is_reserved;
	struct hub_lines_told is_missing;
};

/**
 * hub_lines_look(hub, channel, rec):
 * If ${rec}, a record of ${channel}, is a line that many a writer would have
 * written in pieces (RECORD_LONG_LINE), let the log say so: what others wrote
 * in between would be in it, and nobody can see that from the bytes.  A process
 * that serves one viewer leaves this to `spoolcast check`: it may be all right,
 * and such processes would say it too often.  Let the log say, too, that ${rec}
 * had a type that is reserved and is delivered as a message.  Each is said once
 * for each channel and process.
 */
void hub_lines_look(
    struct hub *hub, const struct channel *channel, const struct record *rec);

/**
 * hub_lines_missing(hub, channel):
 * Somebody listens to ${channel}, which does not exist: let the log say so,
 * once as a rule, within the quota of what strangers can cause.
 */
void hub_lines_missing(struct hub *hub, const struct channel *channel);

#endif
