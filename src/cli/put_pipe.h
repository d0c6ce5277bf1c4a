/*
 * Writing a line to a named pipe.
 */
#ifndef SPOOLCAST_CLI_PUT_PIPE_H
#define SPOOLCAST_CLI_PUT_PIPE_H

#include "base/buf.h"

/**
 * put_pipe(folder_fd, name, line):
 * Write ${line}, its end included, to the pipe ${name} in the folder
 * ${folder_fd}: whole, and mixed with no other (pipe(7): writes of up to
 * PIPE_BUF bytes are atomic).  A LF in front of it ends what another writer may
 * have left unfinished; blank lines are no records.  This waits while the pipe
 * is full.
 *
 * Return 0, or -1 with errno and nothing written: EMSGSIZE (it is too long for
 * that), ENXIO (nobody has the pipe open for reading), EPIPE (the process that
 * had it open closed it while it was full), EINVAL (it is no pipe), or what
 * open(2) and write(2) say.  The process ignores SIGPIPE from the first call
 * on.
 */
int put_pipe(int folder_fd, const char *name, const struct buf *line);

#endif
