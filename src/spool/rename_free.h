/*
 * Renaming to a name that nothing has: never onto another file.
 */
#ifndef SPOOLCAST_SPOOL_RENAME_FREE_H
#define SPOOLCAST_SPOOL_RENAME_FREE_H

/**
 * rename_free(from_fd, from, to_fd, to):
 * Rename ${from} in the folder ${from_fd} to ${to} in the folder ${to_fd}.
 * Return 0, or -1 with errno and nothing changed (EEXIST: something has that
 * name).  Where the file system cannot do that in one step (NFS; renameat2(2),
 * RENAME_NOREPLACE), what gets that name at this very moment is lost.
 */
int rename_free(int from_fd, const char *from, int to_fd, const char *to);

#endif
