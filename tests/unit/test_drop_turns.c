/* Journals and folders too large to be gone through in one turn. */
#include <sys/stat.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "helpers/drop_folder.h"

#define LARGE ((off_t)64 << 20)
/* No turn goes through a fiftieth of that, as the time is up at once. */
#define TURNS 50
#define N_MANY 10000

/* Take all there is, for so long at a time.  Return how many turns that took.
 */
static int
take_in_turns(int64_t turn_ms, enum drop_result want)
{
	struct drop *drop = drop_make();
	enum drop_result result;
	int turns = 1;

	drop_rescan(drop);
	while (
	    (result = drop_take(drop, clock_mono_ms() + turn_ms)) == DROP_MORE)
		turns++;
	assert_int_equal(result, want);
	drop_free(drop);
	return turns;
}

/* Begin a batch that was never ended, at the start of the journal. */
static void
begin_batch(char path[64])
{
	struct stat st;

	drop_puts("first", "first");
	assert_int_equal(drop_once(), DROP_DONE);
	assert_int_equal(fstatat(temp_dir_fd, JOURNAL, &st, 0), 0);
	snprintf(path, 64, FOLDER "/.taking/%jx-0-0123456789abcdef",
	    (uintmax_t)st.st_ino);
	assert_int_equal(mkdirat(temp_dir_fd, FOLDER "/.taking", 0700), 0);
	assert_int_equal(mkdirat(temp_dir_fd, path, 0700), 0);
}

static void
add_to_batch(const char *path, const char *name, const char *text)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	drop_puts("x", text);
	assert_int_equal(
	    renameat(temp_dir_fd, drop_path("x"), temp_dir_fd, file), 0);
}

static int
open_journal(void)
{
	int fd = openat(temp_dir_fd, JOURNAL, O_RDWR | O_APPEND);

	assert_true(fd != -1);
	return fd;
}

static void
test_a_large_journal_with_no_end_is_cut_in_turns(void **state)
{
	int fd;

	(void)state;
	drop_puts("a", "one");
	assert_int_equal(drop_once(), DROP_DONE);
	fd = open_journal();
	assert_int_equal(ftruncate(fd, LARGE), 0);
	close(fd);
	drop_puts("b", "two");
	assert_true(take_in_turns(0, DROP_DONE) > TURNS);
	assert_story("one\ntwo\n");
}

static void
test_a_batch_in_a_large_journal_is_recovered_in_turns(void **state)
{
	static char line[4096];
	char path[64], head[256];
	int fd;

	(void)state;
	begin_batch(path);
	add_to_batch(path, "a", "one");
	add_to_batch(path, "b", "two");
	memset(line, 'x', sizeof(line));
	line[0] = ':';
	line[sizeof(line) - 1] = '\n';
	fd = open_journal();
	snprintf(head, sizeof(head), ": taken %s a\ndata: one\n\n",
	    strrchr(path, '/') + 1);
	assert_int_equal(write(fd, head, strlen(head)), strlen(head));
	for (off_t at = 0; at < LARGE; at += (off_t)sizeof(line))
		assert_int_equal(write(fd, line, sizeof(line)), sizeof(line));
	assert_int_equal(write(fd, "data: between\n\n", 15), 15);
	close(fd);
	assert_true(take_in_turns(0, DROP_DONE) > TURNS);
	assert_story("first\none\nbetween\ntwo\n");
	assert_int_equal(drop_count(path), -1);
}

static void
test_a_journal_that_names_any_number_of_files_is_no_obstacle(void **state)
{
	char path[64], head[256];
	struct buf text = { 0 };
	int fd;

	(void)state;
	begin_batch(path);
	add_to_batch(path, "a", "one");
	for (int i = 0; i < N_MANY; i++)
		buf_printf(
		    &text, ": taken %s n%d\n", strrchr(path, '/') + 1, i);
	snprintf(head, sizeof(head), ": taken %s a\ndata: one\n\n",
	    strrchr(path, '/') + 1);
	buf_puts(&text, head);
	fd = open_journal();
	assert_int_equal(write(fd, text.data, text.len), text.len);
	close(fd);
	buf_free(&text);
	take_in_turns(0, DROP_DONE);
	assert_story("first\none\n");
	assert_int_equal(drop_count(path), -1);
}

static void
test_a_batch_of_any_number_of_files_is_recovered_each_once(void **state)
{
	char path[64], name[128];
	struct buf story = { 0 };
	size_t lines = 0;
	int turns = 0;

	(void)state;
	begin_batch(path);
	add_to_batch(path, ".one", "x");
	for (int i = 0; i < N_MANY; i++) {
		char one[128];

		snprintf(one, sizeof(one), "%s/.one", path);
		snprintf(name, sizeof(name), "%s/%06d", path, i);
		assert_int_equal(
		    linkat(temp_dir_fd, one, temp_dir_fd, name, 0), 0);
	}
	/* One has to stay, and is in the way of nothing. */
	while (drop_count(path) > 1)
		turns += take_in_turns(1, DROP_LATER);
	assert_true(turns > TURNS);
	drop_story(JOURNAL, &story);
	for (size_t i = 0; i < story.len; i++)
		lines += story.data[i] == '\n';
	assert_int_equal(lines, N_MANY + 1);
	buf_free(&story);
}

static void
test_a_batch_that_is_left_open_is_finished_for_others(void **state)
{
	struct drop *drop = drop_make();
	struct buf story = { 0 };

	(void)state;
	for (int i = 0; i < 60; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%02d", i);
		drop_puts(name, "x");
	}
	drop_rescan(drop);
	/* The names are found, and then a few of the files are taken. */
	while (drop_count(FOLDER "/.taking") <= 0)
		assert_int_equal(drop_take(drop, 0), DROP_MORE);
	drop_pause(drop);
	assert_int_equal(drop_count(FOLDER "/.taking"), 0);
	assert_int_equal(drop_once(), DROP_DONE);
	assert_int_equal(drop_take_all(drop), DROP_DONE);
	drop_free(drop);
	drop_story(JOURNAL, &story);
	assert_int_equal(story.len, 60 * 2);
	buf_free(&story);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_FOLDER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, drop_start, drop_stop)
		WITH_FOLDER(test_a_large_journal_with_no_end_is_cut_in_turns),
		WITH_FOLDER(
		    test_a_batch_in_a_large_journal_is_recovered_in_turns),
		WITH_FOLDER(
		    test_a_journal_that_names_any_number_of_files_is_no_obstacle),
		WITH_FOLDER(
		    test_a_batch_of_any_number_of_files_is_recovered_each_once),
		WITH_FOLDER(
		    test_a_batch_that_is_left_open_is_finished_for_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_turns", tests, temp_dir_make, temp_dir_remove);
}
