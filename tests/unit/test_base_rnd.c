/* Random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"

static void
test_one_seed_gives_one_sequence(void **state)
{
	struct rnd a = { 42 }, b = { 42 }, c = { 43 };
	int same = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t value = rnd_between(&a, 0, 1000000);

		assert_int_equal(rnd_between(&b, 0, 1000000), value);
		same += rnd_between(&c, 0, 1000000) == value;
	}
	assert_true(same < 20);
}

static void
test_seeds_from_the_kernel_differ(void **state)
{
	struct rnd a = { 0 }, b = { 0 };

	(void)state;
	rnd_seed(&a);
	rnd_seed(&b);
	assert_true(a.state != 0);
	assert_true(b.state != 0);
	assert_true(a.state != b.state);
}

static void
test_numbers_keep_to_both_bounds_and_reach_them(void **state)
{
	static const int64_t bounds[][2] = {
		{ 0, 0 },
		{ 7, 7 },
		{ 0, 1 },
		{ -3, 3 },
		{ -9, -5 },
		{ 1500, 1509 },
		{ INT64_MAX - 4, INT64_MAX },
		{ INT64_MIN, INT64_MIN + 4 },
	};
	struct rnd rnd = { 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		int64_t low = bounds[i][0], high = bounds[i][1];
		uint64_t seen = 0;
		int n = (int)(high - low) + 1;

		for (int j = 0; j < 1000; j++) {
			int64_t value = rnd_between(&rnd, low, high);

			assert_true(value >= low);
			assert_true(value <= high);
			seen |= (uint64_t)1 << (value - low);
		}
		assert_true(seen == ((uint64_t)1 << n) - 1);
	}
}

static void
test_numbers_are_spread_evenly(void **state)
{
	struct rnd rnd = { 12345 };
	int counts[10] = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		counts[rnd_between(&rnd, 0, 9)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(counts[i], 850, 1150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_seed_gives_one_sequence),
		cmocka_unit_test(test_seeds_from_the_kernel_differ),
		cmocka_unit_test(
		    test_numbers_keep_to_both_bounds_and_reach_them),
		cmocka_unit_test(test_numbers_are_spread_evenly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rnd", tests, NULL, NULL);
}
