/* When clients are told to come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/retry.h"

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
test_streams_that_end_together_come_back_one_by_one(void **state)
{
	static const struct {
		uint64_t rate;
		int n;
		int64_t last_ms;
	} rows[] = {
		{ 100, 1, 0 },
		{ 100, 2, 10 },
		{ 100, 1001, 10000 },
		{ 1, 11, 10000 },
		{ 1000000, 50000, 49 },
		/* No rate would be no return at all: taken as one. */
		{ 0, 6, 5000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct retry_book book = { 0 };
		int64_t ms = 0, before = -1;

		for (int j = 0; j < rows[i].n; j++) {
			ms = retry_book(&book, 5000, rows[i].rate, 100000);
			assert_true(ms >= before);
			before = ms;
		}
		assert_int_equal(ms, rows[i].last_ms);
	}
}

static void
test_streams_that_end_now_and_then_do_not_wait_for_others(void **state)
{
	struct retry_book book = { 0 };

	(void)state;
	for (int64_t now_ms = 0; now_ms < 10000; now_ms += 10)
		assert_int_equal(retry_book(&book, now_ms, 100, 1), 0);
	/* A burst is worked off while nothing comes. */
	for (int i = 0; i < 50; i++)
		retry_book(&book, 10000, 100, 1000);
	assert_int_equal(retry_book(&book, 10000, 100, 1000), 500);
	assert_int_equal(retry_book(&book, 10300, 100, 1000), 210);
	assert_int_equal(retry_book(&book, 11000, 100, 1000), 0);
}

/* Many ends of a few streams, by whoever likes to come again and again. */
static void
test_nobody_waits_for_more_than_there_are(void **state)
{
	struct retry_book book = { 0 };
	int per_wait[10] = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t ms = retry_book(&book, 7, 100, 10);

		assert_in_range(ms, 0, 90);
		per_wait[ms / 10]++;
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(per_wait[i], 10000);
	/* As many as there were when it began, though they go meanwhile. */
	book.next_us = 0;
	for (int left = 500; left > 0; left--)
		assert_int_equal(retry_book(&book, 7, 100, (uint64_t)left),
		    5000 - left * 10);
}

/* The promise: in no second come more than the rate, by more than chance. */
static void
test_a_planned_end_brings_back_no_more_than_the_rate(void **state)
{
	struct retry_book book = { 0 };
	struct rnd rnd = { 8 };
	int per_second[64] = { 0 };

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int64_t ms = retry_jittered(3000, 50, &rnd) +
		    retry_book(&book, 0, 100, 5000);

		assert_in_range(ms, 0, 63999);
		per_second[ms / 1000]++;
	}
	for (int i = 0; i < 64; i++)
		assert_true(per_second[i] <= 140);
}

static void
test_above_is_never_below(void **state)
{
	struct rnd rnd = { 9 };
	int64_t most = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int64_t ms = retry_above(5000, 50, &rnd);

		assert_in_range(ms, 0, 2500);
		most = ms > most ? ms : most;
	}
	assert_true(most > 2400);
	assert_int_equal(retry_above(5000, 0, &rnd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_jitter_keeps_within_its_share_and_uses_it),
		cmocka_unit_test(
		    test_streams_that_end_together_come_back_one_by_one),
		cmocka_unit_test(
		    test_streams_that_end_now_and_then_do_not_wait_for_others),
		cmocka_unit_test(test_above_is_never_below),
		cmocka_unit_test(test_nobody_waits_for_more_than_there_are),
		cmocka_unit_test(
		    test_a_planned_end_brings_back_no_more_than_the_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
