#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/folder_parts.h"
#include "spool/own.h"
#include "spool/remote.h"

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
	folder_list_keep(folder, file, what);
	if (!form_name_of(file, name))
		return;
	if ((channel = folder_find(folder, name)) != NULL) {
		channel->needs_look = true;
		folder_mark_dirty(channel);
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
	folder_mark_dirty(LIST_OF(file, struct channel_watch, file)->channel);
}

static void
on_moved(void *cookie, struct watch_file *file)
{
	struct channel *channel =
	    LIST_OF(file, struct channel_watch, file)->channel;

	(void)cookie;
	channel->needs_look = true;
	folder_mark_dirty(channel);
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
	folder_look(cookie);
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
	folder->watch_ops = &watch_ops;
	folder_own_init(folder);
	folder_look_init(folder);
	if ((folder->path = strdup(path)) == NULL)
		goto err0;
	if ((folder->file = malloc(strlen(path) + FOLDER_FILE_ROOM)) == NULL)
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

int
folder_open(struct folder *folder)
{
	if (folder_there_is(folder))
		return 0;
	if (folder_there_reopen(folder) != 0)
		return -1;
	/* Tell the users of all channels that it is another one, and now. */
	if (folder->is_followed)
		folder_look(folder);
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
		folder_there_follow(folder, fd);
		close(fd);
		folder_look(folder);
	} else {
		/* It is opened, and watched, as soon as it can be. */
		folder->is_there = false;
		folder_poll_wait(folder);
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
	table_insert(&folder->channels, &channel->by_name,
	    table_hash(name, strlen(name)));
	folder->n_channels++;
	return channel;
}
