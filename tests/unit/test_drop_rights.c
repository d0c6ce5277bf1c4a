/* What may not be read, moved or written, and where there is no room. */
#include <sys/resource.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/apart.h"
#include "helpers/drop_folder.h"

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(
	    fstatat(temp_dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

/* Let everybody do as he likes in the spool, and as ${mode} says in FOLDER. */
static void
open_to_all(mode_t mode)
{
	assert_int_equal(fchmod(temp_dir_fd, 0777), 0);
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER, mode, 0), 0);
}

static int
stop(void **state)
{
	(void)state;
	assert_int_equal(fchmod(temp_dir_fd, 0700), 0);
	return drop_stop(state);
}

static bool
is_there(const char *name)
{
	return faccessat(temp_dir_fd, drop_path(name), F_OK,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

static enum drop_result
take_told(const char *const names[])
{
	struct drop *drop = drop_new(&drop_opts);
	enum drop_result result;
	int saved;

	EXPECT(drop != NULL);
	for (; *names != NULL; names++)
		drop_note(drop, *names);
	drop_rescan(drop);
	result = drop_take_all(drop);
	saved = errno;
	drop_free(drop);
	errno = saved;
	return result;
}

static void
find_one_unreadable(void)
{
	static const char *const names[] = { "a", "b", "c", NULL };

	apart_be_a_stranger();
	EXPECT(take_told(names) == DROP_LATER);
	EXPECT(!is_there("a") && is_there("b") && !is_there("c"));
}

static void
test_what_may_not_be_read_stays(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	open_to_all(0777);
	drop_puts("a", "1\n");
	drop_puts("b", "2\n");
	drop_puts("c", "3\n");
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/a", 0644, 0), 0);
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/c", 0644, 0), 0);
	apart(find_one_unreadable);
	assert_story("1\n3\n");
}

static void
find_only_own(void)
{
	static const char *const names[] = { "a", "b", NULL };

	apart_be_a_stranger();
	EXPECT(take_told(names) == DROP_LATER);
	EXPECT(is_there("a") && !is_there("b"));
}

static void
test_of_a_sticky_folder_only_own_files_are_taken(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	open_to_all(01777);
	drop_puts("a", "1\n");
	drop_puts("b", "2\n");
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/a", 0644, 0), 0);
	assert_int_equal(
	    fchownat(temp_dir_fd, FOLDER "/b", STRANGER, STRANGER, 0), 0);
	apart(find_only_own);
	assert_story("2\n");
	/* Who owns the folder may take the rest. */
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("2\n1\n");
}

static void
find_it_closed(void)
{
	static const char *const names[] = { "a", NULL };

	apart_be_a_stranger();
	EXPECT(take_told(names) == DROP_FAILED);
	EXPECT(errno == EACCES);
}

static void
test_where_files_may_not_be_moved_nothing_is_taken(void **state)
{
	static const mode_t modes[] = { 0755, 0700, 0777 };

	(void)state;
	if (geteuid() != 0)
		skip();
	drop_puts("a", "1\n");
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER "/a", 0644, 0), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		open_to_all(modes[i]);
		/* Nor where there can be no journal. */
		if (modes[i] == 0777)
			assert_int_equal(fchmod(temp_dir_fd, 0755), 0);
		temp_dir_clear(temp_dir_fd, ".spoolcast");
		unlinkat(temp_dir_fd, ".spoolcast", AT_REMOVEDIR);
		apart(find_it_closed);
		assert_int_equal(drop_count(FOLDER), 1);
	}
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("1\n");
}

static void
test_folders_and_journal_belong_to_whom_they_should(void **state)
{
	struct stat st;
	mode_t before = umask(077);

	(void)state;
	if (geteuid() != 0)
		skip();
	drop_opts.keep_files = true;
	assert_int_equal(fchmod(temp_dir_fd, 0755), 0);
	assert_int_equal(
	    fchownat(temp_dir_fd, FOLDER, STRANGER, STRANGER + 1, 0), 0);
	assert_int_equal(fchmodat(temp_dir_fd, FOLDER, 02770, 0), 0);
	drop_puts("a", "1\n");
	assert_int_equal(drop_once(), DROP_DONE);
	assert_int_equal(mode_of(FOLDER "/.done"), 02770);
	assert_int_equal(fstatat(temp_dir_fd, FOLDER "/.done", &st, 0), 0);
	assert_int_equal(st.st_uid, STRANGER);
	assert_int_equal(st.st_gid, STRANGER + 1);
	/* Who may read the spool may read what is told of it. */
	assert_int_equal(mode_of(JOURNAL), 0644);
	umask(before);
}

/* All that is left of the disk goes into the file "rest". */
static void
fill_the_disk(void)
{
	static const char bytes[4096] = "x";
	int fd = openat(temp_dir_fd, "rest", O_WRONLY | O_CREAT, 0600);

	EXPECT(fd != -1);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	EXPECT(errno == ENOSPC);
	close(fd);
}

static void
put(const char *name, char letter, size_t len)
{
	char *bytes = malloc(len);

	EXPECT(bytes != NULL);
	memset(bytes, letter, len);
	drop_put(name, bytes, len);
	free(bytes);
}

static bool
has_whole_records(unsigned want)
{
	struct buf story = { 0 };
	unsigned n = 0;

	drop_story(JOURNAL, &story);
	for (size_t i = 0; i < story.len; i++)
		n += story.data[i] == '\n';
	buf_free(&story);
	return n == want;
}

static void
on_a_full_disk(void)
{
	struct drop *drop;

	apart_mount(temp_dir, "size=256k");
	EXPECT(chdir(temp_dir) == 0);
	temp_dir_fd = open(".", O_RDONLY | O_DIRECTORY);
	EXPECT(mkdir(FOLDER, 0700) == 0);
	drop_puts("a", "first\n");
	EXPECT(drop_once() == DROP_DONE);
	put("b", 'b', 2000);
	put("c", 'c', 20000);
	put("d", 'd', 2000);
	fill_the_disk();
	drop = drop_new(&drop_opts);
	EXPECT(drop != NULL);
	for (int i = 0; i < 3; i++) {
		drop_rescan(drop);
		EXPECT(drop_take_all(drop) == DROP_FAILED);
		EXPECT(errno == ENOSPC);
		/* The first page of it may have room for one, not for two. */
		EXPECT(has_whole_records(1) || has_whole_records(2));
	}
	EXPECT(unlink("rest") == 0);
	drop_rescan(drop);
	EXPECT(drop_take_all(drop) == DROP_DONE);
	EXPECT(has_whole_records(4));
	EXPECT(drop_count(FOLDER) == 1);
	drop_free(drop);
	EXPECT(drop_count(FOLDER) == 0);
	drop_puts("a", "last\n");
	EXPECT(mount(NULL, temp_dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	EXPECT(drop_once() == DROP_FAILED && errno == EROFS);
	EXPECT(is_there("a"));
}

/* The folder of files that are kept is on another disk. */
static void
on_two_disks(void)
{
	drop_opts.keep_files = true;
	EXPECT(mkdirat(temp_dir_fd, FOLDER "/.done", 0700) == 0);
	EXPECT(chdir(temp_dir) == 0);
	drop_puts("a", "1\n");
	apart_mount(FOLDER "/.done", "size=64k");
	EXPECT(drop_once() == DROP_FAILED && errno == EXDEV);
	EXPECT(is_there("a"));
}

static void
test_where_mounts_allow_full_and_other_disks(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(on_two_disks);
	assert_story("");
	apart(on_a_full_disk);
}

static void
with_a_limit(void)
{
	struct rlimit limit = { .rlim_cur = 3000, .rlim_max = 3000 };

	put("a", 'a', 2000);
	put("b", 'b', 2000);
	put("c", 'c', 20);
	EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	EXPECT(drop_once() == DROP_FAILED && errno == EFBIG);
	EXPECT(has_whole_records(1));
}

static void
test_a_limit_of_the_size_of_files_is_an_error(void **state)
{
	(void)state;
	apart(with_a_limit);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_true(has_whole_records(3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define DROP(test) cmocka_unit_test_setup_teardown(test, drop_start, stop)
		DROP(test_what_may_not_be_read_stays),
		DROP(test_of_a_sticky_folder_only_own_files_are_taken),
		DROP(test_where_files_may_not_be_moved_nothing_is_taken),
		DROP(test_folders_and_journal_belong_to_whom_they_should),
		DROP(test_where_mounts_allow_full_and_other_disks),
		DROP(test_a_limit_of_the_size_of_files_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_rights", tests, temp_dir_make, temp_dir_remove);
}
