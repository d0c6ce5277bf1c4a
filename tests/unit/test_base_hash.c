/*
 * Hashes are part of event ids: a value here that changes makes every id that
 * clients hold unknown.  Vectors of FNV-1a: Fowler, Noll and Vo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static void
test_known_texts_have_their_known_hashes(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint64_t hash;
	} rows[] = {
		{ "", 0, 0xcbf29ce484222325 },
		{ "a", 1, 0xaf63dc4c8601ec8c },
		{ "b", 1, 0xaf63df4c8601f1a5 },
		{ "foobar", 6, 0x85944171f73967e8 },
		{ "hello", 5, 0xa430d84680aabd0b },
		{ "", 1, 0xaf63bd4c8601b7df },
		{ "\xff", 1, 0xaf64724c8602eb6e },
		{ "chongo was here!\n", 17, 0x46810940eff5f915 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(hash_bytes(HASH_START, rows[i].text, rows[i].len) ==
		    rows[i].hash);
}

static void
test_a_hash_may_be_continued_at_every_byte(void **state)
{
	static const char text[] = "the quick brown fox";
	uint64_t whole = hash_bytes(HASH_START, text, sizeof(text));

	(void)state;
	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		uint64_t first = hash_bytes(HASH_START, text, cut);

		assert_true(
		    hash_bytes(first, text + cut, sizeof(text) - cut) == whole);
	}
}

static void
test_mixing_gives_the_known_values(void **state)
{
	static const uint64_t rows[][2] = {
		{ 0, 0 },
		{ 1, 0xb456bcfc34c2cb2c },
		{ 2, 0x3abf2a20650683e7 },
		{ UINT64_MAX, 0x64b5720b4b825f21 },
		{ HASH_START, 0xefd01f60ba992926 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(hash_mix(rows[i][0]) == rows[i][1]);
}

/* Every single bit of the input must be able to change the top and the low
 * bits of the output, for these are cut out. */
static void
test_mixing_spreads_every_bit_to_both_ends(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		uint64_t tops = 0;
		uint64_t lows = 0;

		for (uint64_t value = 1; value < 200; value++) {
			uint64_t change = hash_mix(value * 0x9e3779b9) ^
			    hash_mix(value * 0x9e3779b9 ^ (uint64_t)1 << bit);

			tops |= change >> 46;
			lows |= change & 0x3ffff;
		}
		assert_int_equal(tops, 0x3ffff);
		assert_int_equal(lows, 0x3ffff);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_texts_have_their_known_hashes),
		cmocka_unit_test(test_a_hash_may_be_continued_at_every_byte),
		cmocka_unit_test(test_mixing_gives_the_known_values),
		cmocka_unit_test(test_mixing_spreads_every_bit_to_both_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
