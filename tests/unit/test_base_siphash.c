/*
 * SipHash-1-3 against hashes that CPython 3.11, which has its own, gives for
 * bytes under the same keys (PYTHONHASHSEED=0, 1 and 20261129).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

static const struct siphash_key keys[] = {
	{ 0, 0 },
	{ 0xaed66ce184be2329, 0xebe9bbf1f1499052 },
	{ 0x44d0fb7420708d88, 0xeaec3900208ca583 },
};

/* Of the bytes 0, 1, 2 ... up to the length, under each key. */
static const struct {
	size_t len;
	uint64_t hashes[3];
} rows[] = {
	{ 1, { 0x68a914128e01e473, 0xecd3e5afcecda4b9, 0x3290c929ec67b6c5 } },
	{ 2, { 0x10bac45c41e3669, 0xbf360f1ea1745965, 0x5e0dda3ac7e2d60 } },
	{ 3, { 0x4d4c9a4a8ef6e0ad, 0x8d5b20ab227ba858, 0x514bea16dfa8bd3b } },
	{ 7, { 0x2f098ab0c751325a, 0xfd15e78052a69ddf, 0xc9b6429e17f270ea } },
	{ 8, { 0xead411e67ebe2eea, 0xc0b5739e7e28dd01, 0xbc5dc40e904c7cf5 } },
	{ 9, { 0x75927f9d95124362, 0x208a1a5a0cbbf778, 0x9b1c236a32246d43 } },
	{ 15, { 0xf30eb725bb91c9ea, 0xfa87985f39e97a53, 0xb6910b1edc672154 } },
	{ 16, { 0x8972188433a5c5b7, 0x12e9d283f9f37002, 0x697dd3c850ccbc63 } },
	{ 63, { 0x385d3e39e5f37359, 0x542052345bc68274, 0x5fb8ef944e8fea42 } },
	{ 64, { 0x75e05fd5bbc870c6, 0x7e644b6edc375dc8, 0xc94235528124ce8e } },
};

static void
test_known_bytes_have_their_known_hashes(void **state)
{
	uint8_t bytes[65];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < 3; k++)
			assert_true(siphash_13(&keys[k], bytes, rows[i].len) ==
			    rows[i].hashes[k]);
	}
}

static void
test_it_does_not_matter_where_the_bytes_stand(void **state)
{
	static const uint8_t text[] = "0123456789abcdefghijklmn";
	uint8_t moved[sizeof(text) + 8];

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		for (size_t i = 0; i < sizeof(text); i++)
			moved[shift + i] = text[i];
		assert_true(siphash_13(&keys[1], moved + shift, sizeof(text)) ==
		    siphash_13(&keys[1], text, sizeof(text)));
	}
}

static void
test_no_bytes_are_bytes_too(void **state)
{
	(void)state;
	assert_true(
	    siphash_13(&keys[0], NULL, 0) != siphash_13(&keys[1], NULL, 0));
	assert_true(
	    siphash_13(&keys[0], NULL, 0) != siphash_13(&keys[0], "", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes_have_their_known_hashes),
		cmocka_unit_test(test_it_does_not_matter_where_the_bytes_stand),
		cmocka_unit_test(test_no_bytes_are_bytes_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
