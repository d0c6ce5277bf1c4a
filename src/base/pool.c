#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define BLOCK_BYTES 16384
/*
 * The first block is this small because a process that serves one viewer needs
 * no more things, and a small block shares its page with other memory.
 */
#define FIRST_SLOTS 2

/* What stands before each thing. */
union slot {
	struct block *block; /* while it is used */
	union slot *next;    /* while it is free: the next free one */
	uint64_t align;
};

struct block {
	struct list node; /* in pool->blocks while there is room */
	union slot *free;
	size_t n_slots;
	size_t n_used;
	size_t n_carved; /* the others were never used */
	uint64_t bytes[];
};

void
pool_init(struct pool *pool, size_t size)
{
	size = (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
	pool->slot_size = (size + 1) * sizeof(uint64_t);
	list_init(&pool->blocks);
	pool->has_first = false;
}

#ifdef __SANITIZE_ADDRESS__

/*
 * Each thing is an allocation of its own here, so that the sanitizer sees when
 * one is used after it was given back.
 */

void *
pool_get(struct pool *pool)
{
	return calloc(1, pool->slot_size);
}

void
pool_put(struct pool *pool, void *thing)
{
	(void)pool;
	free(thing);
}

#else

static struct block *
block_new(struct pool *pool)
{
	size_t n_slots = pool->has_first ?
	    (BLOCK_BYTES - sizeof(struct block)) / pool->slot_size :
	    FIRST_SLOTS;
	struct block *block =
	    malloc(sizeof(*block) + n_slots * pool->slot_size);

	if (block == NULL)
		return NULL;
	pool->has_first = true;
	block->n_slots = n_slots;
	block->free = NULL;
	block->n_used = block->n_carved = 0;
	list_init(&block->node);
	list_push(&pool->blocks, &block->node);
	return block;
}

void *
pool_get(struct pool *pool)
{
	struct block *block;
	union slot *slot;

	if (!list_is_empty(&pool->blocks))
		block = LIST_OF(pool->blocks.next, struct block, node);
	else if ((block = block_new(pool)) == NULL)
		return NULL;
	slot = block->free;
	if (slot != NULL)
		block->free = slot->next;
	else
		slot = (union slot *)((char *)block->bytes +
		    block->n_carved++ * pool->slot_size);
	slot->block = block;
	if (++block->n_used == block->n_slots)
		list_remove(&block->node);
	return memset(slot + 1, 0, pool->slot_size - sizeof(*slot));
}

void
pool_put(struct pool *pool, void *thing)
{
	union slot *slot = (union slot *)thing - 1;
	struct block *block = slot->block;

	/* It goes to the end, as the blocks at the front are filled first. */
	if (block->n_used-- == block->n_slots)
		list_push(&pool->blocks, &block->node);
	slot->next = block->free;
	block->free = slot;
	if (block->n_used > 0 || pool->blocks.next == pool->blocks.prev)
		return;
	list_remove(&block->node);
	free(block);
}

#endif

void
pool_free(struct pool *pool)
{
	LIST_EACH_SAFE (node, after, &pool->blocks)
		free(LIST_OF(node, struct block, node));
	list_init(&pool->blocks);
}
