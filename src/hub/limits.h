/*
 * What one process may take of memory and descriptors, and what is said when
 * there is no more: viewers are told to come later, and the log is told which
 * limit it was.
 */
#ifndef SPOOLCAST_HUB_LIMITS_H
#define SPOOLCAST_HUB_LIMITS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "feed/feeds.h"

struct hub;

enum limit {
	LIMIT_NONE,
	LIMIT_ADDRESS,	   /* [limits] streams_per_address */
	LIMIT_CHANNELS,	   /* [limits] channels_per_stream */
	LIMIT_MEMORY,	   /* [limits] memory: new viewers are sent away */
	LIMIT_BLOCKED,	   /* the same: a blocked viewer is let go */
	LIMIT_DESCRIPTORS, /* ulimit -n */
	LIMIT_COUNT,
};

/* What was done at a limit since the log had a line about it. */
struct limit_log {
	int64_t told_ms; /* monotonic; 0: never */
	uint64_t count;
};

struct limits {
	/* Viewers whose socket takes nothing, the longest blocked first. */
	struct list blocked;
	struct list short_of; /* viewers that wait for memory for a batch */
	ev_timer relief;      /* runs while viewers block and memory is short */
	size_t short_memory;  /* taken when a batch was too much last */
	size_t peak; /* of memory, since some was given back to the system */
	uint64_t max_descriptors;
	struct limit_log logs[LIMIT_COUNT];
	struct limit_log exhausted;
};

/**
 * limits_init(limits):
 * Prepare ${limits}, before there is a loop, and let the process have as many
 * descriptors as it may.
 */
void limits_init(struct limits *limits);

/**
 * limits_start(hub):
 * Prepare to relieve ${hub}, which has a loop.
 */
void limits_start(struct hub *hub);

/**
 * limits_memory(hub):
 * Return how many bytes viewers, their requests, feeds, channels and places,
 * and what they are sent, take.
 */
size_t limits_memory(const struct hub *hub);

/**
 * limits_ask(hub, bytes):
 * Return whether [limits] memory has room for ${bytes} more of a batch.  A
 * quarter of it is not for large batches, so that a viewer that waits for a
 * large one does not keep others from small ones; some of those are always
 * allowed.
 */
enum feeds_room limits_ask(const struct hub *hub, size_t bytes);

/**
 * limits_record_bytes(hub):
 * Return how long a record may be at most to be sent within [limits] memory.
 */
uint64_t limits_record_bytes(const struct hub *hub);

/**
 * limits_wait(hub, node):
 * The viewer that ${node} belongs to waits for memory for its batch; it gets
 * another turn when there is some.
 */
void limits_wait(struct hub *hub, struct list *node);

/**
 * limits_batch_bytes(hub):
 * Return how many bytes a batch is to have at most before one more record is
 * put into it: few while memory is short.
 */
size_t limits_batch_bytes(const struct hub *hub);

/**
 * limits_relieve(hub):
 * While more is taken than [limits] memory allows, or a viewer waits for some,
 * let go the viewers that have blocked longest and have a batch for themselves.
 * Such viewers come back and resume.
 */
void limits_relieve(struct hub *hub);

/**
 * limits_may_accept(hub):
 * Return whether memory and descriptors allow one more connection; if not,
 * errno is what is short, ENOMEM or EMFILE.
 */
bool limits_may_accept(const struct hub *hub);

/**
 * limits_reached(hub):
 * Return which limit leaves no room for one more response that lasts, or
 * LIMIT_NONE.
 */
enum limit limits_reached(const struct hub *hub);

/**
 * limits_refuse(hub, limit):
 * Somebody is refused for ${limit}: tell the log, once a minute, how many were.
 * Return why, for the client.
 */
const char *limits_refuse(struct hub *hub, enum limit limit);

/**
 * limits_note_exhausted(hub):
 * An event could not be made, since the system gave no memory: tell the log,
 * once a minute, how often that was.
 */
void limits_note_exhausted(struct hub *hub);

#endif
