/* What a file has to do with the one whose name it took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/temp_dir.h"
#include "spool/rewrite.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct segment *
make(const char *name, const void *bytes, size_t len)
{
	struct segment *seg;
	int fd = openat(temp_dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	seg = segment_open(temp_dir_fd, name, RECORD_LINE, TRUST_OWNER);
	assert_non_null(seg);
	return seg;
}

static enum rewrite
judge(const void *old_bytes, size_t old_len, const void *bytes, size_t len)
{
	struct segment *old = make("old", old_bytes, old_len);
	struct segment *file = make("file", bytes, len);
	struct position at;
	enum rewrite found;

	assert_int_equal(segment_tail(old, &at), 0);
	found = rewrite_judge(old, &at, file);
	segment_drop(&old);
	segment_drop(&file);
	return found;
}

static void
test_small_files(void **state)
{
	static const struct {
		const char *old, *file;
		enum rewrite want;
	} rows[] = {
		{ "1\n2\n", "3\n", REWRITE_NONE },
		{ "1\n2\n", "3\n1\n", REWRITE_NONE },
		{ "1\n2\n", "", REWRITE_UNKNOWN },
		{ "1\n2\n", "1", REWRITE_UNKNOWN },
		{ "1\n2\n", "1\n2\n", REWRITE_GREW },
		{ "1\n2\n", "1\n2\n3\n", REWRITE_GREW },
		{ "1\n2\n", "1\n", REWRITE_OTHER },
		{ "1\n2\n", "2\n3\n", REWRITE_OTHER },
		{ "1\n2\n", "1\ntwo\n3\n", REWRITE_OTHER },
		/* Changed at the start: its last records still stand. */
		{ "1\n2\n", "0\n1\n2\n", REWRITE_OTHER },
		{ "1\n2\n3\n", "one\n2\n3\n", REWRITE_NONE },
		{ "1\n2\n3\n4\n", "one\n2\n3\n4\n5\n", REWRITE_OTHER },
		{ "1\n2\n3\nok\n", "4\n5\n6\nok\n", REWRITE_NONE },
		{ "1\n\n\n\n", "2\n\n\n\n", REWRITE_NONE },
		/* A part of a line is not that line. */
		{ "21\n12\n", "1\n", REWRITE_NONE },
		{ "21\n12\n", "2\n", REWRITE_NONE },
		{ "21\n12\n", "12\n", REWRITE_OTHER },
		/* Nothing was read of it. */
		{ "1", "2\n", REWRITE_NONE },
		{ "", "1\n", REWRITE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		enum rewrite found = judge(rows[i].old, strlen(rows[i].old),
		    rows[i].file, strlen(rows[i].file));

		if (found != rows[i].want)
			fail_msg("%zu: %d", i, found);
	}
}

static void
test_a_record_is_found_wherever_it_stands(void **state)
{
	const size_t size = 400000;
	char *old = malloc(size);
	char line[16];

	(void)state;
	assert_non_null(old);
	for (size_t at = 0; at + 8 <= size; at += 8) {
		snprintf(line, sizeof(line), "%07zu\n", at);
		memcpy(old + at, line, 8);
	}
	for (size_t at = 0; at + 8 <= size; at += 8) {
		/* Around the ends of what is read at once. */
		if (at % 131072 > 64 && at % 131072 < 131072 - 64)
			continue;
		memcpy(line, old + at, 8);
		assert_int_equal(judge(old, size, line, 8), REWRITE_OTHER);
		assert_int_equal(
		    judge(old, size, "new one\n", 8), REWRITE_NONE);
	}
	free(old);
}

static void
test_of_large_files_nothing_is_believed(void **state)
{
	const size_t size = ((size_t)16 << 20) + 2;
	char *bytes = malloc(size);

	(void)state;
	assert_non_null(bytes);
	for (size_t at = 0; at + 2 <= size; at += 2)
		memcpy(bytes + at, "a\n", 2);
	assert_int_equal(judge(bytes, size, bytes, size), REWRITE_OTHER);
	assert_int_equal(judge(bytes, size - 2, bytes, size), REWRITE_GREW);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_files),
		cmocka_unit_test(test_a_record_is_found_wherever_it_stands),
		cmocka_unit_test(test_of_large_files_nothing_is_believed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "rewrite", tests, temp_dir_make, temp_dir_remove);
}
