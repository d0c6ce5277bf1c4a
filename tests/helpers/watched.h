/*
 * A watched folder in a real loop, and what was told of it and of files
 * in it. To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_WATCHED_H
#define SPOOLCAST_TESTS_HELPERS_WATCHED_H

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "helpers/loop_until.h"
#include "helpers/temp_dir.h"
#include "spool/watch.h"

#define SENTINEL "sentinel-"

/* A watched file, and what was told of it. */
struct watched_file {
	struct watch_file watch;
	int n_data, n_moved;
};

static struct ev_loop *watched_loop;
static struct watch watched;
static struct buf watched_names; /* all that were told, each with a blank */
/* The last name that settling made; those are not in watched_names. */
static char watched_sentinel[32];
static unsigned watched_n_sentinels;
static int watched_n_lost, watched_n_done;
static bool watched_is_told; /* something that no on_done followed yet */

static inline void
watched_on_name(void *cookie, const char *name, enum watch_name what)
{
	(void)what;
	assert_ptr_equal(cookie, &watched_names);
	watched_is_told = true;
	if (strncmp(name, SENTINEL, strlen(SENTINEL)) == 0)
		snprintf(
		    watched_sentinel, sizeof(watched_sentinel), "%s", name);
	else
		assert_int_equal(buf_printf(&watched_names, "%s ", name), 0);
}

static inline void
watched_on_data(void *cookie, struct watch_file *file)
{
	assert_ptr_equal(cookie, &watched_names);
	watched_is_told = true;
	LIST_OF(file, struct watched_file, watch)->n_data++;
}

static inline void
watched_on_moved(void *cookie, struct watch_file *file)
{
	assert_ptr_equal(cookie, &watched_names);
	watched_is_told = true;
	LIST_OF(file, struct watched_file, watch)->n_moved++;
}

static inline void
watched_on_lost(void *cookie, bool overflows)
{
	(void)overflows;
	assert_ptr_equal(cookie, &watched_names);
	watched_is_told = true;
	watched_n_lost++;
}

static inline void
watched_on_done(void *cookie)
{
	assert_ptr_equal(cookie, &watched_names);
	watched_is_told = false;
	watched_n_done++;
}

static const struct watch_ops watched_ops = {
	.on_name = watched_on_name,
	.on_data = watched_on_data,
	.on_moved = watched_on_moved,
	.on_lost = watched_on_lost,
	.on_done = watched_on_done,
};

static inline const char *
watched_path(const char *name)
{
	static char path[sizeof(temp_dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", temp_dir, name);
	return path;
}

static inline void
watched_append(const char *name)
{
	int fd = openat(temp_dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
}

static inline void
watched_move(const char *from, const char *to)
{
	assert_int_equal(renameat(temp_dir_fd, from, temp_dir_fd, to), 0);
}

static inline int
watched_start(void **state)
{
	(void)state;
	watched_names.len = 0;
	watched_n_lost = watched_n_done = 0;
	watched_is_told = false;
	watched_loop = ev_loop_new(0);
	if (watched_loop == NULL ||
	    watch_start(&watched, watched_loop, &watched_ops, &watched_names) !=
		0)
		return -1;
	return watch_folder(&watched, temp_dir);
}

static inline int
watched_stop(void **state)
{
	(void)state;
	watch_stop(&watched);
	assert_false(watch_is_on(&watched));
	watch_stop(&watched);
	ev_loop_destroy(watched_loop);
	buf_free(&watched_names);
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

static inline bool
watched_is_sentinel_told(void)
{
	return watched_sentinel[0] != '\0' &&
	    strtoul(watched_sentinel + strlen(SENTINEL), NULL, 10) ==
	    watched_n_sentinels;
}

/*
 * Let the loop tell all that has happened so far: the kernel keeps the order,
 * so once a last name came, there is nothing in front of it.
 */
static inline void
watched_settle(void)
{
	char name[32];

	snprintf(name, sizeof(name), SENTINEL "%u", ++watched_n_sentinels);
	watched_append(name);
	assert_true(loop_until(watched_loop, watched_is_sentinel_told));
	unlinkat(temp_dir_fd, name, 0);
	assert_false(watched_is_told);
}

static inline void
watched_assert_names(const char *want)
{
	assert_int_equal(watched_names.len, strlen(want));
	if (watched_names.len > 0)
		assert_memory_equal(
		    watched_names.data, want, watched_names.len);
	watched_names.len = 0;
}

#endif
