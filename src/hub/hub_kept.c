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

/* Give large buffers back, and what was freed to the system. */
static void
shrink(struct hub *hub)
{
	bool was_large = drop_if_large(&hub->text);

	was_large = drop_if_large(&hub->frames) || was_large;
	if (hub->reader.cap > BUFFER_KEPT) {
		reader_free(&hub->reader);
		was_large = true;
	}
#ifdef __GLIBC__
	/* By itself it keeps 1 MB and more for the next large buffer. */
	if (was_large)
		malloc_trim(0);
#else
	(void)was_large;
#endif
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
