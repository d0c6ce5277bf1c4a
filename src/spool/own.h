/*
 * SPOOL/.spoolcast, the folder in the spool that is spoolcast's own, and the
 * files in it: made, opened, and told from others that took their names.  What
 * somebody put there instead (a link, a pipe, a folder) is refused and neither
 * followed nor waited for.
 */
#ifndef SPOOLCAST_SPOOL_OWN_H
#define SPOOLCAST_SPOOL_OWN_H

#include <stdbool.h>

#define OWN_FOLDER ".spoolcast"

/* Who may read a file that is made; write to it may who may to the spool. */
enum own_readers {
	OWN_WRITERS, /* those who may write to the spool */
	OWN_READERS, /* those who may read the spool */
};

/**
 * own_open_folder(spool):
 * Open the folder of the spool at the path ${spool}; make it if it is missing,
 * with the owner, the group and the rights that ${spool} has, as far as we may
 * give them.  Return a descriptor, or -1 with errno (EROFS, EACCES, ENOTDIR:
 * it is a link or no folder, ...).
 */
int own_open_folder(const char *spool);

/**
 * own_open_within(parent, name):
 * Open the folder ${name} in the open one ${parent}, likewise: if it is missing
 * it is made, with the owner, the group and the rights of ${parent}.
 */
int own_open_within(int parent, const char *name);

/**
 * own_open(spool, name, readers):
 * Open the file ${name} in that folder for reading and writing; make both where
 * they are missing, the file with the owner and the group of ${spool}, and the
 * rights that ${readers} says.  Return a descriptor, or -1 with errno: that of
 * own_open_folder, or ELOOP: a link; EMLINK: a hard link; EISDIR, ENOTDIR,
 * EINVAL: something else than a file.
 */
int own_open(const char *spool, const char *name, enum own_readers readers);

/**
 * own_open_old(folder, name):
 * The same in ${folder}, which own_open_folder opened, and the file is not made
 * (ENOENT).
 */
int own_open_old(int folder, const char *name);

/**
 * own_is_current(fd, spool, name):
 * Return whether ${fd} is what own_open would open now.
 */
bool own_is_current(int fd, const char *spool, const char *name);

#endif
