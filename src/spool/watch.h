/*
 * Wake-ups from inotify(7): one instance for a folder, the files in use and
 * what further folders there are.
 *
 * What inotify does, and what follows for this file:
 *  a) The folder's watch tells of names that come and go; with IN_MODIFY it
 *     would also wake every process for every channel, so files that are read
 *     have watches of their own, which follow an inode through renames.
 *  b) A second watch on one inode (a link, two names) returns the first one's
 *     descriptor: so one descriptor may stand for several files here.
 *  c) When the queue overflows, events are lost and IN_Q_OVERFLOW comes.
 *  d) Network file systems tell nothing of what other hosts write.
 *  e) Instances (128 per user) and watches can be used up: then starting or
 *     adding fails and the caller has to poll.
 */
#ifndef SPOOLCAST_SPOOL_WATCH_H
#define SPOOLCAST_SPOOL_WATCH_H

#include <ev.h>
#include <stdbool.h>

#include "base/log.h"
#include "base/table.h"

/* A watched file; embedded in what owns it. */
struct watch_file {
	struct table_entry by_descriptor;
	int descriptor; /* -1: not watched */
};

/* What is told of a further folder. */
enum watch_what {
	WATCH_NAMES,  /* names that came or went */
	WATCH_FILLED, /* files that were moved in or closed after writing */
};

/* What became of a name in the folder that is watched by watch_folder. */
enum watch_name {
	WATCH_CHANGED, /* its rights or its owner */
	WATCH_CAME,
	WATCH_WENT,
};

/* A further watched folder; embedded in what owns it. */
struct watch_dir {
	struct table_entry by_descriptor;
	int descriptor; /* -1: not watched */
	/*
	 * What was asked for happened to the file ${name}.  NULL: the folder
	 * was removed or moved away and is not watched any more.
	 */
	void (*on_name)(struct watch_dir *dir, const char *name);
};

/*
 * What the owner is told.  All but on_done may only take note and must not add
 * or remove watches; on_done follows when all that was read is told.
 */
struct watch_ops {
	void (*on_name)(void *cookie, const char *name, enum watch_name what);
	void (*on_data)(void *cookie, struct watch_file *file);
	void (*on_moved)(void *cookie, struct watch_file *file);
	/* Anything may have changed; if ${overflows}, more than once. */
	void (*on_lost)(void *cookie, bool overflows);
	void (*on_done)(void *cookie);
};

struct watch {
	struct ev_loop *loop;
	ev_io io;
	int folder; /* descriptor of the folder's watch; -1: none */
	struct table files;
	struct table dirs;
	const struct watch_ops *ops;
	void *cookie;
	struct log_quota quota;
};

/**
 * watch_start(watch, loop, ops, cookie):
 * Start an inotify instance in ${loop}.  Return 0, or -1 with errno (EMFILE:
 * none left); then ${watch} is not started, and watch_stop does nothing.
 */
int watch_start(struct watch *watch, struct ev_loop *loop,
    const struct watch_ops *ops, void *cookie);

/**
 * watch_stop(watch):
 * End all watches; no callback comes after.
 */
void watch_stop(struct watch *watch);

/**
 * watch_is_on(watch):
 * Return whether ${watch} was started.
 */
bool watch_is_on(const struct watch *watch);

/**
 * watch_folder(watch, path):
 * Watch the names in the folder ${path}, instead of any other folder.  When it
 * is removed or moved away, that is told by on_lost, and it is watched no more.
 * Return 0 or -1 with errno.
 */
int watch_folder(struct watch *watch, const char *path);

/**
 * watch_tell(watch):
 * Tell all that happened until now, but for on_done, as far as that takes no
 * more than a moment.  Return whether that was all.
 */
bool watch_tell(struct watch *watch);

/**
 * watch_add(watch, file, path):
 * Watch the file ${path}; ${file} is not watched yet.  Return 0, or -1 with
 * errno and ${file} not watched (ENOSPC: no watches left).
 */
int watch_add(struct watch *watch, struct watch_file *file, const char *path);

/**
 * watch_remove(watch, file):
 * End the watch of ${file}, if it is watched.
 */
void watch_remove(struct watch *watch, struct watch_file *file);

/**
 * watch_add_dir(watch, dir, path, what):
 * Watch the folder ${path}, which is no link, beside the one that is watched by
 * watch_folder; ${dir} has its on_name and is not watched yet.  Return 0, or -1
 * with errno and ${dir} not watched (ENOSPC: no watches left).
 */
int watch_add_dir(struct watch *watch, struct watch_dir *dir, const char *path,
    enum watch_what what);

/**
 * watch_remove_dir(watch, dir):
 * End the watch of ${dir}, if it is watched.
 */
void watch_remove_dir(struct watch *watch, struct watch_dir *dir);

#endif
