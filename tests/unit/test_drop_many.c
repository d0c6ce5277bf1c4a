/* More files than are remembered, and how names are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "helpers/drop_folder.h"
#include "take/drop_names.h"

/* Many times as many as are remembered at a time. */
#define N_MANY 200000
/* So many that each has content. */
#define N_FILES 20000

/* The ${i}th name, in an order that looks like none. */
static void
name_of(unsigned i, unsigned n, char name[16])
{
	snprintf(name, 16, "%06u", (unsigned)(i * 7919ULL % n));
}

/* Nothing but names: they are all one file. */
static void
link_many(unsigned n)
{
	char name[16];

	drop_puts(".one", "x");
	for (unsigned i = 0; i < n; i++) {
		name_of(i, n, name);
		assert_int_equal(linkat(temp_dir_fd, FOLDER "/.one",
				     temp_dir_fd, drop_path(name), 0),
		    0);
	}
}

static void
test_any_number_of_names_is_found_in_order(void **state)
{
	int dir_fd = openat(temp_dir_fd, FOLDER, O_RDONLY | O_DIRECTORY);
	struct drop_names names = { 0 };
	struct drop_name *name;
	unsigned n = 0, n_passes = 0;
	char want[16];

	(void)state;
	assert_true(dir_fd != -1);
	link_many(N_MANY);
	do {
		enum drop_pass pass;

		assert_int_equal(drop_names_begin(&names, dir_fd, n == 0), 0);
		/* A little at a time. */
		while ((pass = drop_names_pass(&names, 0)) == DROP_PASS_MORE)
			assert_true(names.n <= DROP_NAMES_MAX);
		assert_int_equal(pass, DROP_PASS_DONE);
		assert_int_equal(names.n_found, N_MANY - n);
		assert_true(names.cap <= DROP_NAMES_MAX);
		n_passes++;
		while ((name = drop_names_take(&names)) != NULL) {
			snprintf(want, sizeof(want), "%06u", n++);
			assert_string_equal(name->text, want);
			assert_false(name->is_told);
			free(name);
		}
	} while (names.has_more);
	assert_int_equal(n, N_MANY);
	assert_int_equal(n_passes, N_MANY / DROP_NAMES_MAX + 1);
	drop_names_free(&names);
	close(dir_fd);
}

static void
assert_taken_in_order(unsigned n)
{
	struct buf story = { 0 };
	char *line, *rest;
	char want[16];

	drop_story(JOURNAL, &story);
	assert_int_equal(buf_append(&story, "", 1), 0);
	rest = (char *)story.data;
	for (unsigned i = 0; i < n; i++) {
		line = strsep(&rest, "\n");
		snprintf(want, sizeof(want), "%06u", i);
		assert_string_equal(line, want);
	}
	assert_string_equal(rest, "");
	buf_free(&story);
}

static void
test_many_files_are_taken_in_order_a_little_at_a_time(void **state)
{
	struct drop *drop = drop_make();
	enum drop_result result;
	char name[16];
	int left;

	(void)state;
	for (unsigned i = 0; i < N_FILES; i++) {
		name_of(i, N_FILES, name);
		drop_puts(name, name);
		/* Some are told of, not all of which there is room for. */
		if (i % 3 != 0)
			drop_note(drop, name);
	}
	drop_rescan(drop);
	left = drop_count(FOLDER);
	while ((result = drop_take(drop, 0)) == DROP_MORE) {
		int now = drop_count(FOLDER);

		/* At most a batch; one name is that of .taking. */
		assert_true(left - now <= 64);
		left = now;
	}
	assert_int_equal(result, DROP_DONE);
	drop_free(drop);
	assert_int_equal(drop_count(FOLDER), 0);
	assert_taken_in_order(N_FILES);
}

static void
test_what_stays_is_not_in_the_way(void **state)
{
	int fd;

	(void)state;
	/*
	 * They come first, and there are more of them than are kept; one is
	 * open for writing, so all are.
	 */
	link_many(DROP_NAMES_MAX + 100);
	fd = openat(temp_dir_fd, FOLDER "/.one", O_WRONLY);
	assert_true(fd != -1);
	drop_puts("z", "at last\n");
	assert_int_equal(drop_once(), DROP_LATER);
	assert_story("at last\n");
	assert_int_equal(drop_count(FOLDER), DROP_NAMES_MAX + 101);
	close(fd);
}

static void
test_names_that_are_told_of_are_kept_with_those_found(void **state)
{
	struct drop_names names = { 0 };
	struct drop_name *name;
	struct rnd rnd = { .state = 1 };
	bool is_in[1000] = { false }, is_told[1000] = { false };
	char text[16];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		int64_t number = rnd_between(&rnd, 0, 999);
		bool told = rnd_between(&rnd, 0, 1) == 0;

		snprintf(text, sizeof(text), "%03d", (int)number);
		drop_names_add(&names, text, told);
		assert_true(drop_names_have(&names, text));
		is_in[number] = true;
		is_told[number] |= told;
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%03d", i);
		assert_int_equal(drop_names_have(&names, text), is_in[i]);
		if (!is_in[i])
			continue;
		name = drop_names_take(&names);
		assert_string_equal(name->text, text);
		assert_int_equal(name->is_told, is_told[i]);
		free(name);
	}
	assert_null(drop_names_take(&names));
	assert_false(names.has_more);
	drop_names_free(&names);
}

static void
test_only_names_that_count_are_kept(void **state)
{
	static const struct {
		const char *name;
		bool counts;
	} rows[] = {
		{ "a", true },
		{ "tmp", true },
		{ "a.tmp", false },
		{ ".tmp", false },
		{ "a.tmp.txt", true },
		{ "a.TMP", true },
		{ "a~", false },
		{ "~", false },
		{ "~a", true },
		{ ".", false },
		{ "..", false },
		{ ".a", false },
		{ "", false },
		{ " ", true },
		{ "\xff", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    drop_names_count(rows[i].name), rows[i].counts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define DROP(test) cmocka_unit_test_setup_teardown(test, drop_start, drop_stop)
		DROP(test_any_number_of_names_is_found_in_order),
		DROP(test_many_files_are_taken_in_order_a_little_at_a_time),
		DROP(test_what_stays_is_not_in_the_way),
		cmocka_unit_test(
		    test_names_that_are_told_of_are_kept_with_those_found),
		cmocka_unit_test(test_only_names_that_count_are_kept),
	};

	/* In memory, where waiting for the disk takes no time. */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_many", tests, temp_dir_make, temp_dir_remove);
}
