/* Web servers, as they call themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/front.h"

static void
test_incremental_is_for_lighttpd_from_1_4_83_on(void **state)
{
	static const struct {
		const char *software;
		bool heeds;
	} rows[] = {
		{ "lighttpd/1.4.69", false },
		{ "lighttpd/1.4.82", false },
		{ "lighttpd/1.4.83", true },
		{ "lighttpd/1.4.86-devel-2026", true },
		{ "lighttpd/1.4.100", true },
		{ "lighttpd/1.5.0", true },
		{ "lighttpd/2", true },
		{ "lighttpd/1.4", false },
		{ "lighttpd/", false },
		{ "lighttpd", false },
		{ "lighttpd/99999999999999999999.0", true },
		{ "lighttpd/x.y.z", false },
		{ "Apache/2.4.71 (Debian)", false },
		{ "nginx/1.22.1", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (front_heeds_incremental(rows[i].software,
			strlen(rows[i].software)) != rows[i].heeds)
			fail_msg("%s", rows[i].software);
	}
	assert_false(front_heeds_incremental(NULL, 0));
	/* Not more of the text than there is. */
	assert_false(front_heeds_incremental("lighttpd/1.4.83", 14));
}

static void
test_a_server_is_told_what_makes_it_stream(void **state)
{
	(void)state;
	assert_string_equal(front_find("lighttpd/1.4.69", 15)->directive,
	    "server.stream-response-body = 2");
	assert_non_null(
	    strstr(front_find("Apache/2.4", 10)->directive, "flushpackets=on"));
	assert_null(front_find("nginx/1.22.1", 12)->directive);
	assert_null(front_find("h2o/2.2.5", 9)->directive);
	assert_null(front_find("Caddy/v2", 8)->directive);
	assert_non_null(front_find("unheard-of", 10)->directive);
	assert_non_null(front_find(NULL, 0)->directive);
}

static void
test_mod_fcgid_is_found_in_the_name_of_apache(void **state)
{
	static const char full[] = "Apache/2.4.71 (Debian) mod_fcgid/2.3.9";

	(void)state;
	assert_true(front_names_fcgid(full, strlen(full)));
	assert_false(front_names_fcgid(full, strlen(full) - 6));
	assert_false(front_names_fcgid("Apache", 6));
	assert_false(front_names_fcgid(NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_incremental_is_for_lighttpd_from_1_4_83_on),
		cmocka_unit_test(test_a_server_is_told_what_makes_it_stream),
		cmocka_unit_test(test_mod_fcgid_is_found_in_the_name_of_apache),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
