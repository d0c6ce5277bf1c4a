/*
 * Writing a line to a named pipe.
 */
#ifndef SPOOLCAST_PUBLISH_PUT_PIPE_H
#define SPOOLCAST_PUBLISH_PUT_PIPE_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * put_pipe(folder_fd, name, line, may_wait):
 * Write ${line}, its end included, to the pipe ${name} in the folder
 * ${folder_fd}: whole, and mixed with no other (pipe(7): writes of up to
 * PIPE_BUF bytes are atomic).  A LF in front of it ends what another writer may
 * have left unfinished; blank lines are no records.  While the pipe is full,
 * this waits if it ${may_wait}.
 *
 * Return 0, or -1 with errno and nothing written: EMSGSIZE (it is too long for
 * that), EAGAIN (it is full, and this may not wait), ENXIO (nobody has the pipe
 * open for reading), EPIPE (the process that had it open closed it while it was
 * full), EINVAL (it is no pipe), or what open(2) and write(2) say.  The process
 * ignores SIGPIPE from the first call on.
 */
int put_pipe(
    int folder_fd, const char *name, const struct buf *line, bool may_wait);

#endif
