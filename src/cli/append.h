/*
 * Appending a record to a file so that it is there as a whole or not at all,
 * whatever other writers do or have left behind.
 *
 * Writers that use this file lock it (flock(2), LOCK_EX), so they never mix.
 * Those that do not (echo >>) are no worse off than among themselves.
 */
#ifndef SPOOLCAST_CLI_APPEND_H
#define SPOOLCAST_CLI_APPEND_H

#include "base/buf.h"
#include "spool/record.h"

enum append_result {
	APPEND_DONE,
	APPEND_NOTHING, /* errno; the file has nothing of the record */
	APPEND_TORN,	/* errno; part of it could not be taken back */
};

/**
 * append_record(folder_fd, name, form, record):
 * Append ${record}, its end included, to the regular file ${name} in the folder
 * ${folder_fd}, which is created where it does not exist.  Waits as long as
 * somebody else holds the lock; if the file was renamed meanwhile, the one that
 * has the name then is taken.  What a dead writer left unfinished at the end of
 * the file is closed first: a record that ends early, but not ours.
 *
 * The record goes out in one write(2).  If that writes only part of it, the
 * rest is not tried: the part is taken off the file again.
 *
 * Ignores SIGXFSZ from the first call on.
 */
enum append_result append_record(int folder_fd, const char *name,
    enum record_form form, const struct buf *record);

#endif
