/*
 * When clients are to come back (pure; randomness comes in as an argument).
 */
#ifndef SPOOLCAST_HUB_RETRY_H
#define SPOOLCAST_HUB_RETRY_H

#include <stdint.h>

#include "base/rnd.h"

/**
 * retry_jittered(base_ms, jitter, rnd):
 * Return a number within ${jitter} percent around ${base_ms}, at least 1.
 */
int64_t retry_jittered(int64_t base_ms, uint64_t jitter, struct rnd *rnd);

/**
 * retry_above(base_ms, jitter, rnd):
 * Return a number from 0 to ${jitter} percent of ${base_ms}.
 */
int64_t retry_above(int64_t base_ms, uint64_t jitter, struct rnd *rnd);

/* The moments at which clients were asked to come back; zeroed at first. */
struct retry_book {
	int64_t next_us; /* monotonic; the first moment that is free */
	uint64_t most;	 /* clients, since it was last empty */
};

/**
 * retry_book(book, now_ms, rate, clients):
 * Return how many milliseconds, from ${now_ms} (monotonic) on, one more client
 * is to wait beyond its own time, so that no more than ${rate} a second are
 * asked back: 0 while fewer ask, and longer from one to the next of many
 * clients that are sent away at once.  It is never more than the ${clients}
 * there are need, so a few clients that come again and again cannot send the
 * others away for long.
 */
int64_t retry_book(
    struct retry_book *book, int64_t now_ms, uint64_t rate, uint64_t clients);

#endif
