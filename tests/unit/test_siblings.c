/* Whose turn it is to accept, and one limit of streams for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "listen/siblings.h"

/* Process ${self} of the same page; here they are all one process. */
static struct siblings
view(const struct siblings *first, unsigned self)
{
	struct siblings s = *first;

	siblings_join(&s, self);
	return s;
}

static int
setup(void **state)
{
	static struct siblings each[3];

	if (siblings_init(&each[0], 3) != 0)
		return -1;
	each[1] = view(&each[0], 1);
	each[2] = view(&each[0], 2);
	siblings_join(&each[0], 0);
	*state = each;
	return 0;
}

static int
teardown(void **state)
{
	siblings_free(*state);
	return 0;
}

static void
test_who_has_as_many_as_others_accepts(void **state)
{
	struct siblings *each = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_true(siblings_may_accept(&each[i], false));
	siblings_tell(&each[0], 1000);
	siblings_tell(&each[1], 990);
	siblings_tell(&each[2], 1010);
	for (unsigned i = 0; i < 3; i++)
		assert_true(siblings_may_accept(&each[i], false));
}

static void
test_who_has_more_leaves_it_while_others_look(void **state)
{
	struct siblings *each = *state;

	siblings_tell(&each[0], 100);
	siblings_tell(&each[1], 100);
	for (int i = 0; i < 10 * SIBLINGS_PATIENCE; i++) {
		assert_true(siblings_may_accept(&each[2], false));
		assert_false(siblings_may_accept(&each[0], i > 0));
	}
	/* It has caught up. */
	siblings_tell(&each[2], 99);
	assert_true(siblings_may_accept(&each[0], true));
}

/* How often ${s} has to be asked until it may. */
static int
asks(struct siblings *s)
{
	int n = 1;

	while (!siblings_may_accept(s, n > 1) && n < 1000)
		n++;
	return n;
}

static void
test_one_who_does_not_look_is_not_waited_for_again(void **state)
{
	struct siblings *each = *state;

	siblings_tell(&each[0], 100);
	siblings_tell(&each[1], 100);
	/* Its line is new: that counts as a look. */
	(void)siblings_may_accept(&each[2], false);
	(void)siblings_may_accept(&each[0], false);
	assert_int_equal(SIBLINGS_PATIENCE + 1, asks(&each[0]));
	assert_int_equal(1, asks(&each[0]));
	assert_int_equal(1, asks(&each[0]));
	/* It goes on: the next one is left to it. */
	assert_true(siblings_may_accept(&each[2], false));
	assert_false(siblings_may_accept(&each[0], false));
}

static void
test_who_waits_for_two_is_not_kept_by_the_one_who_waits(void **state)
{
	struct siblings *each = *state;

	/* The last one is stopped; the second has more, the first most. */
	siblings_tell(&each[0], 200);
	siblings_tell(&each[1], 100);
	(void)siblings_may_accept(&each[0], false);
	(void)siblings_may_accept(&each[1], false);
	for (int i = 0; i < SIBLINGS_PATIENCE; i++)
		assert_false(siblings_may_accept(&each[1], i > 0));
	assert_true(siblings_may_accept(&each[1], true));
}

static void
test_who_has_ended_is_left_nothing(void **state)
{
	struct siblings *each = *state;

	siblings_tell(&each[0], 100);
	siblings_tell(&each[1], 100);
	assert_false(siblings_may_accept(&each[0], false));
	siblings_leave(&each[0], 2);
	assert_true(siblings_may_accept(&each[0], false));
	/* Started again it has nothing yet. */
	siblings_join(&each[2], 2);
	assert_true(siblings_may_accept(&each[2], false));
	assert_false(siblings_may_accept(&each[0], false));
}

static void
test_streams_are_counted_together(void **state)
{
	struct siblings *each = *state;

	assert_true(siblings_take_stream(&each[0], 3));
	assert_true(siblings_take_stream(&each[1], 3));
	assert_true(siblings_take_stream(&each[1], 3));
	for (unsigned i = 0; i < 3; i++)
		assert_false(siblings_take_stream(&each[i], 3));
	assert_true(siblings_take_stream(&each[2], 0));
	siblings_give_stream(&each[2]);
	siblings_give_stream(&each[0]);
	assert_true(siblings_take_stream(&each[2], 3));
	assert_false(siblings_take_stream(&each[0], 3));
	/* Who was killed gives back what it had. */
	siblings_leave(&each[0], 1);
	assert_true(siblings_take_stream(&each[0], 3));
	assert_true(siblings_take_stream(&each[0], 3));
	assert_false(siblings_take_stream(&each[0], 3));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_has_as_many_as_others_accepts),
		TEST(test_who_has_more_leaves_it_while_others_look),
		TEST(test_one_who_does_not_look_is_not_waited_for_again),
		TEST(test_who_waits_for_two_is_not_kept_by_the_one_who_waits),
		TEST(test_who_has_ended_is_left_nothing),
		TEST(test_streams_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
