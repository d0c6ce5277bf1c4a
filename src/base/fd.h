/*
 * Giving up a descriptor on the way out of a function that failed.
 */
#ifndef SPOOLCAST_BASE_FD_H
#define SPOOLCAST_BASE_FD_H

/**
 * fd_close(fd):
 * Close ${fd}, unless it is -1, and leave errno as it is: it says what failed
 * before, and what close(2) thinks of that file is of no interest then.
 */
void fd_close(int fd);

/**
 * fd_drop(fd):
 * Close ${*fd} unless it is -1, and set it to -1; errno is preserved.
 */
void fd_drop(int *fd);

#endif
