/* Folders that are watched beside the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/watched.h"

/* A further folder, and what was told of it. */
struct dir {
	struct watch_dir watch;
	char names[64];
	int n_gone;
};

static void
on_dir_name(struct watch_dir *which, const char *name)
{
	struct dir *dir = LIST_OF(which, struct dir, watch);
	size_t len = strlen(dir->names);

	watched_is_told = true;
	if (name == NULL)
		dir->n_gone++;
	else
		snprintf(
		    dir->names + len, sizeof(dir->names) - len, "%s ", name);
}

static void
assert_dir_names(struct dir *dir, const char *want)
{
	watched_settle();
	assert_string_equal(dir->names, want);
	dir->names[0] = '\0';
}

static void
test_further_folders_tell_what_they_are_asked_for(void **state)
{
	struct dir own = { .watch = { .on_name = on_dir_name } };
	struct dir jobs = { .watch = { .on_name = on_dir_name } };
	int fd;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "own", 0700), 0);
	assert_int_equal(mkdirat(temp_dir_fd, "jobs.d", 0700), 0);
	assert_int_equal(watch_add_dir(&watched, &own.watch,
			     watched_path("own"), WATCH_NAMES),
	    0);
	assert_int_equal(watch_add_dir(&watched, &jobs.watch,
			     watched_path("jobs.d"), WATCH_FILLED),
	    0);
	watched_settle();
	watched_names.len = 0;
	watched_append("own/log");
	watched_append("own/log");
	assert_dir_names(&own, "log ");
	/* Not when it is made, only when it is complete. */
	fd = openat(temp_dir_fd, "jobs.d/a", O_WRONLY | O_CREAT, 0600);
	assert_true(fd != -1);
	assert_dir_names(&jobs, "");
	close(fd);
	assert_dir_names(&jobs, "a ");
	watched_move("own/log", "jobs.d/b");
	assert_dir_names(&jobs, "b ");
	assert_dir_names(&own, "log ");
	watched_move("jobs.d/b", "b");
	watched_settle();
	watched_assert_names("b ");
	assert_dir_names(&jobs, "");
	watch_remove_dir(&watched, &own.watch);
	assert_int_equal(own.watch.descriptor, -1);
	watched_append("own/log");
	watched_append("jobs.d/c");
	assert_dir_names(&own, "");
	assert_dir_names(&jobs, "c ");
	watch_remove_dir(&watched, &jobs.watch);
	assert_int_equal(own.n_gone + jobs.n_gone + watched_n_lost, 0);
}

static void
test_a_further_folder_that_goes_away_is_told_once(void **state)
{
	struct dir dir = { .watch = { .on_name = on_dir_name } };
	struct dir link = { .watch = {
				.descriptor = -1, .on_name = on_dir_name } };

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "own", 0700), 0);
	assert_int_equal(symlinkat("own", temp_dir_fd, "link"), 0);
	assert_int_equal(watch_add_dir(&watched, &link.watch,
			     watched_path("link"), WATCH_NAMES),
	    -1);
	assert_int_equal(link.watch.descriptor, -1);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(watch_add_dir(&watched, &dir.watch,
				     watched_path("own"), WATCH_NAMES),
		    0);
		if (i == 1)
			watched_move("own", "elsewhere");
		else
			assert_int_equal(
			    unlinkat(temp_dir_fd, "own", AT_REMOVEDIR), 0);
		watched_settle();
		assert_int_equal(dir.n_gone, i);
		assert_int_equal(dir.watch.descriptor, -1);
		if (i == 1)
			watched_move("elsewhere", "own");
	}
	assert_int_equal(watched_n_lost, 0);
	assert_string_equal(dir.names, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_LOOP(test)                                                        \
	cmocka_unit_test_setup_teardown(test, watched_start, watched_stop)
		WITH_LOOP(test_further_folders_tell_what_they_are_asked_for),
		WITH_LOOP(test_a_further_folder_that_goes_away_is_told_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "watch_dir", tests, temp_dir_make, temp_dir_remove);
}
