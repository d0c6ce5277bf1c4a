/*
 * An empty file with the same rights as another one: every user that may read
 * or write the one may read or write its twin.
 */
#ifndef SPOOLCAST_SPOOL_TWIN_H
#define SPOOLCAST_SPOOL_TWIN_H

#include <stdbool.h>

/**
 * twin_make(dir_fd, name, model_fd):
 * Make the empty file ${name} in the folder ${dir_fd} with the owner, the
 * group, the permissions and the access list (acl(5)) of the file ${model_fd}.
 * A file that has that name is removed first.
 *
 * If we may not give it that owner or group, it stays ours, as long as nobody
 * else loses or gains a right by that: then the rights of a group that changes
 * have to be those of everybody, and the rights of an owner that changes those
 * of the group.  (That the old owner is in the group of the file is taken for
 * granted: only root can make it otherwise.  Root itself needs no rights.)
 *
 * Return 0, or -1 with errno and no such file: EPERM: somebody would lose
 * rights; else what the system refused.
 */
int twin_make(int dir_fd, const char *name, int model_fd);

/**
 * twin_is_made(dir_fd, name, model_fd):
 * Return whether there is such a file, made by a process that was free to give
 * it owner, group and rights.
 */
bool twin_is_made(int dir_fd, const char *name, int model_fd);

#endif
