#include "fuzz/disorder/draw.h"

/* splitmix64, Steele, Lea, Flood 2014: near seeds give what is not near. */
static uint64_t
scatter(uint64_t x)
{
	x += 0x9e3779b97f4a7c15U;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
	x = (x ^ x >> 27) * 0x94d049bb133111ebU;
	return x ^ x >> 31;
}

void
draw_start(struct rnd *rnd, uint64_t seed, uint64_t round, uint64_t stream)
{
	rnd->state = scatter(scatter(scatter(seed) + round) + stream);
	if (rnd->state == 0)
		rnd->state = 1;
}

size_t
draw_below(struct rnd *rnd, size_t n)
{
	return (size_t)rnd_between(rnd, 0, (int64_t)n - 1);
}

bool
draw_chance(struct rnd *rnd, unsigned percent)
{
	return draw_below(rnd, 100) < percent;
}

uint64_t
draw_size(struct rnd *rnd, uint64_t max)
{
	unsigned bits = 0;
	uint64_t size;

	while (bits < 62 && max >> bits != 0)
		bits++;
	size = (uint64_t)rnd_between(
	    rnd, 0, ((int64_t)1 << draw_below(rnd, bits + 1)) - 1);
	return size < max ? size : max;
}

size_t
draw_row(struct rnd *rnd, const unsigned *weights, size_t n)
{
	size_t sum = 0, at, i;

	for (i = 0; i < n; i++)
		sum += weights[i];
	at = draw_below(rnd, sum);
	for (i = 0; at >= weights[i]; i++)
		at -= weights[i];
	return i;
}
