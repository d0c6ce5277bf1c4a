/* What --listen HOST:PORT may be. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listen/address.h"

static const struct {
	const char *text;
	const char *bound; /* "address port", or NULL: refused */
} rows[] = {
	{ "127.0.0.1:9000", "127.0.0.1 9000" },
	{ "0.0.0.0:1", "0.0.0.0 1" },
	{ ":9000", "0.0.0.0 9000" },
	{ "127.0.0.1:0", "127.0.0.1 0" },
	{ "127.0.0.1:65535", "127.0.0.1 65535" },
	{ "[::1]:9000", "::1 9000" },
	{ "[::]:9000", ":: 9000" },
	{ "[2001:db8::7]:80", "2001:db8::7 80" },
	/* The last colon is that of the port. */
	{ "::1:9000", "::1 9000" },
	{ "127.0.0.1:65536", NULL },
	{ "127.0.0.1:4295032736", NULL },
	{ "127.0.0.1:-1", NULL },
	{ "127.0.0.1:", NULL },
	{ "127.0.0.1", NULL },
	{ "9000", NULL },
	{ "", NULL },
	{ ":", NULL },
	{ "[::1]", NULL },
	{ "[::1:9000", NULL },
	{ "[]:no-service", NULL },
	{ "127.0.0.1:no-service", NULL },
};

static void
bound_of(const struct address *address, char *out, size_t room)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	char host[INET6_ADDRSTRLEN] = "";
	unsigned port;

	if (address->sockaddr.ss_family == AF_INET) {
		assert_int_equal(address->len, sizeof(in));
		memcpy(&in, &address->sockaddr, sizeof(in));
		inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
		port = ntohs(in.sin_port);
	} else {
		assert_int_equal(address->sockaddr.ss_family, AF_INET6);
		assert_int_equal(address->len, sizeof(in6));
		memcpy(&in6, &address->sockaddr, sizeof(in6));
		inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
		port = ntohs(in6.sin6_port);
	}
	snprintf(out, room, "%s %u", host, port);
}

static void
each_address_is_read_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address address;
		const char *wrong = address_read(rows[i].text, &address);
		char bound[INET6_ADDRSTRLEN + 16];

		if ((wrong == NULL) != (rows[i].bound != NULL))
			fail_msg("\"%s\": %s", rows[i].text,
			    wrong == NULL ? "taken" : wrong);
		if (wrong != NULL)
			continue;
		bound_of(&address, bound, sizeof(bound));
		assert_string_equal(bound, rows[i].bound);
	}
}

static void
what_does_not_fit_is_refused(void **state)
{
	char text[1024];
	struct address address;

	(void)state;
	memset(text, '1', sizeof(text));
	memcpy(text + sizeof(text) - 6, ":9000", 6);
	assert_non_null(address_read(text, &address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_is_read_as_the_table_says),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
