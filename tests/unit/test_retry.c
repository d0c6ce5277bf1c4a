/* When clients are told to come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream/retry.h"

#define DAY_MS 86400000

static void
test_jitter_keeps_within_its_share_and_uses_it(void **state)
{
	static const struct {
		int64_t base_ms;
		uint64_t jitter;
		int64_t low, high;
	} rows[] = {
		{ 3000, 50, 1500, 4500 },
		{ 3000, 0, 3000, 3000 },
		{ 3000, 100, 1, 6000 },
		{ 250000, 10, 225000, 275000 },
		{ 150, 50, 75, 225 },
		{ 99, 50, 50, 148 },
		{ 1, 50, 1, 1 },
		{ 1, 100, 1, 2 },
		{ 0, 50, 1, 1 },
		{ DAY_MS, 100, 1, 2 * (int64_t)DAY_MS },
	};
	struct rnd rnd = { 5 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t least = INT64_MAX, most = 0;

		for (int j = 0; j < 5000; j++) {
			int64_t ms = retry_jittered(
			    rows[i].base_ms, rows[i].jitter, &rnd);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_true(least >= rows[i].low);
		assert_true(most <= rows[i].high);
		/* And both ends are really used. */
		assert_true(
		    least - rows[i].low <= (rows[i].high - rows[i].low) / 50);
		assert_true(
		    rows[i].high - most <= (rows[i].high - rows[i].low) / 50);
	}
}

static void
test_many_streams_are_spread_over_the_time_they_need(void **state)
{
	static const struct {
		uint64_t streams, rate;
		int64_t span_ms;
	} rows[] = {
		{ 0, 100, 0 },
		{ 1, 100, 10 },
		{ 1000, 100, 10000 },
		{ 50000, 100, 500000 },
		{ 10, 1, 10000 },
		/* No rate would be no return at all: taken as one. */
		{ 5, 0, 5000 },
		{ 1000000, 1, 1000000000 },
	};
	struct rnd rnd = { 6 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t least = INT64_MAX, most = 0, span = rows[i].span_ms;

		for (int j = 0; j < 5000; j++) {
			int64_t ms = retry_spread(
			    3000, 50, rows[i].streams, rows[i].rate, &rnd);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_true(least >= 1500);
		assert_true(most <= 4500 + span);
		assert_true(least <= 1500 + (span + 3000) / 10);
		assert_true(most >= 4500 + span - (span + 3000) / 10);
	}
}

/* The promise: in no second come more than the rate, by more than chance. */
static void
test_a_planned_end_brings_back_no_more_than_the_rate(void **state)
{
	struct rnd rnd = { 8 };
	int per_second[64] = { 0 };

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int64_t ms = retry_spread(3000, 50, 5000, 100, &rnd);

		assert_in_range(ms, 0, 63999);
		per_second[ms / 1000]++;
	}
	for (int i = 0; i < 64; i++)
		assert_true(per_second[i] <= 150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_jitter_keeps_within_its_share_and_uses_it),
		cmocka_unit_test(
		    test_many_streams_are_spread_over_the_time_they_need),
		cmocka_unit_test(
		    test_a_planned_end_brings_back_no_more_than_the_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
