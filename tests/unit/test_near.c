/* How near two words are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/near.h"

static void
test_each_mistake_is_one(void **state)
{
	(void)state;
	assert_int_equal(near_distance("publish", "publish"), 0);
	assert_int_equal(near_distance("pblish", "publish"), 1);
	assert_int_equal(near_distance("publissh", "publish"), 1);
	assert_int_equal(near_distance("publich", "publish"), 1);
	assert_int_equal(near_distance("pubilsh", "publish"), 1);
	assert_int_equal(near_distance("", "serve"), 5);
	assert_int_equal(near_distance("serve", ""), 5);
}

static void
test_mistakes_add_up(void **state)
{
	(void)state;
	assert_int_equal(near_distance("kitten", "sitting"), 3);
	assert_int_equal(near_distance("lifteime", "lifetimes"), 2);
	/* No byte is changed twice: that is what "alignment" says. */
	assert_int_equal(near_distance("ca", "abc"), 3);
}

static void
test_what_is_long_is_near_to_nothing(void **state)
{
	char most[NEAR_MAX + 1], more[NEAR_MAX + 2];

	(void)state;
	memset(most, 'x', NEAR_MAX);
	most[NEAR_MAX] = '\0';
	memset(more, 'x', NEAR_MAX + 1);
	more[NEAR_MAX + 1] = '\0';
	assert_int_equal(near_distance(most, most), 0);
	assert_true(near_distance(more, most) == SIZE_MAX);
	assert_true(near_distance(most, more) == SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake_is_one),
		cmocka_unit_test(test_mistakes_add_up),
		cmocka_unit_test(test_what_is_long_is_near_to_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}
