#include <errno.h>

#include "base/clock.h"
#include "base/slice.h"

static struct {
	bool is_open;
	bool is_short; /* the time was up when the sure pieces were done */
	unsigned sure; /* how many pieces more are granted at any time */
	int64_t end_us;
	size_t most; /* what a piece may cost, in bytes */
	uint64_t *budget;
} slice;

void
slice_open(int64_t us, uint64_t *budget, unsigned tries)
{
	slice.is_open = true;
	slice.is_short = false;
	slice.sure = tries + 1;
	slice.end_us = clock_mono_us() + us;
	slice.budget = budget;
	slice.most = SIZE_MAX;
}

void
slice_limit(size_t bytes)
{
	slice.most = bytes;
}

void
slice_close(void)
{
	slice.is_open = false;
}

unsigned
slice_tries(unsigned tries)
{
	return slice.is_short ? tries + 1 : 0;
}

void
slice_refill(uint64_t bytes)
{
	if (slice.budget != NULL)
		*slice.budget = bytes;
}

void
slice_forgive(void)
{
	slice.budget = NULL;
}

bool
slice_is_over(void)
{
	return slice.is_open && clock_mono_us() >= slice.end_us;
}

int
slice_take(size_t bytes)
{
	if (!slice.is_open)
		return 0;
	if (bytes > slice.most || (slice.sure == 0 && slice_is_over())) {
		errno = EAGAIN;
		return -1;
	}
	slice.is_short = slice.sure == 1;
	if (slice.sure > 0)
		slice.sure--;
	if (slice.budget == NULL)
		return 0;
	if (*slice.budget < bytes) {
		errno = EDQUOT;
		return -1;
	}
	*slice.budget -= bytes;
	return 0;
}

void
slice_charge(size_t bytes)
{
	if (!slice.is_open || slice.budget == NULL)
		return;
	*slice.budget -= *slice.budget < bytes ? *slice.budget : bytes;
}
