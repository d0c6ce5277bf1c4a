/* The names that are kept of a folder. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spool/names.h"

#define MANY 20000

static struct buf seen;

static int
see(void *cookie, const char *name)
{
	(void)cookie;
	return buf_printf(&seen, "%s ", name);
}

static void
assert_names(const struct names *names, const char *want)
{
	seen.len = 0;
	assert_int_equal(names_each(names, see, NULL), 0);
	assert_int_equal(buf_append(&seen, "", 1), 0);
	assert_string_equal((const char *)seen.data, want);
	buf_free(&seen);
}

static void
test_a_name_is_there_as_long_as_it_has_a_sign(void **state)
{
	struct names names = { 0 };

	(void)state;
	names_remove(&names, "none", 0);
	assert_int_equal(names_add(&names, "news", 0), 0);
	assert_int_equal(names_add(&names, "jobs", 2), 0);
	assert_int_equal(names_add(&names, "news", 0), 0);
	assert_int_equal(names_add(&names, "news", 7), 0);
	assert_names(&names, "news jobs ");
	names_remove(&names, "news", 0);
	names_remove(&names, "news", 3);
	names_remove(&names, "jobs", 2);
	assert_names(&names, "news ");
	names_remove(&names, "news", 7);
	names_remove(&names, "news", 7);
	assert_names(&names, "");
	assert_int_equal(names_add(&names, "jobs", 1), 0);
	assert_names(&names, "jobs ");
	names_free(&names);
	assert_names(&names, "");
}

static int
count(void *cookie, const char *name)
{
	size_t *n = cookie;

	assert_true(atoi(name) % 3 == 0);
	++*n;
	return 0;
}

static int
stop_at_two(void *cookie, const char *name)
{
	size_t *n = cookie;

	(void)name;
	return ++*n == 2 ? 7 : 0;
}

static void
test_any_number_comes_and_goes_and_leaves_no_memory(void **state)
{
	struct names names = { 0 };
	char name[16];
	size_t n = 0, most;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "%d", i);
			assert_int_equal(names_add(&names, name, 0), 0);
		}
		if (round == 0)
			most = names.list.cap;
		for (int i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "%d", i);
			if (i % 3 != 0)
				names_remove(&names, name, 0);
		}
		assert_true(names.list.cap <= 2 * most);
		n = 0;
		assert_int_equal(names_each(&names, count, &n), 0);
		assert_int_equal(n, (MANY + 2) / 3);
	}
	/* What the visitor returns ends it. */
	n = 0;
	assert_int_equal(names_each(&names, stop_at_two, &n), 7);
	assert_int_equal(n, 2);
	names_free(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_there_as_long_as_it_has_a_sign),
		cmocka_unit_test(
		    test_any_number_comes_and_goes_and_leaves_no_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
