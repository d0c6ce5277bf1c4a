/* Which flush mode a stream gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/flush.h"

static void
test_auto_is_what_suits_the_gateway(void **state)
{
	struct settings settings = { .flush_mode = FLUSH_AUTO };

	(void)state;
	assert_int_equal(
	    flush_choose(&settings, FLUSH_AUTO, GATEWAY_CGI), FLUSH_STREAM);
	assert_int_equal(
	    flush_choose(&settings, FLUSH_AUTO, GATEWAY_NONE), FLUSH_STREAM);
	assert_int_equal(
	    flush_choose(&settings, FLUSH_AUTO, GATEWAY_SPAWNER), FLUSH_STREAM);
	assert_int_equal(
	    flush_choose(&settings, FLUSH_AUTO, GATEWAY_FCGID), FLUSH_CLOSE);
}

static void
test_what_is_configured_wins_over_the_gateway(void **state)
{
	struct settings settings = { .flush_mode = FLUSH_STREAM };

	(void)state;
	for (int mode = FLUSH_STREAM; mode <= FLUSH_CLOSE; mode++) {
		settings.flush_mode = mode;
		assert_int_equal(
		    flush_choose(&settings, FLUSH_AUTO, GATEWAY_FCGID), mode);
	}
}

static void
test_a_client_chooses_only_where_it_may(void **state)
{
	struct settings settings = { .flush_mode = FLUSH_PAD };

	(void)state;
	assert_int_equal(
	    flush_choose(&settings, FLUSH_CLOSE, GATEWAY_CGI), FLUSH_PAD);
	settings.client_may_choose = 1;
	assert_int_equal(
	    flush_choose(&settings, FLUSH_CLOSE, GATEWAY_CGI), FLUSH_CLOSE);
	assert_int_equal(
	    flush_choose(&settings, FLUSH_AUTO, GATEWAY_CGI), FLUSH_PAD);
}

static void
test_modes_are_found_by_their_names(void **state)
{
	(void)state;
	for (int mode = FLUSH_STREAM; mode <= FLUSH_CLOSE; mode++)
		assert_int_equal(
		    flush_find(flush_get((enum flush_mode)mode)->name), mode);
	assert_int_equal(flush_find("auto"), FLUSH_AUTO);
	assert_int_equal(flush_find(""), FLUSH_AUTO);
	assert_int_equal(flush_find("closed"), FLUSH_AUTO);
}

/* The names in the table of settings stand in the order of the modes. */
static void
test_settings_and_modes_have_the_same_names(void **state)
{
	const struct conf_key *key = settings_find("mode", 4);

	(void)state;
	assert_non_null(key);
	assert_string_equal(key->choices[FLUSH_AUTO], "auto");
	for (int mode = FLUSH_STREAM; mode <= FLUSH_CLOSE; mode++)
		assert_string_equal(
		    key->choices[mode], flush_get((enum flush_mode)mode)->name);
	assert_null(key->choices[FLUSH_CLOSE + 1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto_is_what_suits_the_gateway),
		cmocka_unit_test(test_what_is_configured_wins_over_the_gateway),
		cmocka_unit_test(test_a_client_chooses_only_where_it_may),
		cmocka_unit_test(test_modes_are_found_by_their_names),
		cmocka_unit_test(test_settings_and_modes_have_the_same_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("flush", tests, NULL, NULL);
}
