/*
 * Whether a process has a file open for writing.  That can be seen by asking
 * for a lease on it (fcntl(2), F_SETLEASE), which is refused then.  This works
 * for files of our own or as root, on file systems of this machine.
 */
#ifndef SPOOLCAST_SPOOL_WRITERS_H
#define SPOOLCAST_SPOOL_WRITERS_H

enum writers { WRITERS_NONE, WRITERS_SOME, WRITERS_UNKNOWN };

/**
 * writers_find(fd):
 * Return whether anybody has the file ${fd}, which is open for reading only,
 * open for writing.  A process that opens it in this very moment waits for us,
 * and we get a SIGURG, which is ignored unless it is handled.
 */
enum writers writers_find(int fd);

#endif
