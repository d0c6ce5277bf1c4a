/* Places that strangers choose, by what their ids say, and their hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "feed/feed.h"
#include "feed/place.h"
#include "helpers/chains.h"

/* Held by the test for good, so that nothing is ever closed. */
static struct segment segments[3] = {
	{ .refs = 1, .fd = -1 },
	{ .refs = 1, .fd = -1 },
	{ .refs = 1, .fd = -1 },
};
static struct feed feed = { .refs = 1 };
static struct table places;

static const struct cursor lost = { .state = MARK_LOST, .reason = GAP_EXPIRED };
static const struct cursor replaced = { .state = MARK_LOST,
	.reason = GAP_REPLACED };
static const struct cursor here = { .state = MARK_AT,
	.segment = &segments[0],
	.at = { .offset = 10, .check = 5 } };

static void
test_places_that_differ_in_little_stand_in_short_chains(void **state)
{
	static struct place *held[3000];
	struct cursor cursors[12];
	size_t n = 0;

	(void)state;
	list_init(&feed.waiting);
	assert_int_equal(table_init(&places), 0);
	/* How far the segment before was read, by offset and by bytes. */
	for (; n < 1000; n++) {
		cursors[0] = here;
		cursors[0].before = &segments[1];
		cursors[0].before_at.offset = n / 2;
		cursors[0].before_at.check = n % 2;
		held[n] = place_get(&places, &feed, cursors, 1);
	}
	/* What is lost, and where it may begin. */
	for (; n < 2000; n++) {
		for (size_t i = 0; i < 10; i++) {
			cursors[i] = (n >> i) % 2 == 0 ? lost : replaced;
			cursors[i].segment = &segments[n % 3];
		}
		held[n] = place_get(&places, &feed, cursors, 10);
	}
	/* Offsets far apart. */
	for (; n < 3000; n++) {
		cursors[0] = here;
		cursors[0].at.offset = (uint64_t)n << 40;
		held[n] = place_get(&places, &feed, cursors, 1);
	}
	assert_int_equal(places.n_entries, 3000);
	assert_true(chain_longest(&places) < CHAIN_LONG);
	while (n > 0)
		place_unref(held[--n]);
	assert_int_equal(places.n_entries, 0);
	table_free(&places);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_places_that_differ_in_little_stand_in_short_chains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("place_chains", tests, NULL, NULL);
}
