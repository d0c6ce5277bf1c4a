/*
 * Delays as a histogram, whose steps are a thirty-second of the value.
 */
#ifndef SPOOLCAST_TESTS_BENCH_DELAYS_H
#define SPOOLCAST_TESTS_BENCH_DELAYS_H

#include <stdint.h>

struct delays {
	uint64_t count[32 * 60];
	uint64_t n;
};

static inline void
delays_add(struct delays *delays, uint64_t us)
{
	unsigned shift = 0;

	if (us >= 64)
		shift = 58 - (unsigned)__builtin_clzll(us);
	delays->count[32 * shift + (us >> shift)]++;
	delays->n++;
}

/* The delay, in microseconds, of which ${percent} are at most as long. */
static inline uint64_t
delays_at(const struct delays *delays, unsigned percent)
{
	uint64_t wanted = (delays->n * percent + 99) / 100, seen = 0;
	unsigned i, shift;

	for (i = 0; i < 32 * 60 - 1; i++)
		if ((seen += delays->count[i]) >= wanted)
			break;
	shift = i < 64 ? 0 : i / 32 - 1;
	return (uint64_t)(i - 32 * shift) << shift;
}

#endif
