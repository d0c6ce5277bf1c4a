/*
 * Telling of lines that may have been mixed.
 */
#ifndef SPOOLCAST_HUB_HUB_LINES_H
#define SPOOLCAST_HUB_HUB_LINES_H

#include <stddef.h>
#include <stdint.h>

struct hub;
struct channel;
struct record;

/* So many channels a process tells of. */
#define HUB_LINES_MAX 64

struct hub_lines {
	uint32_t told[HUB_LINES_MAX]; /* the tags of their names */
	size_t n_told;
};

/**
 * hub_lines_look(hub, channel, rec):
 * If ${rec}, a record of ${channel}, is a line that many a writer would have
 * written in pieces (RECORD_LONG_LINE), let the log say so: what others wrote
 * in between would be in it, and nobody can see that from the bytes.  Once for
 * each channel and process, as it may be all right; where a process serves one
 * viewer that would be too often, and it is left to `spoolcast check`.
 */
void hub_lines_look(
    struct hub *hub, const struct channel *channel, const struct record *rec);

#endif
