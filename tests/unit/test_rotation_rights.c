/*
 * spool/rotation.c and spool/twin.c: who may read and write the new file, and
 * who may not make it.
 */
#include <sys/xattr.h>

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/rotation_series.h"

#define OWNER 54321
#define STRANGER 54323
#define GROUP 54325

static struct stat
stat_of(const char *name)
{
	struct stat st;

	assert_int_equal(
	    fstatat(temp_dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void
give(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	assert_int_equal(fchownat(temp_dir_fd, name, uid, gid, 0), 0);
	assert_int_equal(fchmodat(temp_dir_fd, name, mode, 0), 0);
}

static void
test_the_new_file_has_the_rights_of_the_old(void **state)
{
	static const mode_t modes[] = { 0600, 0644, 0660, 0664, 0666, 0640,
		0200, 0222, 0440, 0777 };
	mode_t before = umask(077);

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct stat st;

		series_write("news", "a");
		give("news", geteuid(), getegid(), modes[i]);
		assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
		st = stat_of("news");
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(stat_of("news.1").st_mode & 07777, modes[i]);
		unlinkat(temp_dir_fd, "news", 0);
	}
	umask(before);
}

static void
test_root_keeps_owner_and_group(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	series_write("news", "a");
	give("news", OWNER, GROUP, 0640);
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	st = stat_of("news");
	assert_int_equal(st.st_uid, OWNER);
	assert_int_equal(st.st_gid, GROUP);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* An access list (acl(5)): user OWNER may write, what mode 0660 says beside. */
static const unsigned char acl[] = {
	2, 0, 0, 0,			 /* the version */
	1, 0, 6, 0, 255, 255, 255, 255,	 /* the owner: rw */
	2, 0, 6, 0, 0x31, 0xd4, 0, 0,	 /* user 54321: rw */
	4, 0, 4, 0, 255, 255, 255, 255,	 /* the group: r */
	16, 0, 6, 0, 255, 255, 255, 255, /* the mask: rw */
	32, 0, 0, 0, 255, 255, 255, 255, /* others: nothing */
};

static void
test_an_access_list_is_kept(void **state)
{
	unsigned char got[sizeof(acl) + 1];
	char path[4200];

	(void)state;
	series_write("news", "a");
	snprintf(path, sizeof(path), "%s/news", temp_dir);
	if (setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0) !=
	    0) {
		assert_int_equal(errno, ENOTSUP);
		skip();
	}
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	assert_int_equal(
	    getxattr(path, "system.posix_acl_access", got, sizeof(got)),
	    sizeof(acl));
	assert_memory_equal(got, acl, sizeof(acl));
	assert_int_equal(stat_of("news").st_mode & 07777, 0660);
}

static void
test_the_folder_s_default_access_list_is_no_matter(void **state)
{
	char path[4200];

	(void)state;
	series_write("news", "a");
	if (setxattr(temp_dir, "system.posix_acl_default", acl, sizeof(acl),
		0) != 0) {
		assert_int_equal(errno, ENOTSUP);
		skip();
	}
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	assert_int_equal(removexattr(temp_dir, "system.posix_acl_default"), 0);
	snprintf(path, sizeof(path), "%s/news", temp_dir);
	assert_int_equal(
	    getxattr(path, "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(stat_of("news").st_mode & 07777, 0644);
}

static void
be_a_stranger(void)
{
	const gid_t groups[] = { GROUP };

	EXPECT(setgroups(1, groups) == 0);
	EXPECT(setresgid(STRANGER, STRANGER, STRANGER) == 0);
	EXPECT(setresuid(STRANGER, STRANGER, STRANGER) == 0);
}

/* Who the old file belongs to, and whether a stranger of GROUP may replace it.
 */
static const struct {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool may;
} rights[] = {
	{ OWNER, GROUP, 0664, true }, { OWNER, GROUP, 0660, true },
	{ OWNER, GROUP, 0666, true },
	{ OWNER, GROUP, 0640, false }, /* the owner could not write any more */
	{ OWNER, GROUP, 0644, false },
	{ OWNER, GROUP, 0620, false }, /* ... not read */
	{ OWNER, GROUP, 0460, false }, /* we could not write any more */
	{ OWNER, OWNER, 0666, true },
	{ OWNER, OWNER, 0664, false }, /* the group could not */
	{ OWNER, OWNER, 0646, false }, /* the group could */
	{ 0, GROUP, 0660, true },
	{ 0, GROUP, 0640, true }, /* root can write anyway */
	{ 0, 0, 0644, true }, { STRANGER, GROUP, 0640, true },
	{ STRANGER, STRANGER, 0600, true }, { STRANGER, OWNER, 0664, false },
	{ STRANGER, OWNER, 0644, true }, /* the group as all others */
};

static size_t right; /* of these */

static void
replace_as_stranger(void)
{
	enum rotation_result result;

	be_a_stranger();
	result = series_rotate("news", 4);
	EXPECT(result == (rights[right].may ? ROTATION_DONE : ROTATION_FAILED));
}

static void
test_nobody_is_shut_out_by_who_is_not_the_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (right = 0; right < sizeof(rights) / sizeof(rights[0]); right++) {
		struct stat st;

		assert_int_equal(fchmod(temp_dir_fd, 0777), 0);
		series_make("news", "b a");
		give("news", rights[right].uid, rights[right].gid,
		    rights[right].mode);
		print_message("# %u:%u %o\n", rights[right].uid,
		    rights[right].gid, rights[right].mode);
		series_apart(replace_as_stranger);
		st = stat_of("news");
		assert_int_equal(st.st_mode & 07777, rights[right].mode);
		if (rights[right].may) {
			series_is("news", 2, "'' b a");
			assert_int_equal(st.st_uid, STRANGER);
		} else {
			series_is("news", 2, "b a -");
			assert_int_equal(st.st_uid, rights[right].uid);
		}
		assert_string_equal(series_text(".rotation.new"), "-");
		series_clear();
	}
	assert_int_equal(fchmod(temp_dir_fd, 0700), 0);
}

static void
complete_as_stranger(void)
{
	be_a_stranger();
	EXPECT(rotation_complete(temp_dir, false, &series_report) ==
	    ROTATION_DONE);
}

static void
test_what_is_left_for_others_is_as_it_was_made(void **state)
{
	struct stat st, made;

	(void)state;
	if (geteuid() != 0)
		skip();
	give(".", 0, 0, 0777);
	series_make("news", "- b a");
	series_leave_note("news", "news.1", 4);
	series_write(".rotation.new", "");
	give("news.1", OWNER, GROUP, 0640);
	give(".rotation.new", OWNER, GROUP, 0640);
	made = stat_of(".rotation.new");
	/* Who could not make it may give it its name. */
	series_apart(complete_as_stranger);
	series_is("news", 2, "'' b a");
	st = stat_of("news");
	assert_int_equal(st.st_ino, made.st_ino);
	assert_int_equal(st.st_uid, OWNER);
	assert_int_equal(st.st_mode & 07777, 0640);
	give(".", geteuid(), getegid(), 0700);
}

static void
test_a_file_that_was_left_before_is_not_used(void **state)
{
	struct stat left;
	int fd;

	(void)state;
	series_write(".rotation.new", "");
	left = stat_of(".rotation.new");
	series_write("news", "a");
	assert_int_equal(
	    fchmodat(temp_dir_fd, "news", left.st_mode & 07777, 0), 0);
	/* It is older than the file that it would follow.  Held open, so that
	 * no other file gets its inode. */
	fd = openat(temp_dir_fd, ".rotation.new", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(series_rotate("news", 4), ROTATION_DONE);
	assert_int_not_equal(stat_of("news").st_ino, left.st_ino);
	close(fd);
	series_is("news", 1, "'' a");
}

static void
says_as_whom(void)
{
	be_a_stranger();
	EXPECT(series_rotate("news", 4) == ROTATION_FAILED);
	EXPECT(strstr(series_report.problem, "user 54321") != NULL);
	EXPECT(strstr(series_report.problem, "spoolcast rotate") != NULL);
}

static void
test_the_report_says_as_whom_to_run(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	series_make("news", "c b a");
	/* Others have these rights, but not that of the folder. */
	give("news", OWNER, GROUP, 0644);
	give(".", 0, 0, 0777);
	series_apart(says_as_whom);
	/* In a sticky folder even what all may write is the owner's. */
	give("news", STRANGER, GROUP, 0666);
	give("news.1", OWNER, GROUP, 0666);
	give(".", 0, 0, 01777);
	series_apart(says_as_whom);
	series_is("news", 2, "c b a");
	give(".", geteuid(), getegid(), 0700);
}

static void
may_not_write_to_the_folder(void)
{
	be_a_stranger();
	EXPECT(series_rotate("news", 4) == ROTATION_FAILED);
	EXPECT(strstr(series_report.problem, "Permission denied") != NULL);
	EXPECT(rotation_complete(temp_dir, false, &series_report) ==
	    ROTATION_FAILED);
}

static void
test_who_may_not_write_to_the_folder_is_told(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	series_make("news", "b a");
	give("news", OWNER, GROUP, 0666);
	/* The lock is made. */
	series_make("other", "x");
	assert_int_equal(series_rotate("other", 0), ROTATION_DONE);
	give(".", 0, 0, 0755);
	series_apart(may_not_write_to_the_folder);
	series_is("news", 2, "b a -");
	give(".", geteuid(), getegid(), 0700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define RIGHTS(test) cmocka_unit_test_teardown(test, series_teardown)
		RIGHTS(test_the_new_file_has_the_rights_of_the_old),
		RIGHTS(test_root_keeps_owner_and_group),
		RIGHTS(test_an_access_list_is_kept),
		RIGHTS(test_the_folder_s_default_access_list_is_no_matter),
		RIGHTS(test_nobody_is_shut_out_by_who_is_not_the_owner),
		RIGHTS(test_what_is_left_for_others_is_as_it_was_made),
		RIGHTS(test_a_file_that_was_left_before_is_not_used),
		RIGHTS(test_the_report_says_as_whom_to_run),
		RIGHTS(test_who_may_not_write_to_the_folder_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "rotation_rights", tests, temp_dir_make, temp_dir_remove);
}
