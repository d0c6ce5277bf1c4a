#include <stdlib.h>
#include <string.h>

#include "feed/feed.h"
#include "feed/place.h"

/* Batches that are larger have memory of their own. */
#define OWN_BYTES 131072

/* What all places take, and all batches. */
static size_t memory, batches;

size_t
place_memory(void)
{
	return memory + batches;
}

size_t
batch_memory(void)
{
	return batches;
}

void
cursor_copy(struct cursor *to, const struct cursor *from)
{
	*to = *from;
	segment_ref(to->segment);
	segment_ref(to->before);
}

void
cursor_clear(struct cursor *cursor)
{
	segment_drop(&cursor->segment);
	segment_drop(&cursor->before);
	memset(cursor, 0, sizeof(*cursor));
	cursor->state = MARK_START;
}

void
cursor_go(
    struct cursor *cursor, struct segment *segment, const struct position *at)
{
	const struct position to = *at;

	segment_ref(segment);
	cursor_clear(cursor);
	cursor->segment = segment;
	cursor->state = MARK_AT;
	cursor->at = to;
}

void
cursor_set_before(
    struct cursor *cursor, struct segment *segment, const struct position *at)
{
	segment_ref(segment);
	segment_drop(&cursor->before);
	cursor->before = segment;
	cursor->before_at = segment == NULL ? (struct position){ 0 } : *at;
}

void
cursor_lose(struct cursor *cursor, enum gap_reason reason, struct segment *from)
{
	segment_ref(from);
	cursor_clear(cursor);
	cursor->state = MARK_LOST;
	cursor->reason = reason;
	cursor->segment = from;
}

static const struct cursor at_start = { .state = MARK_START };

static bool
cursor_equal(const struct cursor *a, const struct cursor *b)
{
	if (a->state != b->state)
		return false;
	switch (a->state) {
	case MARK_START:
		return true;
	case MARK_LOST:
		return a->reason == b->reason && a->segment == b->segment;
	case MARK_AT:
		return a->segment == b->segment &&
		    a->at.offset == b->at.offset &&
		    a->at.check == b->at.check && a->before == b->before &&
		    a->before_at.offset == b->before_at.offset &&
		    a->before_at.check == b->before_at.check;
	}
	return false;
}

bool
cursors_equal(
    const struct cursor *a, size_t n_a, const struct cursor *b, size_t n_b)
{
	size_t n = n_a > n_b ? n_a : n_b;

	for (size_t i = 0; i < n; i++) {
		if (!cursor_equal(i < n_a ? &a[i] : &at_start,
			i < n_b ? &b[i] : &at_start))
			return false;
	}
	return true;
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
 * All that cursors_equal compares goes in, so that a stranger's id cannot give
 * different places one hash.  Cursors at the start are as good as missing.
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
		    cursors_equal(place->cursors, place->n_cursors, cursors, n))
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

/* Make a batch of ${len} bytes, with ${room} for them in its own memory. */
static struct batch *
make(size_t room, size_t len, struct place *to)
{
	struct batch *batch = malloc(sizeof(*batch) + room);

	if (batch == NULL)
		return NULL;
	batches += sizeof(*batch) + len;
	memset(batch, 0, sizeof(*batch));
	batch->refs = 1;
	batch->to = to == NULL ? NULL : place_ref(to);
	batch->len = len;
	batch->bytes = batch->own;
	batch->retry_ms = -1;
	return batch;
}

struct batch *
batch_new(const uint8_t *bytes, size_t len, struct place *to)
{
	struct batch *batch = make(len, len, to);

	if (batch != NULL && len > 0)
		memcpy(batch->bytes, bytes, len);
	return batch;
}

struct batch *
batch_take(struct buf *framed, struct place *to)
{
	struct batch *batch;
	uint8_t *bytes;

	if (framed->len <= OWN_BYTES) {
		batch = batch_new(framed->data, framed->len, to);
		if (batch != NULL)
			framed->len = 0;
		return batch;
	}
	if ((batch = make(0, framed->len, to)) == NULL)
		return NULL;
	/* The unused end of the buffer goes back; if it cannot, it stays. */
	bytes = realloc(framed->data, framed->len);
	batch->bytes = bytes == NULL ? framed->data : bytes;
	memset(framed, 0, sizeof(*framed));
	return batch;
}

struct batch *
batch_copy(const struct batch *batch)
{
	struct batch *copy = batch_new(batch->bytes, batch->len, batch->to);

	if (copy == NULL)
		return NULL;
	copy->ends_skipped = batch->ends_skipped;
	copy->closes = batch->closes;
	copy->is_unfinished = batch->is_unfinished;
	copy->retry_ms = batch->retry_ms;
	return copy;
}

void
batch_follows(struct batch *batch, struct place *from)
{
	if (from->next != NULL)
		from->next->from = NULL;
	from->next = batch;
	batch->from = from;
}

struct batch *
batch_ref(struct batch *batch)
{
	batch->refs++;
	return batch;
}

void
batch_unref(struct batch *batch)
{
	if (batch == NULL || --batch->refs > 0)
		return;
	if (batch->from != NULL)
		batch->from->next = NULL;
	place_unref(batch->to);
	batches -= sizeof(*batch) + batch->len;
	if (batch->bytes != batch->own)
		free(batch->bytes);
	free(batch);
}
