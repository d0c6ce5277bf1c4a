#include <sys/random.h>

#include "base/clock.h"
#include "base/rnd.h"

void
rnd_seed(struct rnd *rnd)
{
	/* Before the pool is ready (early boot) the clock has to do. */
	if (getrandom(&rnd->state, sizeof(rnd->state), GRND_NONBLOCK) !=
		sizeof(rnd->state) ||
	    rnd->state == 0)
		rnd->state = (uint64_t)clock_mono_ms() + 1;
}

/* xorshift64*, Vigna 2016 (arXiv:1402.6246). */
static uint64_t
next(struct rnd *rnd)
{
	uint64_t x = rnd->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	rnd->state = x;
	return x * 0x2545f4914f6cdd1dU;
}

int64_t
rnd_between(struct rnd *rnd, int64_t low, int64_t high)
{
	uint64_t span = (uint64_t)(high - low) + 1;

	return low + (int64_t)(next(rnd) % span);
}
