/* Marks and the event ids made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "spool/mark.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

#define GB ((uint64_t)1 << 30)
#define TAG_MAX (((uint32_t)1 << MARK_TAG_BITS) - 1)

static const struct mark full = {
	.tag = TAG_MAX,
	.state = MARK_AT,
	.at = { .offset = 64 * GB - 1,
	    .ino = ((uint32_t)1 << MARK_INO_BITS) - 1,
	    .birth = ((uint32_t)1 << MARK_BIRTH_BITS) - 1,
	    .check = ((uint32_t)1 << MARK_CHECK_BITS) - 1 },
	.before = ((uint32_t)1 << MARK_BEFORE_BITS) - 1,
};

static void
assert_mark(const struct mark *got, const struct mark *want)
{
	assert_int_equal(got->tag, want->tag);
	assert_int_equal(got->state, want->state);
	if (want->state == MARK_LOST)
		assert_int_equal(got->reason, want->reason);
	if (want->state != MARK_AT)
		return;
	assert_int_equal(got->at.ino, want->at.ino);
	assert_int_equal(got->at.birth, want->at.birth);
	assert_int_equal(got->at.check, want->at.check);
	assert_true(got->at.offset == want->at.offset);
	assert_true(got->before == want->before);
	assert_int_equal(got->is_long, want->is_long);
}

/* The ids of a stream on these channels must mean the same for ever. */
static void
test_tags_of_names_never_change(void **state)
{
	char longest[65];

	(void)state;
	memset(longest, 'x', 64);
	longest[64] = '\0';
	assert_int_equal(mark_tag("news"), 0x512538);
	assert_int_equal(mark_tag("deploy"), 0x713e2d);
	assert_int_equal(mark_tag("build-*"), 0xe14b5a);
	assert_int_equal(mark_tag("A"), 0xda15c5);
	assert_int_equal(mark_tag(longest), 0x6a5def);
}

static void
test_texts_of_marks_never_change(void **state)
{
	static const struct {
		struct mark mark;
		const char *text;
	} rows[] = {
		{ { .tag = 0 }, "AAAA" },
		{ { .tag = TAG_MAX }, "____" },
		{ { .tag = 0x512538 }, "USU4" },
		{ { .tag = 1, .state = MARK_LOST, .reason = GAP_EXPIRED },
		    "AAABe" },
		{ { .tag = 1, .state = MARK_LOST, .reason = GAP_REPLACED },
		    "AAABr" },
		{ { .tag = 1, .state = MARK_LOST, .reason = GAP_UNKNOWN },
		    "AAABu" },
		{ { .tag = 0x512538, .state = MARK_AT }, "USU4AAAAAAAAAAA" },
		{ { .tag = 1,
		      .state = MARK_AT,
		      .at = { .offset = 64, .ino = 2, .birth = 3, .check = 4 },
		      .before = 5 },
		    "AAABACADAAEAAFBA" },
		{ { .tag = 62,
		      .state = MARK_AT,
		      .at = { .offset = 63, .ino = 61 } },
		    "AAA-A9AAAAAAAA_" },
		{ { .tag = 1,
		      .state = MARK_AT,
		      .at = { .offset = 64, .ino = 2, .birth = 3, .check = 4 },
		      .before = 5,
		      .is_long = true },
		    "AAABACADAAEAAAAAFAAAABA" },
		{ { .tag = 1,
		      .state = MARK_AT,
		      .at = { .offset = 64 * GB - 1 },
		      .before = 64 * GB - 1,
		      .is_long = true },
		    "AAABAAAAAAA____________" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char text[MARK_TEXT_MAX + 1] = { 0 };
		struct mark back;
		size_t len = mark_format(&rows[i].mark, text);

		assert_int_equal(len, strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_true(mark_parse(text, len, &back));
		assert_mark(&back, &rows[i].mark);
	}
	/* The largest of everything but the offset, which is one digit less. */
	{
		char text[MARK_TEXT_MAX + 1] = { 0 };

		assert_int_equal(mark_format(&full, text), 20);
		assert_string_equal(text, "____________________");
	}
}

static void
test_an_offset_takes_the_digits_that_it_needs(void **state)
{
	struct mark mark = full;
	char text[MARK_TEXT_MAX];

	(void)state;
	for (int bits = 0; bits <= 42; bits++) {
		uint64_t offset = ((uint64_t)1 << bits) - 1;
		size_t digits = bits == 0 ? 1 : ((size_t)bits + 5) / 6;
		struct mark back;
		size_t len;

		mark.at.offset = offset;
		len = mark_format(&mark, text);
		assert_int_equal(len, 14 + digits);
		assert_true(mark_parse(text, len, &back));
		assert_true(back.at.offset == offset);
	}
}

static void
test_a_number_that_is_too_large_makes_a_mark_short(void **state)
{
	struct mark mark = full, back;
	char text[MARK_TEXT_MAX];

	(void)state;
	mark.is_long = true;
	mark.before = 64 * GB;
	assert_int_equal(mark_format(&mark, text), 20);
	assert_true(mark_parse(text, 20, &back));
	assert_false(back.is_long);
	assert_true(back.before == (64 * GB - 1) % MARK_BEFORE_RANGE + 1);
	mark.before = 1;
	mark.at.offset = 64 * GB;
	assert_int_equal(mark_format(&mark, text), 21);
	assert_true(mark_parse(text, 21, &back));
	assert_false(back.is_long);
	assert_true(back.before == 1);
}

static struct mark
random_mark(struct rnd *rnd)
{
	struct mark mark = { 0 };

	mark.tag = (uint32_t)rnd_between(rnd, 0, TAG_MAX);
	mark.state = (enum mark_state)rnd_between(rnd, MARK_START, MARK_LOST);
	if (mark.state == MARK_LOST)
		mark.reason =
		    (enum gap_reason)rnd_between(rnd, GAP_EXPIRED, GAP_UNKNOWN);
	if (mark.state != MARK_AT)
		return mark;
	mark.at.ino = (uint32_t)rnd_between(rnd, 0, full.at.ino);
	mark.at.birth = (uint32_t)rnd_between(rnd, 0, full.at.birth);
	mark.at.check = (uint32_t)rnd_between(rnd, 0, full.at.check);
	mark.at.offset = (uint64_t)rnd_between(
	    rnd, 0, (int64_t)1 << rnd_between(rnd, 0, 41));
	mark.is_long = mark.at.offset < 64 * GB && rnd_between(rnd, 0, 1) == 1;
	mark.before = (uint64_t)rnd_between(
	    rnd, 0, (int64_t)(mark.is_long ? 64 * GB - 1 : MARK_BEFORE_RANGE));
	return mark;
}

/* Join the marks and put the publisher's id behind them, if there is one. */
static size_t
join(char *id, const struct mark *marks, size_t n, const char *own)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			id[len++] = '.';
		len += mark_format(&marks[i], id + len);
	}
	if (own != NULL) {
		memcpy(id + len, own, strlen(own));
		len += strlen(own);
	}
	return len;
}

static void
test_random_ids_come_back_as_they_were(void **state)
{
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd);
	printf("# seed %llu\n", (unsigned long long)rnd.state);
	for (int round = 0; round < 20000; round++) {
		struct mark marks[8], back;
		char id[200];
		size_t n = (size_t)rnd_between(&rnd, 1, 8);
		size_t len, at = 0;

		for (size_t i = 0; i < n; i++)
			marks[i] = random_mark(&rnd);
		len = join(id, marks, n, round % 2 == 0 ? NULL : "~a.b~c");
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(mark_next(id, len, &at, &back), 1);
			assert_mark(&back, &marks[i]);
		}
		assert_int_equal(mark_next(id, len, &at, &back), 0);
		assert_int_equal(mark_next(id, len, &at, &back), 0);
	}
}

static void
test_six_marks_fit_128_bytes_while_files_are_below_64_gb(void **state)
{
	struct mark marks[6];
	char id[200];

	(void)state;
	for (int i = 0; i < 6; i++)
		marks[i] = full;
	assert_true(join(id, marks, 6, NULL) <= 128);
}

static void
test_four_long_marks_leave_room_for_an_id_of_the_publisher(void **state)
{
	struct mark marks[4];
	char id[200];

	(void)state;
	for (int i = 0; i < 4; i++) {
		marks[i] = full;
		marks[i].is_long = true;
	}
	assert_true(MARK_SEAL_LEN + join(id, marks, 4, "~") <= 128 - 30);
}

static void
test_every_byte_of_an_id_is_safe_in_a_header(void **state)
{
	struct rnd rnd = { 7 };

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct mark mark = random_mark(&rnd);
		char text[MARK_TEXT_MAX];
		size_t len = mark_format(&mark, text);

		assert_in_range(len, 4, MARK_TEXT_MAX);
		for (size_t i = 0; i < len; i++)
			assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					       "abcdefghijklmnopqrstuvwxyz"
					       "0123456789-_",
			    text[i], 64));
	}
}

static void
test_what_is_no_mark_is_refused_and_changes_nothing(void **state)
{
	static const char *const texts[] = { "", "A", "AAA", "AAA.", "AAA~",
		"AAA\xff", "AAA ", "AAA=", "AAA+", "AAA/", "AAABx", "AAABE",
		"AAAB.", "AAABer", "AAABAACAADAAAE",
		/* A position without an offset, and one too long. */
		"AAABAACAADAAA", "AAABAACAADAAAEBBBBBBBBBB", "AAABAACAADAAAE.",
		"AAABAACAADAAAE~", "AAABAACAADAA=EB", "AAABAA+AADAAAEB",
		"AAA\nAACAADAAAEB" };

	(void)state;
	for (size_t i = 0; i < N_ROWS(texts); i++) {
		struct mark out = full;

		if (mark_parse(texts[i], strlen(texts[i]), &out))
			fail_msg("\"%s\"", texts[i]);
		assert_memory_equal(&out, &full, sizeof(out));
	}
	/* A NUL is no digit, and no end either. */
	{
		struct mark out = full;

		assert_false(mark_parse("AAA\0", 4, &out));
		assert_false(mark_parse("AAAA\0", 5, &out));
		assert_memory_equal(&out, &full, sizeof(out));
	}
}

static void
test_a_damaged_id_is_told_where_the_damage_is(void **state)
{
	static const struct {
		const char *id;
		int good; /* marks before the damage */
		bool is_damaged;
	} rows[] = {
		{ "", 0, true },
		{ "~", 0, true },
		{ "~x", 0, true },
		{ ".", 0, true },
		{ "AAAA", 1, false },
		{ "AAAA~", 1, false },
		{ "AAAA~.", 1, false },
		{ "AAAA~~", 1, false },
		{ "AAAA.", 1, true },
		{ "AAAA.~x", 1, true },
		{ ".AAAA", 0, true },
		{ "AAAA..AAAA", 1, true },
		{ "AAAA.AAABe", 2, false },
		{ "AAAA.AAABe.AAABz", 2, true },
		{ "AAAA AAAA", 0, true },
		{ "AAAA,AAAA", 0, true },
		{ "42", 0, true },
		/* Another program's id may look like one; its check will not.
		 */
		{ "1709218800000-0", 1, false },
		{ "undefined", 0, true },
		{ "%41AAA", 0, true },
		{ "\xe2\x80\xa6", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		size_t len = strlen(rows[i].id), at = 0;
		struct mark mark;
		int good = 0;
		int rc;

		while ((rc = mark_next(rows[i].id, len, &at, &mark)) == 1)
			good++;
		if (good != rows[i].good || (rc == -1) != rows[i].is_damaged)
			fail_msg("\"%s\": %d marks, %d", rows[i].id, good, rc);
	}
}

static void
test_reasons_have_the_words_that_clients_know(void **state)
{
	(void)state;
	assert_string_equal(mark_reason_name(GAP_EXPIRED), "expired");
	assert_string_equal(mark_reason_name(GAP_REPLACED), "replaced");
	assert_string_equal(mark_reason_name(GAP_UNKNOWN), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_of_names_never_change),
		cmocka_unit_test(test_texts_of_marks_never_change),
		cmocka_unit_test(test_an_offset_takes_the_digits_that_it_needs),
		cmocka_unit_test(
		    test_a_number_that_is_too_large_makes_a_mark_short),
		cmocka_unit_test(test_random_ids_come_back_as_they_were),
		cmocka_unit_test(
		    test_six_marks_fit_128_bytes_while_files_are_below_64_gb),
		cmocka_unit_test(
		    test_four_long_marks_leave_room_for_an_id_of_the_publisher),
		cmocka_unit_test(test_every_byte_of_an_id_is_safe_in_a_header),
		cmocka_unit_test(
		    test_what_is_no_mark_is_refused_and_changes_nothing),
		cmocka_unit_test(test_a_damaged_id_is_told_where_the_damage_is),
		cmocka_unit_test(test_reasons_have_the_words_that_clients_know),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
