/*
 * Batches: what viewers at one place get next, and where that leads.
 */
#ifndef SPOOLCAST_FEED_BATCH_H
#define SPOOLCAST_FEED_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct place;

struct batch {
	unsigned refs;
	struct place *from; /* weak: its "next" points here; or NULL */
	struct place *to;   /* a reference; NULL: moves nobody */
	bool ends_skipped;  /* records after the last event were left out */
	bool closes;	    /* its last record ends the response */
	bool is_unfinished; /* more is to be looked for right after it */
	int64_t retry_ms;   /* the last that a record in it gave; -1: none */
	size_t len;
	uint8_t *bytes; /* framed: in own, or in other memory */
	uint8_t own[];
};

/**
 * batch_new(bytes, len, to):
 * Make a batch with one reference of ${len} framed ${bytes} (copied) that leads
 * to ${to} (gets a reference; may be NULL).  NULL with ENOMEM.
 */
struct batch *batch_new(const uint8_t *bytes, size_t len, struct place *to);

/**
 * batch_take(framed, to):
 * The same with the bytes in ${framed}, which is left empty; if they are many,
 * they are not copied.
 */
struct batch *batch_take(struct buf *framed, struct place *to);

/**
 * batch_copy(batch):
 * Return a copy of ${batch} with one reference, to which no place leads; NULL
 * with ENOMEM.
 */
struct batch *batch_copy(const struct batch *batch);

/**
 * batch_follows(batch, from):
 * Let viewers that stand at ${from} find ${batch}, which must not be private to
 * a viewer.
 */
void batch_follows(struct batch *batch, struct place *from);

/**
 * batch_ref(batch), batch_unref(batch):
 * Add a reference and return ${batch}; give one up (NULL is allowed).
 */
struct batch *batch_ref(struct batch *batch);
void batch_unref(struct batch *batch);

/**
 * batch_memory(void):
 * Return how many bytes all batches of the process take.
 */
size_t batch_memory(void);

#endif
