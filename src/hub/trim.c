#include <malloc.h>

#include "hub/hub.h"
#include "hub/trim.h"

/* A larger buffer is freed: having caught up once, we need not stay large. */
#define BUFFER_KEPT 16384

/* A larger piece is mapped by itself, so that freeing it gives it back. */
#define OWN_MEMORY (128 * 1024)

void
trim_init(void)
{
#ifdef __GLIBC__
	/* Left alone, malloc raises this at the first large buffer. */
	mallopt(M_MMAP_THRESHOLD, OWN_MEMORY);
	mallopt(M_TRIM_THRESHOLD, OWN_MEMORY);
#endif
}

static bool
drop_if_large(struct buf *buf, size_t most)
{
	if (buf->cap <= most)
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
give_back(struct hub *hub, bool is_large)
{
#ifdef __GLIBC__
	size_t used = mallinfo2().uordblks;

	if (is_large || used + BUFFER_KEPT < hub->trim.used) {
		malloc_trim(0);
		hub->trim.used = used;
	} else if (used > hub->trim.used) {
		hub->trim.used = used;
	}
#else
	(void)hub;
	(void)is_large;
#endif
}

/*
 * Whether the first stream has just begun: finding its start took more memory
 * than will be needed from now on.
 */
static bool
has_just_begun(struct hub *hub)
{
	if (hub->trim.has_begun || hub->viewers.n_responses == 0)
		return false;
	hub->trim.has_begun = true;
	return true;
}

/* Give large buffers back. */
static void
shrink(struct hub *hub)
{
	bool was_large = has_just_begun(hub);

	was_large = drop_if_large(&hub->text, BUFFER_KEPT) || was_large;
	was_large = drop_if_large(&hub->frames, BUFFER_KEPT) || was_large;
	was_large = feeds_shrink(&hub->feeds, BUFFER_KEPT) || was_large;
	give_back(hub, was_large);
}

void
trim_rest(struct hub *hub)
{
	feeds_drop_recent(&hub->feeds);
	if (!hub->policy->holds_many) {
		shrink(hub);
		return;
	}
	/*
	 * Where one process serves all, the buffers are soon used again; only
	 * a padding that few settings ask for makes them larger than this.
	 */
	(void)drop_if_large(&hub->text, FEEDS_BUFFER_BYTES);
	(void)drop_if_large(&hub->frames, FEEDS_BUFFER_BYTES);
}
