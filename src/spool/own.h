/*
 * SPOOL/.spoolcast, the folder in the spool that is spoolcast's own, and the
 * files in it.  These functions make and open them, and tell them from others
 * that took their names.  What somebody put there instead (a link, a pipe, a
 * folder) is refused and neither followed nor waited for.
 */
#ifndef SPOOLCAST_SPOOL_OWN_H
#define SPOOLCAST_SPOOL_OWN_H

#include <stdbool.h>

#define OWN_FOLDER ".spoolcast"

/*
 * Which users may read a file that is made.  All users that may write to the
 * spool may write to it, too; but in a sticky spool only its owner may, for
 * there nobody else could take the file away, either.
 */
enum own_readers {
	OWN_WRITERS, /* users that may write to the file */
	OWN_READERS, /* users that may read the spool */
	/*
	 * Users that may write to the spool may read and write it, even if the
	 * spool is sticky, and any user may have made it: what is in the file
	 * is not to be believed.
	 */
	OWN_SHARED,
};

/**
 * own_open_folder(spool):
 * Open the folder of the spool at the path ${spool}; make it if it is missing,
 * with the owner, the group and the rights that ${spool} has, as far as we may
 * give them.  A stranger may have made it.  Return a descriptor, or -1 with
 * errno (EROFS, EACCES, ENOTDIR: it is a link or no folder, ...).
 */
int own_open_folder(const char *spool);

/**
 * own_open_within(parent, name):
 * Open the folder ${name} in the open one ${parent} in the same way: if it is
 * missing it is made, with the owner, the group and the rights of ${parent}.
 * EPERM: ${parent} is sticky, and the folder that is there belongs neither to
 * root nor to us nor to the owner of ${parent}.
 */
int own_open_within(int parent, const char *name);

/**
 * own_open(spool, name, readers):
 * Open the file ${name} in that folder for reading and writing; make both where
 * they are missing, the file with the owner and the group of ${spool}, and the
 * rights that ${readers} says.  Return a descriptor, or -1 with errno: that of
 * own_open_folder, or ELOOP: a link; EMLINK: a hard link; EISDIR, ENOTDIR,
 * EINVAL: something else than a file; EPERM: ${spool} is sticky, and the file
 * or the folder belongs neither to root nor to us nor to the owner of ${spool}
 * (but not with OWN_SHARED).
 */
int own_open(const char *spool, const char *name, enum own_readers readers);

/**
 * own_open_old(folder, name):
 * Do the same in ${folder}, which own_open_folder opened, but do not make the
 * file (ENOENT).
 */
int own_open_old(int folder, const char *name);

/**
 * own_lock(spool, name, readers, may_wait):
 * Do as own_open, and lock (lock.h) the file that has the name when the lock is
 * there.  Return a descriptor, whose close lets go, or -1 with errno:
 * EWOULDBLOCK: others have it, and ${may_wait} is not set; ETIMEDOUT: they kept
 * it; those of own_open.
 */
int own_lock(const char *spool, const char *name, enum own_readers readers,
    bool may_wait);

/**
 * own_lock_journal(spool, name, may_wait):
 * Keep all other processes that call this from the journal ${name} in our
 * folder, whether they write it or rename it; wait and fail as own_lock does.
 * The journal itself, which others may read, is not locked: a process that may
 * read it could lock it, too.
 */
int own_lock_journal(const char *spool, const char *name, bool may_wait);

/**
 * own_is_current(fd, spool, name):
 * Return whether ${fd} is what own_open would open now.
 */
bool own_is_current(int fd, const char *spool, const char *name);

#endif
