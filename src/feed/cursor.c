#include <string.h>

#include "feed/cursor.h"

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
cursor_all_equal(
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
