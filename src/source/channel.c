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

const struct form folder_forms[] = {
	{ "", ".1", RECORD_LINE },
	{ ".sse", ".sse.1", RECORD_BLOCK },
};
const size_t folder_n_forms = sizeof(folder_forms) / sizeof(folder_forms[0]);

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

/* Find the file that stands for the channel; NULL with errno: none. */
static const struct form *
find_form(struct channel *channel, struct stat *st)
{
	const struct form *form;
	int found_errno = ENOENT;

	for (form = folder_forms; form < folder_forms + folder_n_forms;
	     form++) {
		if (stat(folder_file(
			     channel->folder, channel->name, form->suffix),
			st) == 0) {
			if (S_ISREG(st->st_mode))
				return form;
		} else if (errno != ENOENT) {
			found_errno = errno;
		}
	}
	errno = found_errno;
	return NULL;
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
	struct stat st;
	const struct form *form = find_form(channel, &st);

	/* If it is another file by now, the next look finds out. */
	if (channel->segment != NULL && form != NULL)
		watch_segment(channel,
		    folder_file(channel->folder, channel->name, form->suffix));
}

/* Make ${form}'s file the newest segment.  Return whether that was done. */
static bool
open_segment(struct channel *channel, const struct form *form)
{
	const char *path =
	    folder_file(channel->folder, channel->name, form->suffix);
	struct segment *seg = segment_open(AT_FDCWD, path, form->record);

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

bool
channel_look(struct channel *channel)
{
	const struct segment *seg = channel->segment;
	const struct form *form;
	bool is_new = false;
	struct stat st;

	channel->needs_look = false;
	/* Before the folder is watched, nothing in it would be. */
	if (!channel->folder->is_there)
		return false;
	channel->is_missing = channel->is_gone = false;
	form = find_form(channel, &st);
	if (form == NULL && errno != ENOENT) {
		refuse(channel);
	} else if (form == NULL) {
		channel->open_errno = 0;
		channel->is_gone = seg != NULL;
		channel->is_missing =
		    channel->is_gone || has_dangling_link(channel);
	}
	if (form != NULL &&
	    (seg == NULL || seg->dev != st.st_dev || seg->ino != st.st_ino ||
		seg->form != form->record))
		is_new = open_segment(channel, form);
	/* Nothing else tells when it can be had. */
	if (channel->is_missing)
		folder_wait(channel->folder);
	return look_for_end(channel) || is_new;
}
