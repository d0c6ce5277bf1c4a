#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "source/folder_parts.h"
#include "spool/own.h"
#include "spool/remote.h"

/* Beside the path: slashes, our folder, a name, a suffix, a number, a NUL. */
#define FILE_ROOM (NAME_MAX_LEN + 48)

static uint64_t
name_hash(const char *name)
{
	return table_hash(name, strlen(name));
}

struct channel *
folder_find(struct folder *folder, const char *name)
{
	struct table_entry *entry =
	    table_first(&folder->channels, name_hash(name));

	for (; entry != NULL; entry = table_next(entry)) {
		struct channel *channel =
		    TABLE_OF(entry, struct channel, by_name);

		if (strcmp(channel->name, name) == 0)
			return channel;
	}
	return NULL;
}

void
channel_mark_dirty(struct channel *channel)
{
	if (list_is_empty(&channel->dirty))
		list_push(&channel->folder->dirty, &channel->dirty);
}

static void
note_arrival(struct channel *channel)
{
	if (!channel->is_early)
		channel->arrivals++;
	channel->is_early = false;
}

static void
on_name(void *cookie, const char *file, enum watch_name what)
{
	struct folder *folder = cookie;
	char name[NAME_MAX_LEN + 1];
	struct channel *channel;

	if (folder->ops->on_file != NULL)
		folder->ops->on_file(folder->cookie, file);
	/* There may be journals in our folder before we follow it. */
	if (strcmp(file, OWN_FOLDER) == 0)
		folder->is_lost = true;
	folder_keep_name(folder, file, what);
	if (!form_name_of(file, name))
		return;
	if ((channel = folder_find(folder, name)) != NULL) {
		channel->needs_look = true;
		channel_mark_dirty(channel);
		if (what == WATCH_CAME && channel->form != NULL &&
		    strcmp(file + strlen(name), channel->form->suffix) == 0)
			note_arrival(channel);
	}
	/* Tell of it even if it is in use: it may not have existed before. */
	if (form_has_suffix(file))
		folder->ops->on_name(folder->cookie, name);
}

static void
on_data(void *cookie, struct watch_file *file)
{
	(void)cookie;
	channel_mark_dirty(LIST_OF(file, struct channel_watch, file)->channel);
}

static void
on_moved(void *cookie, struct watch_file *file)
{
	struct channel *channel =
	    LIST_OF(file, struct channel_watch, file)->channel;

	(void)cookie;
	channel->needs_look = true;
	channel_mark_dirty(channel);
}

static void
on_lost(void *cookie, bool overflows)
{
	struct folder *folder = cookie;

	folder->is_lost = true;
	folder->has_overflown = folder->has_overflown || overflows;
}

static void
on_done(void *cookie)
{
	folder_tell(cookie);
}

static const struct watch_ops watch_ops = {
	.on_name = on_name,
	.on_data = on_data,
	.on_moved = on_moved,
	.on_lost = on_lost,
	.on_done = on_done,
};

int
folder_init(struct folder *folder, struct ev_loop *loop, const char *path,
    const struct folder_ops *ops, void *cookie)
{
	memset(folder, 0, sizeof(*folder));
	folder->loop = loop;
	folder->ops = ops;
	folder->cookie = cookie;
	folder_own_init(folder);
	folder_poll_init(folder);
	folder_look_init(folder);
	if ((folder->path = strdup(path)) == NULL)
		goto err0;
	if ((folder->file = malloc(strlen(path) + FILE_ROOM)) == NULL)
		goto err1;
	if (table_init(&folder->channels) != 0)
		goto err2;
	return 0;

err2:
	free(folder->file);
err1:
	free(folder->path);
err0:
	return -1;
}

const char *
folder_file(struct folder *folder, const char *name, const char *suffix)
{
	snprintf(folder->file, strlen(folder->path) + FILE_ROOM, "%s/%s%s",
	    folder->path, name, suffix);
	return folder->file;
}

char *
folder_log(struct folder *folder, const struct form *form, const char *name)
{
	snprintf(folder->file, strlen(folder->path) + FILE_ROOM, "%s/%s%s%s",
	    folder->path, form->dir, name, form->log);
	return folder->file;
}

void
folder_free(struct folder *folder)
{
	folder_poll_end(folder);
	folder_look_end(folder);
	watch_stop(&folder->watch);
	table_free(&folder->channels);
	free(folder->file);
	free(folder->path);
}

static void
start_watching(struct folder *folder, int fd)
{
	if (!watch_is_on(&folder->watch) &&
	    (!folder->is_polling || folder->is_waiting) &&
	    watch_start(&folder->watch, folder->loop, &watch_ops, folder) != 0)
		folder_poll(folder,
		    errno == EMFILE ?
			"no inotify instance left, raise "
			"fs.inotify.max_user_instances or the limit of open "
			"files" :
			"no inotify");
	if (watch_is_on(&folder->watch) &&
	    watch_folder(&folder->watch, folder->path) != 0)
		folder_poll(folder, "the folder cannot be watched");
	if (remote_is(fd) == 1)
		folder_poll(folder, "a network file system");
}

/*
 * Follow the folder that is open as ${fd}, and, one after the other, the
 * channels in use.
 */
static void
follow(struct folder *folder, int fd)
{
	start_watching(folder, fd);
	/* Our own folder may be that of another spool now. */
	folder_own_leave(folder);
	folder->follow_no++;
	folder->is_lost = true;
}

bool
folder_is_still_there(const struct folder *folder)
{
	bool is_polled = folder->is_polling && !folder->is_waiting;
	struct stat st;

	/* A new folder may get the inode of the old one, but not its watch. */
	return folder->is_there &&
	    (!folder->is_followed || is_polled ||
		(watch_is_on(&folder->watch) && folder->watch.folder != -1)) &&
	    stat(folder->path, &st) == 0 && st.st_ino == folder->ino &&
	    st.st_dev == folder->dev;
}

static void
log_absence(struct folder *folder)
{
	if (errno != folder->open_errno)
		log_errno(LOG_LEVEL_ERROR,
		    "event=spool-unreadable spool=\"%s\" "
		    "remedy=\"make the folder, or set [spool] path\"",
		    folder->path);
	folder->open_errno = errno;
}

int
folder_reopen(struct folder *folder)
{
	struct stat st;
	int fd;

	folder->is_there = false;
	fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) != 0) {
		log_absence(folder);
		if (fd != -1)
			close(fd);
		folder_wait(folder);
		errno = folder->open_errno;
		return -1;
	}
	folder->is_there = true;
	folder->dev = st.st_dev;
	folder->ino = st.st_ino;
	folder->open_errno = 0;
	if (folder->is_waiting)
		folder_poll_end(folder);
	if (folder->is_followed)
		follow(folder, fd);
	close(fd);
	return 0;
}

int
folder_open(struct folder *folder)
{
	if (folder_is_still_there(folder))
		return 0;
	if (folder_reopen(folder) != 0)
		return -1;
	/* Tell the users of all channels that it is another one, and now. */
	if (folder->is_followed)
		folder_tell(folder);
	return 0;
}

bool
folder_follow(struct folder *folder)
{
	int fd;

	if (folder->is_followed)
		return false;
	folder->is_followed = true;
	fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		follow(folder, fd);
		close(fd);
		folder_tell(folder);
	} else {
		/* It is opened, and watched, as soon as it can be. */
		folder->is_there = false;
		folder_wait(folder);
	}
	return true;
}

struct channel *
folder_channel(struct folder *folder, const char *name)
{
	struct channel *channel = folder_find(folder, name);

	if (channel != NULL) {
		if (!folder->is_followed)
			channel_look(channel);
		channel->refs++;
		return channel;
	}
	if ((channel = channel_new(folder, name)) == NULL)
		return NULL;
	list_push(&folder->looked_at, &channel->in_look);
	table_insert(&folder->channels, &channel->by_name, name_hash(name));
	folder->n_channels++;
	return channel;
}

void
channel_unref(struct channel *channel)
{
	if (--channel->refs > 0)
		return;
	channel->folder->n_channels--;
	table_remove(&channel->folder->channels, &channel->by_name);
	channel_free(channel);
}
