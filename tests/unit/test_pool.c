/* Things of one size that come and go in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/rnd.h"

#define THINGS 1000
#define SIZE 100

static void
is_all(const uint8_t *thing, uint8_t byte)
{
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(thing[i], byte);
}

static void
a_thing_is_zeros_also_when_it_was_used(void **state)
{
	struct pool pool;
	uint8_t *thing;

	(void)state;
	pool_init(&pool, SIZE);
	for (int i = 0; i < 3; i++) {
		thing = pool_get(&pool);
		assert_non_null(thing);
		assert_int_equal((uintptr_t)thing % sizeof(void *), 0);
		is_all(thing, 0);
		memset(thing, 0xff, SIZE);
		pool_put(&pool, thing);
	}
	pool_free(&pool);
}

static void
things_stay_as_they_are_while_others_come_and_go(void **state)
{
	static uint8_t *things[THINGS];
	struct rnd rnd = { .state = 1 };
	struct pool pool;
	size_t i;

	(void)state;
	pool_init(&pool, SIZE);
	for (int turn = 0; turn < 50000; turn++) {
		i = (size_t)rnd_between(&rnd, 0, THINGS - 1);
		if (things[i] == NULL) {
			things[i] = pool_get(&pool);
			assert_non_null(things[i]);
			is_all(things[i], 0);
			memset(things[i], (int)(i % 255 + 1), SIZE);
		} else {
			is_all(things[i], (uint8_t)(i % 255 + 1));
			pool_put(&pool, things[i]);
			things[i] = NULL;
		}
	}
	for (i = 0; i < THINGS; i++) {
		if (things[i] == NULL)
			continue;
		is_all(things[i], (uint8_t)(i % 255 + 1));
		pool_put(&pool, things[i]);
	}
	pool_free(&pool);
}

static void
blocks_that_are_empty_are_given_back(void **state)
{
	static void *things[THINGS];
	struct pool pool;
	size_t blocks = 0;

	(void)state;
	pool_init(&pool, SIZE);
	for (size_t i = 0; i < THINGS; i++)
		assert_non_null(things[i] = pool_get(&pool));
	for (size_t i = 0; i < THINGS; i++)
		pool_put(&pool, things[i]);
	LIST_EACH (node, &pool.blocks)
		blocks++;
	assert_true(blocks <= 1);
	pool_free(&pool);
	assert_true(list_is_empty(&pool.blocks));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thing_is_zeros_also_when_it_was_used),
		cmocka_unit_test(
		    things_stay_as_they_are_while_others_come_and_go),
		cmocka_unit_test(blocks_that_are_empty_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
