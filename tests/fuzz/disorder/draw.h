/*
 * What is left to chance.  Every subject of a round has a generator of its own,
 * so that one draws the same whatever the others do.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_DRAW_H
#define SPOOLCAST_TESTS_DISORDER_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rnd.h"

/* So many rows may be in a table that draw_row draws from. */
#define DRAW_ROWS_MAX 64

/* The generator of ${stream}, a number, in round ${round} of ${seed}. */
void draw_start(
    struct rnd *rnd, uint64_t seed, uint64_t round, uint64_t stream);

/* A number from 0 on, below ${n}, which is not 0. */
size_t draw_below(struct rnd *rnd, size_t n);

/* Whether what happens in ${percent} of all cases happens now. */
bool draw_chance(struct rnd *rnd, unsigned percent);

/* A number up to ${max}: a small one as often as a large one. */
uint64_t draw_size(struct rnd *rnd, uint64_t max);

/* One of ${n} rows by their weights, of which one at least is not 0. */
size_t draw_row(struct rnd *rnd, const unsigned *weights, size_t n);

#endif
