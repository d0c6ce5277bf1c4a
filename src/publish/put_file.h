/*
 * Putting a file into a drop folder, whole or not at all.
 */
#ifndef SPOOLCAST_PUBLISH_PUT_FILE_H
#define SPOOLCAST_PUBLISH_PUT_FILE_H

#include <limits.h>

#include "base/buf.h"

/**
 * put_file(spool_fd, folder, extension, content, name):
 * Put a file that holds ${content} into the drop folder ${folder} in the folder
 * ${spool_fd}.  It is written and made durable (fdatasync(2)) under a name that
 * starts with a dot, which is left alone by the process that takes files.  Then
 * it is renamed to a name that no other file has and that sorts after those of
 * earlier calls, by the system's clock: date, time and nanoseconds (UTC),
 * process; followed by a dot and ${extension} where that is not NULL.  That
 * name is put into ${name}.
 *
 * Return 0, or -1 with errno; then nothing is left in the folder, but for a
 * file that starts with a dot when the process was killed.  The process ignores
 * SIGXFSZ from the first call on.
 */
int put_file(int spool_fd, const char *folder, const char *extension,
    const struct buf *content, char name[NAME_MAX + 1]);

#endif
