#include <stdlib.h>
#include <string.h>

#include "feed/feed.h"
#include "feed/place.h"

/* What all places take. */
static size_t memory;

size_t
place_memory(void)
{
	return memory + batch_memory();
}

/* What tells cursors apart, in the order of struct cursor. */
struct fingerprint {
	uint64_t before; /* the hash of the cursors in front of it */
	uint64_t index;
	uint64_t kind; /* state, and why it is lost */
	const struct segment *segment;
	const struct segment *segment_before;
	uint64_t offset, offset_before;
	uint64_t check, check_before;
};

/*
 * All that cursor_all_equal compares goes in, so that a stranger's id cannot
 * give different places one hash.  Cursors at the start are as good as missing.
 */
static uint64_t
hash_of(const struct feed *feed, const struct cursor *cursors, size_t n)
{
	uint64_t hash = table_hash(&feed, sizeof(feed));

	for (size_t i = 0; i < n; i++) {
		const struct cursor *cursor = &cursors[i];
		struct fingerprint print;

		if (cursor->state == MARK_START)
			continue;
		/* What is not set below is hashed, too. */
		memset(&print, 0, sizeof(print));
		print.before = hash;
		print.index = i;
		print.kind = cursor->state;
		print.segment = cursor->segment;
		if (cursor->state == MARK_LOST) {
			print.kind |= (uint64_t)cursor->reason << 32;
		} else {
			print.offset = cursor->at.offset;
			print.check = cursor->at.check;
			print.segment_before = cursor->before;
			print.offset_before = cursor->before_at.offset;
			print.check_before = cursor->before_at.check;
		}
		hash = table_hash(&print, sizeof(print));
	}
	return hash;
}

static size_t
place_size(size_t n_cursors)
{
	return sizeof(struct place) + n_cursors * sizeof(struct cursor);
}

struct place *
place_get(struct table *table, struct feed *feed, const struct cursor *cursors,
    size_t n)
{
	uint64_t hash = hash_of(feed, cursors, n);
	struct table_entry *entry = table_first(table, hash);
	struct place *place;

	/* All viewers with the same cursors share one place. */
	for (; entry != NULL; entry = table_next(entry)) {
		place = TABLE_OF(entry, struct place, by_cursors);
		if (place->feed == feed &&
		    cursor_all_equal(
			place->cursors, place->n_cursors, cursors, n))
			return place_ref(place);
	}
	place = calloc(1, place_size(n));
	if (place == NULL)
		return NULL;
	memory += place_size(n);
	place->refs = 1;
	place->table = table;
	place->feed = feed_ref(feed);
	list_init(&place->viewers);
	list_init(&place->waiting_node);
	place->n_cursors = n;
	for (size_t i = 0; i < n; i++)
		cursor_copy(&place->cursors[i], &cursors[i]);
	table_insert(table, &place->by_cursors, hash);
	return place;
}

struct place *
place_ref(struct place *place)
{
	place->refs++;
	return place;
}

void
place_unref(struct place *place)
{
	if (place == NULL || --place->refs > 0)
		return;
	if (place->next != NULL)
		place->next->from = NULL;
	for (size_t i = 0; i < place->n_cursors; i++)
		cursor_clear(&place->cursors[i]);
	list_remove(&place->waiting_node);
	table_remove(place->table, &place->by_cursors);
	feed_unref(place->feed);
	memory -= place_size(place->n_cursors);
	free(place);
}

void
place_wait(struct place *place, struct list *node)
{
	list_push(&place->viewers, node);
	if (list_is_empty(&place->waiting_node))
		list_push(&place->feed->waiting, &place->waiting_node);
}

void
place_leave(struct place *place, struct list *node)
{
	list_remove(node);
	if (list_is_empty(&place->viewers))
		list_remove(&place->waiting_node);
}

bool
place_is_seen(const struct place *place, bool takes_held)
{
	return place->next == NULL && place->seen_news == place->feed->news &&
	    !(takes_held && place->has_held);
}
