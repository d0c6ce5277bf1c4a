/*
 * The file SPOOL/.spoolcast/streams, and the lock on it.
 */
#ifndef SPOOLCAST_SPOOL_SLOTS_FILE_H
#define SPOOLCAST_SPOOL_SLOTS_FILE_H

#include <stdbool.h>

/* How long to wait for the lock, in all. */
#define SLOTS_FILE_PATIENCE_MS 100

/**
 * slots_file_open(spool):
 * Open the file in the folder ${spool}, for reading and writing; make it and
 * its folder where they are missing, for the users that may write to ${spool}.
 * Return a descriptor, or -1 with errno as own_open has it.
 */
int slots_file_open(const char *spool);

/**
 * slots_file_is_current(fd, spool):
 * Return whether ${fd} is what slots_file_open would open now.
 */
bool slots_file_is_current(int fd, const char *spool);

/**
 * slots_file_lock(fd):
 * Lock the file against all others that call this.  Return 0, or -1 with errno:
 * EAGAIN if somebody did not let go of it for SLOTS_FILE_PATIENCE_MS, or what
 * the file system says (ENOLCK).
 */
int slots_file_lock(int fd);

/**
 * slots_file_unlock(fd):
 * Let go of the lock; errno is preserved.
 */
void slots_file_unlock(int fd);

#endif
