/* A drop folder: what is taken, in which order, and what becomes of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/drop_folder.h"
#include "spool/own.h"

static void
test_files_are_taken_in_the_order_of_their_names(void **state)
{
	(void)state;
	drop_puts("b", "second\n");
	drop_puts("a", "first\n");
	drop_puts("B", "capitals come before\n");
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("capitals come before\nfirst\nsecond\n");
	assert_int_equal(drop_count(FOLDER), 0);
	/* Later ones come behind. */
	drop_puts("a", "third\n");
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("capitals come before\nfirst\nsecond\nthird\n");
}

static void
test_any_name_will_do(void **state)
{
	static const char *const names[] = { " ", "\t\n", "\"", "%41", "'",
		"\\", "\xff", "a b\nc", "data: x\n\n", "-", "*" };
	char longest[NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		drop_puts(names[i], "x");
	memset(longest, '\n', NAME_MAX);
	longest[NAME_MAX] = '\0';
	drop_puts(longest, "y");
	assert_int_equal(drop_once(), DROP_DONE);
	assert_int_equal(drop_count(FOLDER), 0);
	assert_story("x\ny\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
}

static void
test_what_does_not_count_is_left_alone(void **state)
{
	static const char *const names[] = { ".hidden", "backup~", "part.tmp",
		".tmp", "~" };
	int n = sizeof(names) / sizeof(names[0]);
	struct drop *drop = drop_make();

	(void)state;
	for (int i = 0; i < n; i++) {
		drop_puts(names[i], "no\n");
		drop_note(drop, names[i]);
	}
	drop_note(drop, "");
	drop_note(drop, "not/there");
	drop_note(drop, "..");
	drop_puts("tmp", "yes\n");
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	drop_free(drop);
	assert_story("yes\n");
	assert_int_equal(drop_count(FOLDER), n);
}

static void
test_only_files_are_touched(void **state)
{
	struct drop *drop = drop_make();
	static const char *const names[] = { "link", "folder", "pipe", "dead",
		"socket" };
	struct stat st;

	(void)state;
	assert_int_equal(
	    symlinkat("../secret", temp_dir_fd, FOLDER "/link"), 0);
	assert_int_equal(symlinkat("nowhere", temp_dir_fd, FOLDER "/dead"), 0);
	assert_int_equal(mkdirat(temp_dir_fd, FOLDER "/folder", 0700), 0);
	assert_int_equal(mkfifoat(temp_dir_fd, FOLDER "/pipe", 0600), 0);
	assert_int_equal(
	    mknodat(temp_dir_fd, FOLDER "/socket", S_IFSOCK | 0600, 0), 0);
	drop_puts("../secret", "not for everybody\n");
	drop_puts("z", "yes\n");
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		drop_note(drop, names[i]);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	drop_free(drop);
	assert_story("yes\n");
	assert_int_equal(drop_count(FOLDER), 5);
	assert_int_equal(fstatat(temp_dir_fd, "secret", &st, 0), 0);
}

static void
test_a_folder_that_is_a_link_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(
	    renameat(temp_dir_fd, FOLDER, temp_dir_fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", temp_dir_fd, FOLDER), 0);
	drop_puts("a", "x");
	assert_int_equal(drop_once(), DROP_FAILED);
	assert_true(errno == ENOTDIR || errno == ELOOP);
	assert_int_equal(drop_count("elsewhere"), 1);
	assert_int_equal(unlinkat(temp_dir_fd, FOLDER, 0), 0);
	assert_int_equal(symlinkat("..", temp_dir_fd, "elsewhere/.taking"), 0);
	assert_int_equal(
	    renameat(temp_dir_fd, "elsewhere", temp_dir_fd, FOLDER), 0);
	assert_int_equal(drop_once(), DROP_FAILED);
	assert_int_equal(drop_count(FOLDER), 2);
	assert_int_equal(drop_count(".spoolcast"), -1);
}

static void
test_a_type_comes_from_the_extension_if_asked_for(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "a.alert", "alert: x\n" },
		{ "b.tar.gz", "gz: x\n" },
		{ "c.", "x\n" },
		{ "d", "x\n" },
		{ "e.\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9: x\n" },
		{ "f.\xff", "x\n" },
		{ "g.a\nb", "x\n" },
		{ "h. y", " y: x\n" },
	};
	struct buf want = { 0 };
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	drop_opts.type_from_extension = true;
	for (size_t i = 0; i < n; i++) {
		drop_puts(rows[i].name, "x");
		assert_int_equal(buf_puts(&want, rows[i].want), 0);
	}
	assert_int_equal(drop_once(), DROP_DONE);
	drop_opts.type_from_extension = false;
	drop_puts("a.alert", "x");
	assert_int_equal(buf_append(&want, "x\n", 3), 0);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story((const char *)want.data);
	buf_free(&want);
}

static void
test_files_are_kept_under_names_that_are_free(void **state)
{
	char longest[NAME_MAX + 1];
	struct buf text = { 0 };

	(void)state;
	drop_opts.keep_files = true;
	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	for (int i = 0; i < 3; i++) {
		drop_puts("a", i == 0 ? "first\n" : "other\n");
		drop_puts(longest, "long\n");
		assert_int_equal(drop_once(), DROP_DONE);
		assert_int_equal(drop_count(FOLDER "/.done"), 2 * (i + 1));
		assert_int_equal(drop_count(FOLDER), 1);
	}
	drop_read(FOLDER "/.done/a", &text);
	assert_string_equal((const char *)text.data, "first\n");
	buf_free(&text);
	assert_story("first\nlong\nother\nlong\nother\nlong\n");
	/* One that is moved back is dropped anew. */
	assert_int_equal(
	    renameat(temp_dir_fd, FOLDER "/.done/a", temp_dir_fd, FOLDER "/a"),
	    0);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("first\nlong\nother\nlong\nother\nlong\nfirst\n");
}

static void
test_without_a_place_to_keep_files_nothing_is_taken(void **state)
{
	(void)state;
	drop_opts.keep_files = true;
	drop_puts("a", "x\n");
	drop_puts(".done", "a file\n");
	assert_int_equal(drop_once(), DROP_FAILED);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(drop_count(FOLDER), 2);
	assert_story("");
	assert_int_equal(unlinkat(temp_dir_fd, FOLDER "/.done", 0), 0);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_story("x\n");
}

static void
test_a_journal_that_was_rotated_is_left(void **state)
{
	struct drop *drop = drop_make();

	(void)state;
	drop_puts("a", "first\n");
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_int_equal(
	    renameat(temp_dir_fd, JOURNAL, temp_dir_fd, JOURNAL ".1"), 0);
	drop_puts("a", "second\n");
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_story("second\n");
	/* Even all of .spoolcast. */
	temp_dir_clear(temp_dir_fd, ".spoolcast");
	assert_int_equal(unlinkat(temp_dir_fd, ".spoolcast", AT_REMOVEDIR), 0);
	drop_puts("a", "third\n");
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_story("third\n");
	drop_free(drop);
}

static void
test_nothing_is_written_while_the_journal_is_rotated(void **state)
{
	struct drop *drop = drop_make();
	int fd;

	(void)state;
	drop_puts("a", "first\n");
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	/* As rotation.h has it; and nobody holds the lock in between. */
	fd = own_lock_journal(temp_dir, FOLDER ".log", false);
	assert_true(fd != -1);
	drop_puts("b", "second\n");
	drop_puts("c", "third\n");
	drop_note(drop, "b");
	for (int i = 0; i < 3; i++)
		assert_int_equal(drop_take_all(drop), DROP_BUSY);
	assert_int_equal(
	    renameat(temp_dir_fd, JOURNAL, temp_dir_fd, JOURNAL ".1"), 0);
	close(fd);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_story("second\nthird\n");
	drop_free(drop);
}

static void
test_a_folder_of_ours_that_is_removed_is_made_again(void **state)
{
	struct drop *drop = drop_make();

	(void)state;
	drop_puts("a", "1\n");
	drop_note(drop, "a");
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_int_equal(
	    unlinkat(temp_dir_fd, FOLDER "/.taking", AT_REMOVEDIR), 0);
	drop_puts("b", "2\n");
	drop_note(drop, "b");
	/* It may take a second look. */
	if (drop_take_all(drop) == DROP_FAILED)
		assert_int_equal(drop_take_all(drop), DROP_DONE);
	assert_story("1\n2\n");
	drop_free(drop);
	assert_int_equal(drop_count(FOLDER), 0);
}

static void
test_a_folder_may_come_and_go(void **state)
{
	struct drop *drop = drop_make();

	(void)state;
	assert_int_equal(unlinkat(temp_dir_fd, FOLDER, AT_REMOVEDIR), 0);
	drop_rescan(drop);
	assert_int_equal(drop_take_all(drop), DROP_FAILED);
	assert_int_equal(errno, ENOENT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mkdirat(temp_dir_fd, FOLDER, 0700), 0);
		drop_puts("a", "x\n");
		drop_rescan(drop);
		assert_int_equal(drop_take_all(drop), DROP_DONE);
		assert_story(i == 0 ? "x\n" : "x\nx\n");
		temp_dir_clear(temp_dir_fd, FOLDER);
		assert_int_equal(
		    unlinkat(temp_dir_fd, FOLDER, AT_REMOVEDIR), 0);
	}
	drop_free(drop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define DROP(test) cmocka_unit_test_setup_teardown(test, drop_start, drop_stop)
		DROP(test_files_are_taken_in_the_order_of_their_names),
		DROP(test_any_name_will_do),
		DROP(test_what_does_not_count_is_left_alone),
		DROP(test_only_files_are_touched),
		DROP(test_a_folder_that_is_a_link_is_not_followed),
		DROP(test_a_type_comes_from_the_extension_if_asked_for),
		DROP(test_files_are_kept_under_names_that_are_free),
		DROP(test_without_a_place_to_keep_files_nothing_is_taken),
		DROP(test_a_journal_that_was_rotated_is_left),
		DROP(test_nothing_is_written_while_the_journal_is_rotated),
		DROP(test_a_folder_of_ours_that_is_removed_is_made_again),
		DROP(test_a_folder_may_come_and_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop", tests, temp_dir_make, temp_dir_remove);
}
