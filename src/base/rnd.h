/*
 * Random numbers for jitter: good enough to keep clients apart, no secrets.
 */
#ifndef SPOOLCAST_BASE_RND_H
#define SPOOLCAST_BASE_RND_H

#include <stdint.h>

/* State of a generator; anything but 0 is a valid seed. */
struct rnd {
	uint64_t state;
};

/**
 * rnd_seed(rnd):
 * Start ${rnd} from the kernel's randomness.
 */
void rnd_seed(struct rnd *rnd);

/**
 * rnd_between(rnd, low, high):
 * Return a number from ${low} to ${high}, both included; ${low} <= ${high}.
 */
int64_t rnd_between(struct rnd *rnd, int64_t low, int64_t high);

#endif
