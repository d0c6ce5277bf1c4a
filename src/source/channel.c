#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/folder.h"

struct channel *
channel_new(struct folder *folder, const char *name)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return NULL;
	channel->folder = folder;
	channel->refs = 1;
	channel->tag = mark_tag(name);
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	list_init(&channel->users);
	list_init(&channel->dirty);
	channel->watch.descriptor = -1;
	channel->polled_size = -1;
	channel_look(channel);
	return channel;
}

void
channel_free(struct channel *channel)
{
	watch_remove(&channel->folder->watch, &channel->watch);
	list_remove(&channel->dirty);
	segment_unref(channel->segment);
	free(channel);
}

/* A file is there and cannot be read: not the same as none. */
static void
refuse(struct channel *channel)
{
	struct folder *folder = channel->folder;

	channel->is_missing = true;
	if (errno != channel->open_errno &&
	    log_allow(&folder->quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR,
		    "event=channel-unreadable channel=%s spool=\"%s\" "
		    "remedy=\"%s\"",
		    channel->name, folder->path,
		    errno == EACCES	? "let the web server's user read it" :
			errno == EMFILE ? "raise the limit of open files" :
					  "see the error; it is tried again");
	channel->open_errno = errno;
}

/* Whether a link by one of the channel's names leads to nothing yet. */
static bool
has_dangling_link(struct channel *channel)
{
	struct stat st;

	for (size_t i = 0; i < folder_n_forms; i++) {
		if (lstat(folder_file(channel->folder, channel->name,
			      folder_forms[i].suffix),
			&st) == 0 &&
		    S_ISLNK(st.st_mode))
			return true;
	}
	return false;
}

static void
watch_segment(struct channel *channel, const char *path)
{
	struct folder *folder = channel->folder;

	watch_remove(&folder->watch, &channel->watch);
	if (!watch_is_on(&folder->watch))
		return;
	/* ENOENT: gone again; the folder's watch tells what comes next. */
	if (watch_add(&folder->watch, &channel->watch, path) != 0 &&
	    errno != ENOENT)
		folder_poll(folder,
		    "inotify watches used up, raise "
		    "fs.inotify.max_user_watches");
}

void
channel_follow(struct channel *channel)
{
	/* If it is another file by now, the next look finds out. */
	if (channel->segment != NULL && channel->form != NULL)
		watch_segment(channel,
		    folder_log(channel->folder, channel->form, channel->name));
}

/* Make the file at ${path} the newest segment.  Return whether that worked. */
static bool
open_segment(struct channel *channel, const char *path)
{
	struct segment *seg =
	    segment_open(AT_FDCWD, path, channel->form->record);

	if (seg == NULL) {
		refuse(channel);
		return false;
	}
	channel->open_errno = 0;
	if (channel->segment != NULL)
		channel->segment->is_replaced = true;
	segment_unref(channel->segment);
	channel->segment = seg;
	channel->polled_size = -1;
	watch_segment(channel, path);
	return true;
}

static bool
look_for_end(struct channel *channel)
{
	bool had_ended = channel->has_ended;

	channel->has_ended =
	    access(folder_file(channel->folder, channel->name, ".end"), F_OK) ==
	    0;
	return channel->has_ended != had_ended;
}

/* Whether ${st} is that of another file than the newest segment. */
static bool
is_other_file(const struct channel *channel, const struct stat *st)
{
	const struct segment *seg = channel->segment;

	return seg == NULL || seg->dev != st->st_dev ||
	    seg->ino != st->st_ino || seg->form != channel->form->record;
}

/* There is no newest segment: it is gone, or was never there. */
static void
miss_segment(struct channel *channel)
{
	channel->open_errno = 0;
	channel->is_gone = channel->segment != NULL;
	channel->is_missing = channel->is_gone || has_dangling_link(channel);
}

bool
channel_look(struct channel *channel)
{
	struct folder *folder = channel->folder;
	bool is_new = false;
	const char *path;
	struct stat st;

	channel->needs_look = false;
	/* Before the folder is watched, nothing in it would be. */
	if (!folder->is_there)
		return false;
	channel->is_missing = channel->is_gone = false;
	channel->form = folder_form(folder, channel->name, &st);
	if (channel->form == NULL) {
		if (errno == ENOENT)
			miss_segment(channel);
		else
			refuse(channel);
	} else {
		path = folder_log(folder, channel->form, channel->name);
		if (channel->form->type == S_IFREG || stat(path, &st) == 0) {
			if (is_other_file(channel, &st))
				is_new = open_segment(channel, path);
		} else if (errno == ENOENT) {
			miss_segment(channel);
		} else {
			refuse(channel);
		}
	}
	/* Nothing else tells when it can be had. */
	if (channel->is_missing)
		folder_wait(folder);
	return look_for_end(channel) || is_new;
}
