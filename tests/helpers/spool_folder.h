/*
 * A spool folder under watch, in a real loop, and what its owner was told.  To
 * be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_SPOOL_FOLDER_H
#define SPOOLCAST_TESTS_HELPERS_SPOOL_FOLDER_H

#include <sys/stat.h>

#include <string.h>

#include "base/buf.h"
#include "helpers/loop_until.h"
#include "helpers/temp_dir.h"
#include "spool/folder.h"

static struct ev_loop *spool_loop;
static struct folder spool;
static int spool_told;	       /* how often, of the one channel asked for */
static const char *spool_name; /* that was to come to exist */
static bool spool_is_named;
static struct buf spool_names; /* all of them, each with a blank */

static inline void
spool_on_channel(void *cookie, struct channel *channel)
{
	assert_ptr_equal(cookie, &spool_told);
	assert_ptr_equal(channel->folder, &spool);
	spool_told++;
}

static inline void
spool_on_name(void *cookie, const char *name)
{
	assert_ptr_equal(cookie, &spool_told);
	assert_int_equal(buf_printf(&spool_names, "%s ", name), 0);
	if (spool_name != NULL && strcmp(name, spool_name) == 0)
		spool_is_named = true;
}

static const struct folder_ops spool_ops = {
	.on_channel = spool_on_channel,
	.on_name = spool_on_name,
};

static inline bool
spool_is_told(void)
{
	return spool_told > 0;
}

/* Wait for the next time that something is told of any channel in use. */
static inline void
spool_wait(void)
{
	spool_told = 0;
	assert_true(loop_until(spool_loop, spool_is_told));
}

static inline bool
spool_has_name(void)
{
	return spool_is_named;
}

static inline void
spool_wait_for_name(const char *name)
{
	spool_name = name;
	spool_is_named = false;
	assert_true(loop_until(spool_loop, spool_has_name));
}

static inline bool
spool_is_opened(void)
{
	return spool.is_there;
}

/* Append to that file of the spool, which is made if need be. */
static inline void
spool_append(const char *file, const char *text)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "spool/%s", file);
	fd = openat(temp_dir_fd, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline void
spool_move(const char *from, const char *to)
{
	char old[300], new[300];

	snprintf(old, sizeof(old), "spool/%s", from);
	snprintf(new, sizeof(new), "spool/%s", to);
	assert_int_equal(renameat(temp_dir_fd, old, temp_dir_fd, new), 0);
}

static inline void
spool_delete(const char *file)
{
	char path[300];

	snprintf(path, sizeof(path), "spool/%s", file);
	assert_int_equal(unlinkat(temp_dir_fd, path, 0), 0);
}

static inline void
spool_mkdir(void)
{
	assert_int_equal(mkdirat(temp_dir_fd, "spool", 0700), 0);
}

/* Set up a folder that is not there yet, and not opened. */
static inline int
spool_start(void **state)
{
	char path[sizeof(temp_dir) + 8];

	(void)state;
	spool_told = 0;
	spool_name = NULL;
	snprintf(path, sizeof(path), "%s/spool", temp_dir);
	spool_loop = ev_loop_new(0);
	if (spool_loop == NULL)
		return -1;
	return folder_init(&spool, spool_loop, path, &spool_ops, &spool_told);
}

/* Set up one that is there, open and followed. */
static inline int
spool_start_open(void **state)
{
	if (spool_start(state) != 0)
		return -1;
	spool_mkdir();
	if (folder_open(&spool) != 0)
		return -1;
	return folder_follow(&spool) ? 0 : -1;
}

/* Set up one that is there, with no inotify instance for it. */
static inline int
spool_start_polling(void **state)
{
	rlim_t before;
	int rc;

	if (spool_start(state) != 0)
		return -1;
	spool_mkdir();
	/* Just the folder's own descriptor is left. */
	before = loop_use_up_fds(1);
	rc = folder_open(&spool);
	folder_follow(&spool);
	loop_free_fds(before);
	assert_true(spool.is_polling);
	assert_false(watch_is_on(&spool.watch));
	return rc;
}

static inline int
spool_stop(void **state)
{
	(void)state;
	/* First, so that what fails here spoils nothing else. */
	temp_dir_clear(temp_dir_fd, ".");
	assert_int_equal(spool.n_channels, 0);
	assert_int_equal(spool.channels.n_entries, 0);
	folder_free(&spool);
	ev_loop_destroy(spool_loop);
	buf_free(&spool_names);
	return 0;
}

static inline struct channel *
spool_use(const char *name)
{
	struct channel *channel = folder_channel(&spool, name);

	assert_non_null(channel);
	assert_string_equal(channel->name, name);
	assert_int_equal(channel->tag, mark_tag(name));
	return channel;
}

/* How far complete records go in what the channel's name stands for. */
static inline uint64_t
spool_tail(const struct channel *channel)
{
	struct position tail;

	assert_non_null(channel->segment);
	assert_int_equal(segment_tail(channel->segment, &tail), 0);
	return tail.offset;
}

#endif
