/* Repair of UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "format/utf8.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define R "\xef\xbf\xbd"

/*
 * The decoder of WHATWG Encoding 8.1.1 as it stands there, a byte at a time,
 * with NUL replaced as well.  What utf8_append does must be the same.
 */
struct decoder {
	unsigned needed, seen;
	uint8_t lower, upper;
	uint8_t bytes[4];
};

static void
put(struct buf *out, const void *bytes, size_t len)
{
	assert_int_equal(buf_append(out, bytes, len), 0);
}

static void
start_sequence(struct decoder *d, struct buf *out, uint8_t byte)
{
	d->seen = 0;
	d->needed = 0;
	d->lower = 0x80;
	d->upper = 0xbf;
	d->bytes[0] = byte;
	if (byte >= 0xc2 && byte <= 0xdf) {
		d->needed = 1;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		d->needed = 2;
		if (byte == 0xe0)
			d->lower = 0xa0;
		if (byte == 0xed)
			d->upper = 0x9f;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		d->needed = 3;
		if (byte == 0xf0)
			d->lower = 0x90;
		if (byte == 0xf4)
			d->upper = 0x8f;
	} else if (byte >= 1 && byte <= 0x7f) {
		put(out, &byte, 1);
	} else {
		put(out, R, 3);
	}
}

static void
decode(const uint8_t *bytes, size_t len, struct buf *out)
{
	struct decoder d = { 0 };

	for (size_t i = 0; i < len; i++) {
		if (d.needed == 0) {
			start_sequence(&d, out, bytes[i]);
			continue;
		}
		if (bytes[i] < d.lower || bytes[i] > d.upper) {
			put(out, R, 3);
			/* "Prepend byte to stream". */
			start_sequence(&d, out, bytes[i]);
			continue;
		}
		d.lower = 0x80;
		d.upper = 0xbf;
		d.bytes[++d.seen] = bytes[i];
		if (d.seen == d.needed) {
			put(out, d.bytes, d.seen + 1);
			d.needed = 0;
		}
	}
	if (d.needed > 0)
		put(out, R, 3);
}

/* From a block of just that size, so that a read beyond it is noticed. */
static void
check(const void *bytes, size_t len)
{
	uint8_t *exact = malloc(len == 0 ? 1 : len);
	struct buf want = { 0 };
	struct buf got = { 0 };

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	decode(exact, len, &want);
	assert_int_equal(utf8_append(&got, exact, len), 0);
	if (got.len != want.len ||
	    (want.len > 0 && memcmp(got.data, want.data, want.len) != 0)) {
		for (size_t i = 0; i < len; i++)
			print_error("%02x ", exact[i]);
		fail_msg("%zu bytes", len);
	}
	assert_int_equal(utf8_is_valid(exact, len),
	    got.len == len && (len == 0 || memcmp(got.data, exact, len) == 0));
	free(exact);
	buf_free(&want);
	buf_free(&got);
}

static void
test_maximal_subparts_become_one_replacement_each(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *want;
	} rows[] = {
		{ "", 0, "" },
		{ "plain", 5, "plain" },
		{ "\0", 1, R },
		{ "a\0b", 3, "a" R "b" },
		{ "\x7f", 1, "\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac", 3, "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
		{ "\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf" },
		/* Noncharacters and U+FEFF are characters here. */
		{ "\xef\xbf\xbf", 3, "\xef\xbf\xbf" },
		{ "\xef\xbb\xbfx", 4, "\xef\xbb\xbfx" },
		/* Lone continuations, overlong forms, surrogates. */
		{ "\x80", 1, R },
		{ "\x80\xbf", 2, R R },
		{ "\xc0\x80", 2, R R },
		{ "\xc1\xbf", 2, R R },
		{ "\xe0\x80\x80", 3, R R R },
		{ "\xe0\x9f\xbf", 3, R R R },
		{ "\xf0\x80\x80\x80", 4, R R R R },
		{ "\xf0\x8f\xbf\xbf", 4, R R R R },
		{ "\xed\xa0\x80", 3, R R R },
		{ "\xed\xbf\xbf", 3, R R R },
		{ "\xed\x9f\xbf", 3, "\xed\x9f\xbf" },
		/* Beyond U+10FFFF, and bytes that never occur. */
		{ "\xf4\x90\x80\x80", 4, R R R R },
		{ "\xf5\x80\x80\x80", 4, R R R R },
		{ "\xf8\x88\x80\x80\x80", 5, R R R R R },
		{ "\xfe\xff", 2, R R },
		/* Cut short: one for what might have gone on. */
		{ "\xc3", 1, R },
		{ "\xe2\x82", 2, R },
		{ "\xf0\x9f\x98", 3, R },
		{ "\xf0\x9f\x98x", 4, R "x" },
		{ "\xe2\x82\xe2\x82\xac", 5, R "\xe2\x82\xac" },
		{ "\xf0\x90\xf0\x90", 4, R R },
		/* Unicode 3.9, tables 3-8 and 3-11. */
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", 9,
		    R R R R R R R R "A" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", 9, R R R R "A" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct buf out = { 0 };

		assert_int_equal(
		    utf8_append(&out, (const uint8_t *)rows[i].in, rows[i].len),
		    0);
		assert_int_equal(buf_append(&out, "", 1), 0);
		assert_string_equal((const char *)out.data, rows[i].want);
		buf_free(&out);
		check(rows[i].in, rows[i].len);
	}
}

static void
test_every_pair_of_bytes_is_as_in_the_standard(void **state)
{
	(void)state;
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			uint8_t bytes[3] = { (uint8_t)first, (uint8_t)second,
				'x' };

			check(bytes, 2);
			check(bytes, 3);
		}
	}
}

/* Bytes at which something changes, in all sequences of four. */
static void
test_every_edge_is_as_in_the_standard(void **state)
{
	static const uint8_t edges[] = { 0x00, 'A', 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
		0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	size_t n = sizeof(edges);

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		uint8_t bytes[4] = { edges[i % n], edges[i / n % n],
			edges[i / n / n % n], edges[i / n / n / n] };

		check(bytes, 4);
	}
}

/* The fast way over plain text must end at the right byte, however it lies. */
static void
test_one_bad_byte_in_plain_text_is_found_anywhere(void **state)
{
	uint8_t text[40];

	(void)state;
	for (size_t len = 1; len <= sizeof(text); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', len);
			text[at] = 0;
			check(text, len);
			text[at] = 0x80;
			check(text, len);
			text[at] = 0xc3;
			check(text, len);
			memset(text, 1, len);
			text[at] = 0;
			check(text, len);
		}
	}
}

static void
test_random_bytes_are_as_in_the_standard(void **state)
{
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)rnd_between(&rnd, 0, 60);
		int64_t low = rnd_between(&rnd, 0, 1) == 0 ? 0 : 0x78;
		uint8_t bytes[60];

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)rnd_between(&rnd, low, 255);
		check(bytes, len);
	}
}

static void
test_what_was_in_the_buffer_stays(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(buf_puts(&out,
			     "\xff"
			     "before "),
	    0);
	assert_int_equal(utf8_append(&out, (const uint8_t *)"x\xff", 2), 0);
	assert_int_equal(out.len, 12);
	assert_memory_equal(out.data,
	    "\xff"
	    "before x" R,
	    12);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_maximal_subparts_become_one_replacement_each),
		cmocka_unit_test(
		    test_every_pair_of_bytes_is_as_in_the_standard),
		cmocka_unit_test(test_every_edge_is_as_in_the_standard),
		cmocka_unit_test(
		    test_one_bad_byte_in_plain_text_is_found_anywhere),
		cmocka_unit_test(test_random_bytes_are_as_in_the_standard),
		cmocka_unit_test(test_what_was_in_the_buffer_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
