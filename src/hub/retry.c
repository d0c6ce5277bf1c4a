#include "hub/retry.h"

/* Return ${jitter} percent of ${base_ms}, without overflow. */
static int64_t
swing_of(int64_t base_ms, uint64_t jitter)
{
	return base_ms / 100 * (int64_t)jitter +
	    base_ms % 100 * (int64_t)jitter / 100;
}

int64_t
retry_above(int64_t base_ms, uint64_t jitter, struct rnd *rnd)
{
	return rnd_between(rnd, 0, swing_of(base_ms, jitter));
}

int64_t
retry_jittered(int64_t base_ms, uint64_t jitter, struct rnd *rnd)
{
	int64_t swing = swing_of(base_ms, jitter);
	int64_t ms = rnd_between(rnd, base_ms - swing, base_ms + swing);

	return ms < 1 ? 1 : ms;
}

int64_t
retry_book(
    struct retry_book *book, int64_t now_ms, uint64_t rate, uint64_t clients)
{
	int64_t now_us = now_ms * 1000, wait_us;
	int64_t gap_us = 1000000 / (int64_t)(rate == 0 ? 1 : rate);

	if (book->next_us < now_us) {
		book->next_us = now_us;
		book->most = 1;
	}
	if (book->most < clients)
		book->most = clients;
	/* If all clients have a moment, the next one may come back at once. */
	if (book->next_us - now_us >= (int64_t)book->most * gap_us)
		book->next_us = now_us;
	wait_us = book->next_us - now_us;
	book->next_us += gap_us;
	return wait_us / 1000;
}
