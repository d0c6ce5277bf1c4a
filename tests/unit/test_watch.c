/* Wake-ups from the kernel, in a real loop. */
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
#include "helpers/loop_until.h"
#include "helpers/temp_dir.h"
#include "source/watch.h"

#define SENTINEL "sentinel-"

/* A watched file, and what was told of it. */
struct file {
	struct watch_file watch;
	int n_data, n_moved;
};

static struct ev_loop *loop;
static struct watch watch;
static struct buf names;  /* all that were told, each with a blank */
static char sentinel[32]; /* the last of those, which are not in names */
static unsigned n_sentinels;
static int n_lost, n_done;
static bool is_told; /* something that no on_done followed yet */

static void
on_name(void *cookie, const char *name)
{
	assert_ptr_equal(cookie, &names);
	is_told = true;
	if (strncmp(name, SENTINEL, strlen(SENTINEL)) == 0)
		snprintf(sentinel, sizeof(sentinel), "%s", name);
	else
		assert_int_equal(buf_printf(&names, "%s ", name), 0);
}

static void
on_data(void *cookie, struct watch_file *file)
{
	assert_ptr_equal(cookie, &names);
	is_told = true;
	LIST_OF(file, struct file, watch)->n_data++;
}

static void
on_moved(void *cookie, struct watch_file *file)
{
	assert_ptr_equal(cookie, &names);
	is_told = true;
	LIST_OF(file, struct file, watch)->n_moved++;
}

static void
on_lost(void *cookie)
{
	assert_ptr_equal(cookie, &names);
	is_told = true;
	n_lost++;
}

static void
on_done(void *cookie)
{
	assert_ptr_equal(cookie, &names);
	is_told = false;
	n_done++;
}

static const struct watch_ops ops = {
	.on_name = on_name,
	.on_data = on_data,
	.on_moved = on_moved,
	.on_lost = on_lost,
	.on_done = on_done,
};

static const char *
path_of(const char *name)
{
	static char path[sizeof(temp_dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", temp_dir, name);
	return path;
}

static void
append(const char *name)
{
	int fd = openat(temp_dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
}

static void
move(const char *from, const char *to)
{
	assert_int_equal(renameat(temp_dir_fd, from, temp_dir_fd, to), 0);
}

static int
start(void **state)
{
	(void)state;
	names.len = 0;
	n_lost = n_done = 0;
	is_told = false;
	loop = ev_loop_new(0);
	if (loop == NULL || watch_start(&watch, loop, &ops, &names) != 0)
		return -1;
	return watch_folder(&watch, temp_dir);
}

static int
stop(void **state)
{
	(void)state;
	watch_stop(&watch);
	assert_false(watch_is_on(&watch));
	watch_stop(&watch);
	ev_loop_destroy(loop);
	buf_free(&names);
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

static bool
is_sentinel_told(void)
{
	return sentinel[0] != '\0' &&
	    strtoul(sentinel + strlen(SENTINEL), NULL, 10) == n_sentinels;
}

/*
 * Let the loop tell all that has happened so far: the kernel keeps the order,
 * so once a last name came, there is nothing in front of it.
 */
static void
settle(void)
{
	char name[32];

	snprintf(name, sizeof(name), SENTINEL "%u", ++n_sentinels);
	append(name);
	assert_true(loop_until(loop, is_sentinel_told));
	unlinkat(temp_dir_fd, name, 0);
	assert_false(is_told);
}

static void
assert_names(const char *want)
{
	assert_int_equal(names.len, strlen(want));
	if (names.len > 0)
		assert_memory_equal(names.data, want, names.len);
	names.len = 0;
}

static void
test_names_that_come_and_go_are_told(void **state)
{
	(void)state;
	append("news");
	settle();
	assert_names("news ");
	/* What is written to it is nobody's business yet. */
	append("news");
	settle();
	assert_names("");
	move("news", "news.1");
	settle();
	assert_names("news news.1 ");
	assert_int_equal(mkdirat(temp_dir_fd, "jobs.d", 0700), 0);
	unlinkat(temp_dir_fd, "news.1", 0);
	settle();
	assert_names("jobs.d news.1 ");
	assert_int_equal(fchmodat(temp_dir_fd, "jobs.d", 0500, 0), 0);
	settle();
	assert_names("jobs.d ");
	assert_int_equal(n_lost, 0);
}

static void
test_a_watched_file_is_followed_wherever_it_goes(void **state)
{
	struct file file = { 0 };

	(void)state;
	append("news");
	assert_int_equal(watch_add(&watch, &file.watch, path_of("news")), 0);
	settle();
	assert_int_equal(file.n_data, 0);
	append("news");
	settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(file.n_moved, 0);
	move("news", "news.1");
	append("news.1");
	settle();
	assert_int_equal(file.n_data, 2);
	assert_int_equal(file.n_moved, 1);
	append("news");
	append("news");
	settle();
	assert_int_equal(file.n_data, 2);
	assert_int_equal(truncate(path_of("news.1"), 0), 0);
	settle();
	assert_true(file.n_data > 2);
	unlinkat(temp_dir_fd, "news.1", 0);
	settle();
	assert_true(file.n_moved > 1);
	watch_remove(&watch, &file.watch);
	assert_int_equal(file.watch.descriptor, -1);
}

static void
test_a_file_that_is_watched_no_more_tells_nothing(void **state)
{
	struct file file = { 0 }, other = { 0 };

	(void)state;
	append("news");
	append("other");
	assert_int_equal(watch_add(&watch, &file.watch, path_of("news")), 0);
	assert_int_equal(watch_add(&watch, &other.watch, path_of("other")), 0);
	/* Even what the kernel has queued already. */
	append("news");
	watch_remove(&watch, &file.watch);
	append("news");
	append("other");
	settle();
	assert_int_equal(file.n_data, 0);
	assert_int_equal(other.n_data, 1);
	assert_int_equal(watch_add(&watch, &file.watch, path_of("news")), 0);
	append("news");
	settle();
	assert_int_equal(file.n_data, 1);
}

static void
test_two_names_of_one_file_are_both_told(void **state)
{
	struct file file = { 0 }, alias = { 0 };

	(void)state;
	append("news");
	assert_int_equal(
	    linkat(temp_dir_fd, "news", temp_dir_fd, "alias", 0), 0);
	assert_int_equal(watch_add(&watch, &file.watch, path_of("news")), 0);
	assert_int_equal(watch_add(&watch, &alias.watch, path_of("alias")), 0);
	append("news");
	settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(alias.n_data, 1);
	watch_remove(&watch, &file.watch);
	append("news");
	settle();
	assert_int_equal(file.n_data, 1);
	assert_int_equal(alias.n_data, 2);
}

static void
test_what_is_not_there_cannot_be_watched(void **state)
{
	struct file file = { .watch = { .descriptor = -1 } };

	(void)state;
	errno = 0;
	assert_int_equal(
	    watch_add(&watch, &file.watch, path_of("nothing")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file.watch.descriptor, -1);
	errno = 0;
	assert_int_equal(watch_folder(&watch, path_of("nothing")), -1);
	assert_int_equal(errno, ENOENT);
	/* The folder that was watched before still is. */
	append("news");
	settle();
	assert_names("news ");
}

static void
test_another_folder_takes_the_place_of_the_first(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "spool", 0700), 0);
	settle();
	names.len = 0;
	assert_int_equal(watch_folder(&watch, path_of("spool")), 0);
	append("news");
	fd = openat(temp_dir_fd, "spool/inner", O_WRONLY | O_CREAT, 0600);
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(watch_folder(&watch, temp_dir), 0);
	settle();
	assert_names("");
	assert_int_equal(n_lost, 0);
	append("deploy");
	settle();
	assert_names("deploy ");
}

static bool
is_lost(void)
{
	return n_lost > 0 && !is_told;
}

static void
test_a_folder_that_goes_away_is_told_as_lost(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "spool", 0700), 0);
	assert_int_equal(watch_folder(&watch, path_of("spool")), 0);
	move("spool", "elsewhere");
	assert_true(loop_until(loop, is_lost));
	assert_int_equal(watch_folder(&watch, path_of("elsewhere")), 0);
	n_lost = 0;
	assert_int_equal(unlinkat(temp_dir_fd, "elsewhere", AT_REMOVEDIR), 0);
	assert_true(loop_until(loop, is_lost));
}

static void
test_a_queue_that_overflows_is_told_as_lost(void **state)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	char text[32];
	long n;

	(void)state;
	assert_non_null(limit);
	assert_non_null(fgets(text, sizeof(text), limit));
	fclose(limit);
	n = strtol(text, NULL, 10);
	append("a");
	/* Two each, and never the same twice, which would be one. */
	for (long i = 0; i < n / 2 + 10; i++)
		move(i % 2 == 0 ? "a" : "b", i % 2 == 0 ? "b" : "a");
	assert_true(loop_until(loop, is_lost));
	names.len = 0;
	settle();
	assert_int_equal(n_lost, 1);
}

static void
test_without_an_instance_nothing_is_started(void **state)
{
	struct watch second;
	rlim_t before;
	int rc;

	(void)state;
	before = loop_use_up_fds(0);
	errno = 0;
	rc = watch_start(&second, loop, &ops, &names);
	assert_int_equal(errno, EMFILE);
	loop_free_fds(before);
	assert_int_equal(rc, -1);
	assert_false(watch_is_on(&second));
	watch_stop(&second);
	assert_int_equal(watch_start(&second, loop, &ops, &names), 0);
	assert_true(watch_is_on(&second));
	watch_stop(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, start, stop)
		WITH_LOOP(test_names_that_come_and_go_are_told),
		WITH_LOOP(test_a_watched_file_is_followed_wherever_it_goes),
		WITH_LOOP(test_a_file_that_is_watched_no_more_tells_nothing),
		WITH_LOOP(test_two_names_of_one_file_are_both_told),
		WITH_LOOP(test_what_is_not_there_cannot_be_watched),
		WITH_LOOP(test_another_folder_takes_the_place_of_the_first),
		WITH_LOOP(test_a_folder_that_goes_away_is_told_as_lost),
		WITH_LOOP(test_a_queue_that_overflows_is_told_as_lost),
		WITH_LOOP(test_without_an_instance_nothing_is_started),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "watch", tests, temp_dir_make, temp_dir_remove);
}
