/* Who started the program, by the socket that it was given. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helpers/temp_dir.h"
#include "hub/policy.h"
#include "listen/gateway.h"

static const char *const usual[] = { "HOME", "USER", "PWD", "LANG", "SHLVL" };

/* What a socket of this name in the test's folder says. */
static enum gateway
by_name(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	enum gateway gateway;

	assert_true(fd != -1);
	assert_true((size_t)snprintf(address.sun_path, sizeof(address.sun_path),
			"%s/%s", temp_dir, name) < sizeof(address.sun_path));
	unlink(address.sun_path);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	gateway = gateway_spawned(fd);
	close(fd);
	unlink(address.sun_path);
	return gateway;
}

static int
empty_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		unsetenv(usual[i]);
	return 0;
}

static void
test_mod_fcgid_is_known_by_the_name_of_its_socket(void **state)
{
	static const struct {
		const char *name;
		enum gateway gateway;
	} rows[] = {
		{ "1234.0", GATEWAY_FCGID },
		{ "1.17", GATEWAY_FCGID },
		{ "events.sock", GATEWAY_SPAWNER },
		{ "events.sock-0", GATEWAY_SPAWNER },
		{ "1234", GATEWAY_SPAWNER },
		{ "1234.", GATEWAY_SPAWNER },
		{ ".0", GATEWAY_SPAWNER },
		{ "1234.0x", GATEWAY_SPAWNER },
		{ "1234.0.0", GATEWAY_SPAWNER },
		{ "x1234.0", GATEWAY_SPAWNER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (by_name(rows[i].name) != rows[i].gateway)
			fail_msg("%s", rows[i].name);
	}
}

static void
test_with_an_environment_it_has_to_be_the_child_of_that_process(void **state)
{
	char name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		assert_int_equal(setenv(usual[i], "x", 1), 0);
		assert_int_equal(by_name("1.0"), GATEWAY_SPAWNER);
		unsetenv(usual[i]);
	}
	assert_int_equal(setenv("HOME", "x", 1), 0);
	snprintf(name, sizeof(name), "%ld.3", (long)getppid());
	assert_int_equal(by_name(name), GATEWAY_FCGID);
}

static void
test_other_sockets_are_those_of_one_who_serves_many(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_true(fd != -1);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(gateway_spawned(fd), GATEWAY_SPAWNER);
	close(fd);
	assert_int_equal(gateway_spawned(-1), GATEWAY_SPAWNER);
}

static void
test_only_these_serve_one_viewer_each(void **state)
{
	(void)state;
	assert_true(policy_of(GATEWAY_NONE)->holds_many);
	assert_true(policy_of(GATEWAY_SPAWNER)->holds_many);
	assert_false(policy_of(GATEWAY_FCGID)->holds_many);
	assert_false(policy_of(GATEWAY_CGI)->holds_many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define BARE(test) cmocka_unit_test_setup(test, empty_environment)
		BARE(test_mod_fcgid_is_known_by_the_name_of_its_socket),
		BARE(
		    test_with_an_environment_it_has_to_be_the_child_of_that_process),
		BARE(test_other_sockets_are_those_of_one_who_serves_many),
		cmocka_unit_test(test_only_these_serve_one_viewer_each),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "gateway", tests, temp_dir_make, temp_dir_remove);
}
