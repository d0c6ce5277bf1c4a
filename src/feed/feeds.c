#include <stdlib.h>

#include "base/timer.h"
#include "feed/feed.h"
#include "feed/feeds.h"

/* The pause before what failed is tried again. */
#define RETRY_S 1.0
/* A larger batch, which only a long record makes, is not held. */
#define RECENT_BYTES 131072

int
feeds_init(struct feeds *feeds)
{
	if (table_init(&feeds->by_key) != 0)
		return -1;
	if (table_init(&feeds->places) != 0) {
		table_free(&feeds->by_key);
		return -1;
	}
	list_init(&feeds->growing);
	return 0;
}

void
feeds_free(struct feeds *feeds)
{
	feeds_drop_recent(feeds);
	table_free(&feeds->by_key);
	table_free(&feeds->places);
	reader_free(&feeds->reader);
	buf_free(&feeds->text);
	buf_free(&feeds->id);
	free(feeds->cursors);
}

void
feeds_retry(struct feed *feed)
{
	feed->must_retry = true;
	timer_set_first(feed->feeds->loop, &feed->feeds->retry, RETRY_S);
}

void
feeds_hold(struct feeds *feeds, struct batch *batch)
{
	struct batch **slot;

	/* A large batch is there only for as long as a viewer sends it. */
	if (batch->len > RECENT_BYTES)
		return;
	slot = &feeds->recent[feeds->next_recent++ % FEEDS_RECENT];
	if (*slot != NULL)
		feeds->recent_bytes -= (*slot)->len;
	batch_unref(*slot);
	*slot = batch_ref(batch);
	feeds->recent_bytes += batch->len;
}

void
feeds_drop_recent(struct feeds *feeds)
{
	for (size_t i = 0; i < FEEDS_RECENT; i++) {
		batch_unref(feeds->recent[i]);
		feeds->recent[i] = NULL;
	}
	feeds->recent_bytes = 0;
}

bool
feeds_shrink(struct feeds *feeds, size_t most)
{
	bool was_any = false;

	if (feeds->text.cap > most) {
		buf_free(&feeds->text);
		was_any = true;
	}
	if (feeds->reader.cap > most) {
		reader_free(&feeds->reader);
		was_any = true;
	}
	return was_any;
}

/* What a buffer takes beyond what belongs to the process itself. */
static size_t
beyond_usual(size_t cap)
{
	return cap > FEEDS_BUFFER_BYTES ? cap : 0;
}

size_t
feeds_buffer_bytes(const struct feeds *feeds)
{
	return beyond_usual(feeds->text.cap) + beyond_usual(feeds->reader.cap);
}
