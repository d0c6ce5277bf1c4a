/* What counts as one address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spool/slots.h"

static uint64_t
of(const char *text)
{
	return slots_address(text, strlen(text));
}

static void
test_what_counts_as_one(void **state)
{
	static const char *const same[][2] = {
		{ "192.0.2.1", "::ffff:192.0.2.1" },
		{ "192.0.2.1", "::FFFF:C000:201" },
		{ "192.0.2.1", "64:ff9b::192.0.2.1" },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff" },
		{ "2001:db8:1:2::1", "2001:0DB8:0001:0002::" },
		{ "fe80::1", "fe80::1%eth0" },
		{ "unix:", "unix:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_not_equal(of(same[i][0]), 0);
		assert_int_equal(of(same[i][0]), of(same[i][1]));
	}
}

static void
test_what_does_not(void **state)
{
	static const char *const all[] = {
		"192.0.2.1",
		"192.0.2.2",
		"2001:db8:1:2::1",
		"2001:db8:1:3::1",
		"2001:db8::1",
		"64:ff9b::192.0.2.3",
		"::ffff:192.0.2.4",
		"::1",
		"::2:0:0:0:1",
		"fe80::1",
		"fe80::2",
		"192.0.2.1:80",
		"192.0.2.1 ",
		"192.0.2.01",
		"unix:",
		"unix:/run/a",
		"a",
		" ",
		"%",
		"a name that is much longer than any address ever can be, so",
		"a name that is much longer than any address ever can be, no",
	};
	size_t n = sizeof(all) / sizeof(all[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(of(all[i]), 0);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(of(all[i]), of(all[k]));
	}
}

static void
test_none_is_none(void **state)
{
	(void)state;
	assert_int_equal(slots_address("", 0), 0);
	assert_int_equal(slots_address(NULL, 0), 0);
}

static void
test_only_so_many_bytes_are_read(void **state)
{
	(void)state;
	assert_int_equal(slots_address("192.0.2.12", 9), of("192.0.2.1"));
	assert_int_not_equal(slots_address("192.0.2.1\0", 10), of("192.0.2.1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_counts_as_one),
		cmocka_unit_test(test_what_does_not),
		cmocka_unit_test(test_none_is_none),
		cmocka_unit_test(test_only_so_many_bytes_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("slots_address", tests, NULL, NULL);
}
