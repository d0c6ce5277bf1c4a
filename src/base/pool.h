/*
 * Memory for many things of one size, that come and go in any order for days.
 * They are carved out of blocks that hold nothing else, so what is given back
 * is taken again by the next of them, and never lies about in pieces.
 */
#ifndef SPOOLCAST_BASE_POOL_H
#define SPOOLCAST_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct pool {
	size_t slot_size;
	struct list blocks; /* those with room */
	bool has_first;	    /* a first block, which is small, was made */
};

/**
 * pool_init(pool, size):
 * Make ${pool} an empty pool of things of ${size} bytes; nothing is allocated.
 */
void pool_init(struct pool *pool, size_t size);

/**
 * pool_get(pool):
 * Return a thing that is all zeros, or NULL with ENOMEM.
 */
void *pool_get(struct pool *pool);

/**
 * pool_put(pool, thing):
 * Take back ${thing}, which is from ${pool}.  A block in which nothing is left
 * is freed, unless it is the only one with room.
 */
void pool_put(struct pool *pool, void *thing);

/**
 * pool_free(pool):
 * Free what is left of ${pool}, to which everything was given back.
 */
void pool_free(struct pool *pool);

#endif
