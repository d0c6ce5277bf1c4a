/* What one use of memory leaves to the next. */
#include <malloc.h>

#include "hub/hub.h"

/* A larger buffer is freed: having caught up once, we need not stay large. */
#define BUFFER_KEPT 16384

/* A larger batch, which only a long record makes, is not kept either. */
#define BATCH_KEPT 131072

/* A larger piece is mapped by itself, so that freeing it gives it back. */
#define OWN_MEMORY (128 * 1024)

void
hub_keep_little(void)
{
#ifdef __GLIBC__
	/* Left alone, malloc raises this at the first large buffer. */
	mallopt(M_MMAP_THRESHOLD, OWN_MEMORY);
	mallopt(M_TRIM_THRESHOLD, OWN_MEMORY);
#endif
}

void
hub_keep(struct hub *hub, struct batch *batch)
{
	struct batch **slot;

	/* A large batch is there only for as long as a viewer sends it. */
	if (batch->len > BATCH_KEPT)
		return;
	slot = &hub->kept[hub->next_kept++ % HUB_KEPT];
	if (*slot != NULL)
		hub->kept_bytes -= (*slot)->len;
	batch_unref(*slot);
	*slot = batch_ref(batch);
	hub->kept_bytes += batch->len;
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
 * Give freed memory back to the system: left alone, malloc keeps what lies
 * below a piece in use, and 128 kB above the last one.  ${is_large} says that
 * something large was freed just now.  A batch is freed as soon as its viewer
 * has got it; that shows only in what malloc has in use.
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

void
hub_shrink_buffers(struct hub *hub)
{
	if (hub->text.cap > HUB_BUFFER_BYTES)
		buf_free(&hub->text);
	if (hub->frames.cap > HUB_BUFFER_BYTES)
		buf_free(&hub->frames);
	if (hub->reader.cap > HUB_BUFFER_BYTES)
		reader_free(&hub->reader);
}

/*
 * Whether the first stream has just begun: finding its start took more memory
 * than will be needed from now on.
 */
static bool
has_just_begun(struct hub *hub)
{
	if (hub->has_begun || hub->n_responses == 0)
		return false;
	hub->has_begun = true;
	return true;
}

/* Give large buffers back. */
static void
shrink(struct hub *hub)
{
	bool was_large = has_just_begun(hub);

	was_large = drop_if_large(&hub->text) || was_large;
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
	hub->kept_bytes = 0;
	/* Where one process serves all, the buffers are soon used again. */
	if (!gateway_is_shared(hub->gateway))
		shrink(hub);
}
