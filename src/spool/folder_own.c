/* This file notices journals that appear in our own folder of the spool. */
#include <errno.h>

#include "spool/folder_parts.h"
#include "spool/own.h"

static void
on_own_name(struct watch_dir *dir, const char *file)
{
	struct folder *folder = LIST_OF(dir, struct folder, own);
	char name[NAME_MAX_LEN + 1];
	struct channel *channel;

	if (file == NULL) {
		folder->is_lost = true;
	} else if (form_name_of(file, name) &&
	    (channel = folder_find(folder, name)) != NULL) {
		channel->needs_look = true;
		folder_mark_dirty(channel);
	}
}

void
folder_own_init(struct folder *folder)
{
	folder->own.descriptor = -1;
	folder->own.on_name = on_own_name;
}

void
folder_own_follow(struct folder *folder)
{
	if (folder->own.descriptor != -1 || !watch_is_on(&folder->watch))
		return;
	/* ENOENT: the spool's watch tells when it is made. */
	if (watch_add_dir(&folder->watch, &folder->own,
		folder_file(folder, OWN_FOLDER, ""), WATCH_NAMES) != 0 &&
	    errno != ENOENT)
		folder_poll(
		    folder, "the folder " OWN_FOLDER " cannot be watched");
}

void
folder_own_leave(struct folder *folder)
{
	if (watch_is_on(&folder->watch))
		watch_remove_dir(&folder->watch, &folder->own);
}
