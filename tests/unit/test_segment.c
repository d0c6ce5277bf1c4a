/* Segments: which file they are, and positions in it. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "helpers/segment_of.h"
#include "spool/segment.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BOM "\xef\xbb\xbf"

static void
overwrite(uint64_t offset, const char *bytes)
{
	int fd = openat(temp_dir_fd, "news", O_WRONLY);

	assert_true(fd != -1);
	assert_int_equal(
	    pwrite(fd, bytes, strlen(bytes), (off_t)offset), strlen(bytes));
	close(fd);
}

static void
test_only_regular_files_are_opened(void **state)
{
	(void)state;
	errno = 0;
	assert_null(
	    segment_open(temp_dir_fd, "nothing", RECORD_LINE, TRUST_OWNER));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdirat(temp_dir_fd, "folder", 0700), 0);
	errno = 0;
	assert_null(
	    segment_open(temp_dir_fd, "folder", RECORD_LINE, TRUST_OWNER));
	assert_int_equal(errno, ENOENT);
	unlinkat(temp_dir_fd, "folder", AT_REMOVEDIR);
	/* Without a writer a pipe would keep us for ever. */
	assert_int_equal(mkfifoat(temp_dir_fd, "pipe", 0600), 0);
	errno = 0;
	assert_null(
	    segment_open(temp_dir_fd, "pipe", RECORD_LINE, TRUST_OWNER));
	assert_int_equal(errno, ENOENT);
	unlinkat(temp_dir_fd, "pipe", 0);
}

static void
test_a_segment_outlives_its_name(void **state)
{
	struct segment *seg = segment_of(RECORD_LINE, "a\nb\n", 4);
	struct segment *other = segment_ref(seg), *none = segment_ref(NULL);
	struct position tail;

	(void)state;
	assert_ptr_equal(other, seg);
	segment_drop(&none);
	segment_drop(&other);
	assert_null(other);
	unlinkat(temp_dir_fd, "news", 0);
	assert_int_equal(segment_tail(seg, &tail), 0);
	segment_drop(&seg);
}

static void
test_the_last_reference_closes_a_whole_chain(void **state)
{
	struct segment *seg[100], *kept;
	int lowest = dup(temp_dir_fd), again;

	(void)state;
	close(lowest);
	for (size_t i = 0; i < N_ROWS(seg); i++)
		seg[i] = segment_of(RECORD_LINE, "a\n", 2);
	kept = segment_ref(seg[50]);
	for (size_t i = 0; i < N_ROWS(seg); i++)
		segment_drop(&seg[i]);
	assert_int_equal(segment_open_count(), 1);
	assert_int_equal(fcntl(kept->fd, F_GETFD), FD_CLOEXEC);
	segment_drop(&kept);
	again = dup(temp_dir_fd);
	close(again);
	assert_int_equal(again, lowest);
}

/* Positions are part of ids: these may not change. */
static void
test_checks_never_change(void **state)
{
	static const struct {
		const char *head, *tail;
		uint32_t check;
	} rows[] = {
		{ "", "", 0x3bf40 },
		{ "hello\n", "hello\n", 0x3d91c },
		{ "0123456789abcdef0123456789abcdef",
		    "the last record, 32 bytes long.\n", 0x28f0f },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_int_equal(
		    segment_check((const uint8_t *)rows[i].head,
			strlen(rows[i].head), (const uint8_t *)rows[i].tail,
			strlen(rows[i].tail)),
		    rows[i].check);
}

static void
test_a_position_is_made_of_the_files_own_bytes(void **state)
{
	struct position at, none = { .offset = 77 };
	uint8_t bytes[100];
	struct segment *seg;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	seg = segment_of(RECORD_LINE, bytes, sizeof(bytes));
	for (size_t offset = 0; offset <= sizeof(bytes); offset++) {
		size_t len = offset < 32 ? offset : 32;

		assert_int_equal(segment_position(seg, offset, &at), 0);
		assert_int_equal(at.offset, offset);
		assert_int_equal(at.ino, seg->ino_hash);
		assert_int_equal(at.birth, seg->birth_hash);
		assert_int_equal(at.check,
		    segment_check(bytes, len, bytes + offset - len, len));
		assert_true(segment_is(seg, &at));
	}
	at = none;
	errno = 0;
	assert_int_equal(segment_position(seg, sizeof(bytes) + 1, &at), -1);
	assert_int_equal(errno, ESTALE);
	errno = 0;
	assert_int_equal(segment_position(seg, UINT64_MAX, &at), -1);
	assert_int_equal(errno, ESTALE);
	assert_memory_equal(&at, &none, sizeof(at));
	segment_drop(&seg);
}

static void
test_a_check_notices_what_changed_before_it(void **state)
{
	static const struct {
		uint64_t offset;
		bool is_noticed;
	} rows[] = { { 0, true }, { 31, true }, { 32, false }, { 67, false },
		{ 68, true }, { 99, true }, { 100, false } };
	struct position before, after;
	uint8_t bytes[101];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct segment *seg =
		    segment_of(RECORD_LINE, bytes, sizeof(bytes));

		assert_int_equal(segment_position(seg, 100, &before), 0);
		overwrite(rows[i].offset, "b");
		assert_int_equal(segment_position(seg, 100, &after), 0);
		assert_int_equal(
		    before.check != after.check, rows[i].is_noticed);
		segment_drop(&seg);
	}
}

static void
test_a_segment_is_known_by_inode_and_birth(void **state)
{
	static const struct {
		uint32_t seg_birth, ino, birth;
		bool is_it;
	} rows[] = {
		{ 5, 7, 5, true },
		{ 5, 7, 6, false },
		{ 5, 8, 5, false },
		/* Unknown to either side: not held against it. */
		{ 5, 7, 0, true },
		{ 0, 7, 5, true },
		{ 0, 7, 0, true },
		{ 0, 8, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct segment seg = { .ino_hash = 7,
			.birth_hash = rows[i].seg_birth };
		struct position at = { .ino = rows[i].ino,
			.birth = rows[i].birth };

		assert_int_equal(segment_is(&seg, &at), rows[i].is_it);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_regular_files_are_opened),
		cmocka_unit_test(test_a_segment_outlives_its_name),
		cmocka_unit_test(test_the_last_reference_closes_a_whole_chain),
		cmocka_unit_test(test_checks_never_change),
		cmocka_unit_test(
		    test_a_position_is_made_of_the_files_own_bytes),
		cmocka_unit_test(test_a_check_notices_what_changed_before_it),
		cmocka_unit_test(test_a_segment_is_known_by_inode_and_birth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "segment", tests, temp_dir_make, temp_dir_remove);
}
