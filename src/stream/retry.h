/*
 * When clients shall come back (pure; randomness comes in as an argument).
 */
#ifndef SPOOLCAST_STREAM_RETRY_H
#define SPOOLCAST_STREAM_RETRY_H

#include <stdint.h>

#include "base/rnd.h"

/**
 * retry_jittered(base_ms, jitter, rnd):
 * Return a number within ${jitter} percent around ${base_ms}, at least 1.
 */
int64_t retry_jittered(int64_t base_ms, uint64_t jitter, struct rnd *rnd);

/**
 * retry_spread(base_ms, jitter, streams, rate, rnd):
 * As retry_jittered, plus a share of the time that ${streams} clients need to
 * come back at ${rate} a second: for a planned end of that many at once.
 */
int64_t retry_spread(int64_t base_ms, uint64_t jitter, uint64_t streams,
    uint64_t rate, struct rnd *rnd);

#endif
