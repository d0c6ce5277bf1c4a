/* What one use of memory leaves to the next. */
#include <malloc.h>

#include "hub/hub.h"

/* A process that caught up once need not be large from then on. */
#define BUFFER_KEPT 16384

/* What is larger has memory of its own, which goes when it is freed. */
#define OWN_MEMORY (128 * 1024)

void
hub_keep_little(void)
{
#ifdef __GLIBC__
	/* By itself it raises this when it sees the first large buffer. */
	mallopt(M_MMAP_THRESHOLD, OWN_MEMORY);
	mallopt(M_TRIM_THRESHOLD, OWN_MEMORY);
#endif
}

void
hub_keep(struct hub *hub, struct batch *batch)
{
	struct batch **slot = &hub->kept[hub->next_kept++ % HUB_KEPT];

	batch_unref(*slot);
	*slot = batch_ref(batch);
}

static bool
drop_if_large(struct buf *buf)
{
	if (buf->cap <= BUFFER_KEPT)
		return false;
	buf_free(buf);
	return true;
}

/*
 * Give what was freed to the system: by itself malloc keeps what lies below
 * something in use, and 128 kB above it.  ${is_large}: something large was
 * freed just now.  A batch is, too, as soon as its viewer has got it.
 */
static void
trim(struct hub *hub, bool is_large)
{
#ifdef __GLIBC__
	size_t used = mallinfo2().uordblks;

	if (is_large || used + BUFFER_KEPT < hub->used) {
		malloc_trim(0);
		hub->used = used;
	} else if (used > hub->used) {
		hub->used = used;
	}
#else
	(void)hub;
	(void)is_large;
#endif
}

/* Give large buffers back. */
static void
shrink(struct hub *hub)
{
	bool was_large = drop_if_large(&hub->text);

	was_large = drop_if_large(&hub->frames) || was_large;
	if (hub->reader.cap > BUFFER_KEPT) {
		reader_free(&hub->reader);
		was_large = true;
	}
	trim(hub, was_large);
}

void
hub_drop_kept(struct hub *hub)
{
	for (size_t i = 0; i < HUB_KEPT; i++) {
		batch_unref(hub->kept[i]);
		hub->kept[i] = NULL;
	}
	/* Where one process serves all, they are soon used again. */
	if (!gateway_is_shared(hub->gateway))
		shrink(hub);
}
