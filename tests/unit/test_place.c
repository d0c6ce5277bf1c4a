/* Places, cursors and batches: who holds a reference to what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "feed/feed.h"
#include "feed/place.h"

/* Held by the tests for good, so that nothing below is ever closed. */
static struct segment segments[3] = {
	{ .refs = 1, .fd = -1 },
	{ .refs = 1, .fd = -1 },
	{ .refs = 1, .fd = -1 },
};
static struct feed feeds[2];
static struct table places;

static int
start(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		memset(&feeds[i], 0, sizeof(feeds[i]));
		feeds[i].refs = 1;
		list_init(&feeds[i].waiting);
	}
	return table_init(&places);
}

/* Whatever a test did, it must have given everything back. */
static int
stop(void **state)
{
	(void)state;
	assert_int_equal(places.n_entries, 0);
	assert_int_equal(place_memory(), 0);
	table_free(&places);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(segments[i].refs, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(feeds[i].refs, 1);
		assert_true(list_is_empty(&feeds[i].waiting));
	}
	return 0;
}

static const struct cursor at_start = { .state = MARK_START };
static const struct cursor lost = { .state = MARK_LOST, .reason = GAP_EXPIRED };
static const struct cursor replaced = { .state = MARK_LOST,
	.reason = GAP_REPLACED };
/* Borrowing: to be copied by what is tested. */
static const struct cursor here = { .state = MARK_AT,
	.segment = &segments[0],
	.at = { .offset = 10, .check = 5 } };
static const struct cursor further = { .state = MARK_AT,
	.segment = &segments[0],
	.at = { .offset = 11, .check = 5 } };
static const struct cursor edited = { .state = MARK_AT,
	.segment = &segments[0],
	.at = { .offset = 10, .check = 6 } };
static const struct cursor other_file = { .state = MARK_AT,
	.segment = &segments[1],
	.at = { .offset = 10, .check = 5 } };

static void
test_cursors_hold_the_segment_they_are_in(void **state)
{
	struct cursor a = { 0 }, b = { 0 };

	(void)state;
	cursor_go(&a, &segments[0], &here.at);
	assert_int_equal(a.state, MARK_AT);
	assert_true(a.at.offset == 10);
	assert_int_equal(segments[0].refs, 2);
	cursor_copy(&b, &a);
	assert_int_equal(segments[0].refs, 3);
	/* On in the same file. */
	cursor_go(&a, &segments[0], &further.at);
	assert_int_equal(segments[0].refs, 3);
	assert_true(b.at.offset == 10);
	/* And to the next one. */
	cursor_go(&a, &segments[1], &here.at);
	assert_int_equal(segments[0].refs, 2);
	assert_int_equal(segments[1].refs, 2);
	cursor_lose(&a, GAP_REPLACED, NULL);
	assert_int_equal(a.state, MARK_LOST);
	assert_int_equal(a.reason, GAP_REPLACED);
	assert_null(a.segment);
	assert_int_equal(segments[1].refs, 1);
	cursor_clear(&b);
	assert_int_equal(b.state, MARK_START);
	assert_null(b.segment);
	assert_int_equal(segments[0].refs, 1);
	cursor_clear(&a);
	cursor_copy(&b, &a);
	assert_int_equal(b.state, MARK_START);
}

/* A list of cursors by letters, none that borrows is ever cleared. */
static size_t
list_of(const char *letters, struct cursor *out)
{
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++) {
		switch (letters[i]) {
		case 's':
			out[i] = at_start;
			break;
		case 'l':
			out[i] = lost;
			break;
		case 'r':
			out[i] = replaced;
			break;
		case 'h':
			out[i] = here;
			break;
		case 'f':
			out[i] = further;
			break;
		case 'e':
			out[i] = edited;
			break;
		default:
			out[i] = other_file;
		}
	}
	return n;
}

static const struct {
	const char *a, *b;
	bool are_equal;
} pairs[] = {
	{ "", "", true },
	{ "", "sss", true },
	{ "s", "sss", true },
	{ "h", "h", true },
	{ "h", "hss", true },
	{ "hlo", "hlo", true },
	{ "h", "", false },
	{ "h", "s", false },
	{ "h", "sh", false },
	{ "h", "l", false },
	{ "h", "f", false },
	{ "h", "e", false },
	{ "h", "o", false },
	{ "h", "hh", false },
	{ "l", "", false },
	{ "l", "r", false },
	{ "l", "sl", false },
	{ "ho", "oh", false },
};

static void
test_lists_are_equal_where_missing_ones_are_at_the_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct cursor a[8], b[8];
		size_t n_a = list_of(pairs[i].a, a);
		size_t n_b = list_of(pairs[i].b, b);

		assert_int_equal(
		    cursor_all_equal(a, n_a, b, n_b), pairs[i].are_equal);
		assert_int_equal(
		    cursor_all_equal(b, n_b, a, n_a), pairs[i].are_equal);
	}
}

static struct place *
get(struct feed *feed, const char *letters)
{
	struct cursor cursors[8];
	size_t n = list_of(letters, cursors);

	return place_get(&places, feed, cursors, n);
}

static void
test_equal_lists_share_one_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct place *a = get(&feeds[0], pairs[i].a);
		struct place *b = get(&feeds[0], pairs[i].b);

		assert_non_null(a);
		assert_non_null(b);
		assert_int_equal(a == b, pairs[i].are_equal);
		assert_int_equal(a->refs, pairs[i].are_equal ? 2 : 1);
		assert_int_equal(places.n_entries, pairs[i].are_equal ? 1 : 2);
		place_unref(a);
		place_unref(b);
		assert_int_equal(places.n_entries, 0);
	}
}

static void
test_feeds_share_no_place(void **state)
{
	struct place *a = get(&feeds[0], "h");
	struct place *b = get(&feeds[1], "h");

	(void)state;
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(a->feed, &feeds[0]);
	assert_int_equal(feeds[0].refs, 2);
	assert_int_equal(segments[0].refs, 3);
	assert_ptr_equal(place_ref(a), a);
	place_unref(a);
	assert_int_equal(feeds[0].refs, 2);
	place_unref(a);
	assert_int_equal(feeds[0].refs, 1);
	assert_int_equal(segments[0].refs, 2);
	place_unref(b);
	place_unref(NULL);
}

static void
test_places_of_random_lists_are_found_again(void **state)
{
	static const char letters[] = "slrhfeo";
	static char texts[400][5];
	static struct place *held[400];
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (size_t i = 0; i < 400; i++) {
		for (size_t j = 0; j < 4; j++)
			texts[i][j] = letters[rnd_between(&rnd, 0, 6)];
		held[i] = get(&feeds[0], texts[i]);
		assert_non_null(held[i]);
	}
	for (size_t i = 0; i < 400; i++) {
		struct place *again = get(&feeds[0], texts[i]);

		assert_ptr_equal(again, held[i]);
		place_unref(again);
	}
	for (size_t i = 0; i < 400; i++)
		place_unref(held[i]);
}

static void
test_a_batch_leads_to_the_next_place_while_both_live(void **state)
{
	struct place *from = get(&feeds[0], "h"), *to = get(&feeds[0], "f");
	struct batch *batch = batch_new((const uint8_t *)"a\0b", 3, to);
	struct batch *second;

	(void)state;
	assert_non_null(batch);
	assert_int_equal(batch->len, 3);
	assert_memory_equal(batch->bytes, "a\0b", 3);
	assert_ptr_equal(batch->to, to);
	assert_int_equal(to->refs, 2);
	assert_null(batch->from);
	batch_follows(batch, from);
	assert_ptr_equal(from->next, batch);
	/* Neither holds the other. */
	assert_int_equal(from->refs, 1);
	assert_int_equal(batch->refs, 1);
	assert_ptr_equal(batch_ref(batch), batch);
	batch_unref(batch);
	assert_ptr_equal(from->next, batch);

	/* Another that takes its turn. */
	second = batch_new((const uint8_t *)"x", 1, to);
	batch_follows(second, from);
	assert_ptr_equal(from->next, second);
	assert_null(batch->from);
	batch_unref(batch);
	assert_ptr_equal(from->next, second);
	batch_unref(second);
	assert_null(from->next);
	assert_int_equal(to->refs, 1);
	place_unref(from);
	place_unref(to);
}

static void
test_a_batch_outlives_the_place_behind_it(void **state)
{
	struct place *from = get(&feeds[0], "h"), *to = get(&feeds[0], "f");
	struct batch *batch = batch_new((const uint8_t *)"x", 1, to);

	(void)state;
	batch_follows(batch, from);
	place_unref(from);
	assert_null(batch->from);
	/* It alone keeps the place that it leads to. */
	place_unref(to);
	assert_int_equal(places.n_entries, 1);
	batch_unref(batch);
	assert_int_equal(places.n_entries, 0);
	batch_unref(NULL);
}

static void
test_a_batch_may_hold_nothing_and_lead_nowhere(void **state)
{
	struct batch *batch = batch_new(NULL, 0, NULL);

	(void)state;
	assert_non_null(batch);
	assert_int_equal(batch->len, 0);
	assert_null(batch->to);
	assert_false(batch->ends_skipped);
	batch_unref(batch);
}

static size_t
n_waiting(const struct feed *feed)
{
	size_t n = 0;

	LIST_EACH (node, &feed->waiting)
		n++;
	return n;
}

static void
test_a_feed_knows_where_anybody_waits(void **state)
{
	struct place *a = get(&feeds[0], "h"), *b = get(&feeds[0], "f");
	struct list viewers[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		list_init(&viewers[i]);
	assert_int_equal(n_waiting(&feeds[0]), 0);
	place_wait(a, &viewers[0]);
	place_wait(a, &viewers[1]);
	assert_int_equal(n_waiting(&feeds[0]), 1);
	place_wait(b, &viewers[2]);
	assert_int_equal(n_waiting(&feeds[0]), 2);
	place_leave(a, &viewers[0]);
	assert_int_equal(n_waiting(&feeds[0]), 2);
	assert_true(list_is_empty(&viewers[0]));
	place_leave(a, &viewers[1]);
	assert_int_equal(n_waiting(&feeds[0]), 1);
	assert_ptr_equal(feeds[0].waiting.next, &b->waiting_node);
	place_wait(a, &viewers[1]);
	assert_int_equal(n_waiting(&feeds[0]), 2);
	place_leave(a, &viewers[1]);
	place_leave(b, &viewers[2]);
	assert_int_equal(n_waiting(&feeds[0]), 0);
	place_unref(a);
	place_unref(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, start, stop)
		WITH_TABLE(test_cursors_hold_the_segment_they_are_in),
		WITH_TABLE(
		    test_lists_are_equal_where_missing_ones_are_at_the_start),
		WITH_TABLE(test_equal_lists_share_one_place),
		WITH_TABLE(test_feeds_share_no_place),
		WITH_TABLE(test_places_of_random_lists_are_found_again),
		WITH_TABLE(
		    test_a_batch_leads_to_the_next_place_while_both_live),
		WITH_TABLE(test_a_batch_outlives_the_place_behind_it),
		WITH_TABLE(test_a_batch_may_hold_nothing_and_lead_nowhere),
		WITH_TABLE(test_a_feed_knows_where_anybody_waits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
