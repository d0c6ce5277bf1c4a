/* Which users may have slots, and on which disks. */
#include <sys/resource.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/temp_dir.h"

#include "helpers/apart.h"
#include "helpers/slots_child.h"

#define NAME ".spoolcast/processes"

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(
	    fstatat(temp_dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void
test_rights_are_those_of_the_spool(void **state)
{
	static const mode_t rights[][3] = {
		{ 0700, 0700, 0600 },
		{ 0755, 0755, 0600 },
		{ 0775, 0775, 0660 },
		{ 02775, 02775, 0660 },
		{ 0777, 0777, 0666 },
		/* Where nobody else can take it away, either. */
		{ 01777, 01777, 0600 },
	};
	mode_t before = umask(077);
	struct stat st, spool;

	(void)state;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		if (geteuid() == 0)
			assert_int_equal(
			    fchown(temp_dir_fd, STRANGER, STRANGER + 1), 0);
		assert_int_equal(fchmod(temp_dir_fd, rights[i][0]), 0);
		assert_int_equal(slots_child_count(), 0);
		assert_int_equal(mode_of(".spoolcast"), rights[i][1]);
		assert_int_equal(mode_of(NAME), rights[i][2]);
		assert_int_equal(fstat(temp_dir_fd, &spool), 0);
		assert_int_equal(fstatat(temp_dir_fd, NAME, &st, 0), 0);
		assert_int_equal(st.st_uid, spool.st_uid);
		assert_int_equal(st.st_gid, spool.st_gid);
		temp_dir_clear(temp_dir_fd, ".");
	}
	umask(before);
	assert_int_equal(fchown(temp_dir_fd, geteuid(), getegid()), 0);
	assert_int_equal(fchmod(temp_dir_fd, 0700), 0);
}

static void
stranger_may_not(void)
{
	int slot = SLOTS_NONE;

	apart_be_a_stranger();
	EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_ERROR);
	EXPECT(errno == EACCES);
}

static void
stranger_finds_it_full(void)
{
	int slot = SLOTS_NONE;

	apart_be_a_stranger();
	EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_FULL);
	EXPECT(slots_take(temp_dir, 2, 0, 0, &slot) == SLOTS_TAKEN);
}

static void
test_other_users_take_part_if_they_may_write(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchmod(temp_dir_fd, 0755), 0);
	apart(stranger_may_not);
	assert_int_equal(fchmod(temp_dir_fd, 0777), 0);
	assert_int_equal(slots_child_take(slots_child_start(), 1), SLOTS_TAKEN);
	apart(stranger_finds_it_full);
	assert_int_equal(slots_child_count(), 1);
	assert_int_equal(fchmod(temp_dir_fd, 0700), 0);
}

static void
without_room(void)
{
	struct rlimit limit = { .rlim_cur = 10, .rlim_max = 10 };
	int slot = SLOTS_NONE;

	EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	EXPECT(slots_take(temp_dir, 1, 0, 7, &slot) == SLOTS_ERROR);
	EXPECT(errno == EFBIG || errno == ENOSPC);
	EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_TAKEN);
}

static void
test_a_file_that_may_not_grow_is_an_error(void **state)
{
	(void)state;
	apart(without_room);
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_do(slots_child_start(),
			     (struct slots_order){
				 .what = 't', .max_all = 1, .address = 7 }),
	    SLOTS_TAKEN);
}

static void
on_a_full_disk(void)
{
	static const char byte[4096] = "x";
	int fd, slot = SLOTS_NONE;
	uint64_t n;

	apart_mount(temp_dir, "size=4k");
	EXPECT(chdir(temp_dir) == 0);
	fd = open("rest", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(write(fd, byte, sizeof(byte)) == sizeof(byte));
	EXPECT(slots_take(temp_dir, 1, 0, 7, &slot) == SLOTS_ERROR);
	EXPECT(errno == ENOSPC);
	EXPECT(unlink("rest") == 0 && close(fd) == 0);
	EXPECT(slots_take(temp_dir, 1, 0, 7, &slot) == SLOTS_TAKEN);
	slots_give(&slot);
	EXPECT(unlink(NAME) == 0);
	EXPECT(mount(NULL, temp_dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_ERROR);
	EXPECT(errno == EROFS);
	EXPECT(slots_count(temp_dir, &n) == -1 && errno == EROFS);
}

static void
test_where_mounts_allow_full_disks(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(on_a_full_disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SLOTS(test) cmocka_unit_test_teardown(test, slots_child_end)
		SLOTS(test_rights_are_those_of_the_spool),
		SLOTS(test_other_users_take_part_if_they_may_write),
		SLOTS(test_a_file_that_may_not_grow_is_an_error),
		SLOTS(test_where_mounts_allow_full_disks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "slots_rights", tests, temp_dir_make, temp_dir_remove);
}
