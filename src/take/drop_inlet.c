#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "take/drop.h"
#include "take/drop_inlet.h"
#include "take/take.h"

struct drop_folder {
	struct inlet inlet;
	struct drop *drop;
	struct watch_dir watch;
	dev_t dev;
	ino_t ino;
};

static struct drop_folder *
folder_of(struct inlet *inlet)
{
	return (struct drop_folder *)(void *)inlet;
}

static void
on_name(struct watch_dir *watch, const char *name)
{
	struct drop_folder *folder = LIST_OF(watch, struct drop_folder, watch);

	if (name != NULL)
		drop_note(folder->drop, name);
	else
		inlet_rescan(folder->inlet.take);
	inlet_soon(&folder->inlet);
}

static struct inlet *
make(void)
{
	struct drop_folder *folder = calloc(1, sizeof(*folder));

	if (folder == NULL)
		return NULL;
	folder->watch.descriptor = -1;
	folder->watch.on_name = on_name;
	return &folder->inlet;
}

/* Put the path of the drop folder into ${path}. */
static const char *
path_of(const struct inlet *inlet, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s%s", inlet->take->folder->path,
	    inlet->name, inlet->kind->form->suffix);
	return path;
}

static int
open_inlet(struct inlet *inlet, const char **remedy)
{
	struct drop_folder *folder = folder_of(inlet);
	char path[PATH_MAX], file[NAME_MAX], journal[NAME_MAX];
	struct drop_opts opts = {
		.spool = inlet->take->folder->path,
		.file = file,
		.journal = journal,
		.channel = inlet->name,
	};
	struct take_settings settings;
	struct stat st;

	if (lstat(path_of(inlet, path), &st) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		*remedy = "make the folder itself in the spool, no link to one";
		errno = ENOTDIR;
		return -1;
	}
	/* By these, is_same tells this folder from another one. */
	folder->dev = st.st_dev;
	folder->ino = st.st_ino;
	inlet_settings(inlet, &settings);
	opts.max_record = settings.max_record;
	opts.keep_files = settings.keep_files;
	opts.type_from_extension = settings.type_from_extension;
	snprintf(
	    file, sizeof(file), "%s%s", inlet->name, inlet->kind->form->suffix);
	snprintf(journal, sizeof(journal), "%s%s", inlet->name,
	    inlet->kind->form->log);
	folder->drop = drop_new(&opts);
	return folder->drop == NULL ? -1 : 0;
}

static bool
is_same(const struct inlet *inlet, const struct stat *st)
{
	const struct drop_folder *folder =
	    (const struct drop_folder *)(const void *)inlet;

	return folder->dev == st->st_dev && folder->ino == st->st_ino;
}

/*
 * Look at all of the folder, and be told of files from now on, if that is
 * possible.
 */
static void
look_again(struct inlet *inlet)
{
	struct drop_folder *folder = folder_of(inlet);
	struct watch *watch = &inlet->take->folder->watch;
	char path[PATH_MAX];

	/* Watch it first, so that we are told of what comes after the look. */
	if (folder->watch.descriptor == -1 && watch_is_on(watch))
		(void)watch_add_dir(
		    watch, &folder->watch, path_of(inlet, path), WATCH_FILLED);
	drop_rescan(folder->drop);
}

static void
follow(struct inlet *inlet, bool is_on)
{
	struct watch *watch = &inlet->take->folder->watch;

	if (is_on) {
		look_again(inlet);
		return;
	}
	drop_pause(folder_of(inlet)->drop);
	if (watch_is_on(watch))
		watch_remove_dir(watch, &folder_of(inlet)->watch);
}

/* Return whether we are told of what comes. */
static bool
is_told(const struct drop_folder *folder)
{
	const struct folder *spool = folder->inlet.take->folder;

	return folder->watch.descriptor != -1 &&
	    (!spool->is_polling || spool->is_waiting);
}

static enum inlet_result
turn(struct inlet *inlet, int64_t until_ms)
{
	struct drop_folder *folder = folder_of(inlet);

	switch (drop_take(folder->drop, until_ms)) {
	case DROP_DONE:
		break;
	case DROP_MORE:
		return INLET_MORE;
	case DROP_LATER:
		return INLET_LATER;
	case DROP_BUSY:
		return INLET_BUSY;
	case DROP_FAILED:
		return INLET_FAILED;
	}
	if (is_told(folder))
		return INLET_DONE;
	look_again(inlet);
	return INLET_LATER;
}

static bool
outlive(struct inlet *inlet)
{
	/* The files that are left are in the folder, wherever that is. */
	(void)inlet;
	return false;
}

static void
close_inlet(struct inlet *inlet)
{
	struct drop_folder *folder = folder_of(inlet);

	drop_free(folder->drop);
	folder->drop = NULL;
}

const struct inlet_kind drop_inlet = {
	.form = &forms[FORM_DROP],
	.is_lasting = true,
	.make = make,
	.open = open_inlet,
	.is_same = is_same,
	.follow = follow,
	.look_again = look_again,
	.turn = turn,
	.outlive = outlive,
	.close = close_inlet,
};
