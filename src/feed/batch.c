#include <stdlib.h>
#include <string.h>

#include "feed/place.h"

/* Batches that are larger have memory of their own. */
#define OWN_BYTES 131072

/* What all batches take. */
static size_t memory;

size_t
batch_memory(void)
{
	return memory;
}

/* Make a batch of ${len} bytes, with ${room} for them in its own memory. */
static struct batch *
make(size_t room, size_t len, struct place *to)
{
	struct batch *batch = malloc(sizeof(*batch) + room);

	if (batch == NULL)
		return NULL;
	memory += sizeof(*batch) + len;
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
	memory -= sizeof(*batch) + batch->len;
	if (batch->bytes != batch->own)
		free(batch->bytes);
	free(batch);
}
