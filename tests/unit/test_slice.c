/* Slices: how long work may go on, and what it may cost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

static void
test_without_a_slice_work_goes_on_to_its_end(void **state)
{
	(void)state;
	slice_charge(SIZE_MAX);
	for (int i = 0; i < 10; i++)
		assert_int_equal(slice_take(SIZE_MAX), 0);
	assert_false(slice_is_over());
}

static void
test_the_first_piece_is_always_granted(void **state)
{
	(void)state;
	slice_open(0, NULL, 0);
	assert_true(slice_is_over());
	assert_int_equal(slice_take(1), 0);
	assert_int_equal(slice_take(1), -1);
	assert_int_equal(errno, EAGAIN);
	slice_close();
	assert_int_equal(slice_take(1), 0);
}

/* Three pieces that have to be done in one slice. */
static int
take_three(void)
{
	for (int i = 0; i < 3; i++) {
		if (slice_take(1) != 0)
			return -1;
	}
	return 0;
}

static void
test_work_that_comes_no_further_is_granted_more(void **state)
{
	unsigned tries = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		slice_open(0, NULL, tries);
		assert_int_equal(take_three(), -1);
		tries = slice_tries(tries);
		slice_close();
		assert_int_equal(tries, i + 1);
	}
	slice_open(0, NULL, tries);
	assert_int_equal(take_three(), 0);
	assert_int_equal(slice_take(1), -1);
	slice_close();
	/* There was time for more. */
	slice_open(INT32_MAX, NULL, tries);
	assert_int_equal(take_three(), 0);
	assert_int_equal(slice_take(1), 0);
	assert_int_equal(slice_tries(tries), 0);
	slice_close();
}

static void
test_a_budget_outlives_slices_and_is_used_up(void **state)
{
	uint64_t budget = 10;

	(void)state;
	slice_open(INT32_MAX, &budget, 0);
	assert_int_equal(slice_take(4), 0);
	slice_close();
	slice_open(INT32_MAX, &budget, 0);
	assert_int_equal(slice_take(7), -1);
	assert_int_equal(errno, EDQUOT);
	assert_int_equal(slice_take(6), 0);
	assert_int_equal(budget, 0);
	slice_forgive();
	assert_int_equal(slice_take(100), 0);
	slice_close();
}

static void
test_what_is_charged_is_no_more_than_there_is(void **state)
{
	uint64_t budget = 10;

	(void)state;
	slice_open(INT32_MAX, &budget, 0);
	slice_charge(4);
	assert_int_equal(budget, 6);
	slice_charge(400);
	assert_int_equal(budget, 0);
	slice_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_slice_work_goes_on_to_its_end),
		cmocka_unit_test(test_the_first_piece_is_always_granted),
		cmocka_unit_test(
		    test_work_that_comes_no_further_is_granted_more),
		cmocka_unit_test(test_a_budget_outlives_slices_and_is_used_up),
		cmocka_unit_test(test_what_is_charged_is_no_more_than_there_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
