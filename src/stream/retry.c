#include "stream/retry.h"

int64_t
retry_jittered(int64_t base_ms, uint64_t jitter, struct rnd *rnd)
{
	int64_t swing = base_ms / 100 * (int64_t)jitter +
	    base_ms % 100 * (int64_t)jitter / 100;
	int64_t ms = rnd_between(rnd, base_ms - swing, base_ms + swing);

	return ms < 1 ? 1 : ms;
}

int64_t
retry_spread(int64_t base_ms, uint64_t jitter, uint64_t streams, uint64_t rate,
    struct rnd *rnd)
{
	int64_t span_ms = (int64_t)(streams * 1000 / (rate == 0 ? 1 : rate));

	return retry_jittered(base_ms, jitter, rnd) +
	    rnd_between(rnd, 0, span_ms);
}
