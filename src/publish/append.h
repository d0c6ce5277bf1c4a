/*
 * Appending a record to a file so that it is there as a whole or not at all,
 * whatever other writers do or have left there.
 *
 * Writers that use this file lock it (flock(2), LOCK_EX), so they never mix.
 * Writers that do not (echo >>) are no worse off than among themselves.
 *
 * A channel ends under the same lock, so that no record comes after its end.
 */
#ifndef SPOOLCAST_PUBLISH_APPEND_H
#define SPOOLCAST_PUBLISH_APPEND_H

#include <stdbool.h>

#include "base/buf.h"
#include "spool/record.h"
#include "spool/trust.h"

/* A channel that is an append file; append_end takes others, too. */
struct append {
	int folder_fd;	  /* the spool */
	const char *name; /* of the file in it; NULL: it is of another form */
	const char *end;  /* and of the channel's end marker */
	enum record_form form;
	enum trust_links links; /* which may lead to the file */
	bool may_wait;		/* for the lock */
};

enum append_result {
	APPEND_DONE,
	APPEND_NOTHING, /* errno; the file has nothing of the record */
	APPEND_TORN,	/* errno; part of it could not be taken back */
	APPEND_ENDED,	/* the channel has ended; nothing was written */
};

/**
 * append_record(append, record):
 * Append ${record}, its end included, to the regular file of ${append}, which
 * is created where it does not exist, but never through a link.
 * (APPEND_NOTHING and ELOOP: there is a link that is not followed, or leads
 * nowhere.)  If another process holds the lock and ${append} may not wait, that
 * is APPEND_NOTHING and EWOULDBLOCK; else it waits, as lock_get does, for at
 * most LOCK_GIVE_UP_S (APPEND_NOTHING and ETIMEDOUT).  If the file was renamed
 * meanwhile, the one that has the name then is taken.  What a dead writer left
 * unfinished at the end of the file is closed first: then that record ends
 * early, but not ours.
 *
 * The record goes out in one write(2).  If that writes only part of it, the
 * rest is not tried: the part is taken off the file again.  If a writer that
 * does not lock left part of a record just before that write, so that our
 * record became the rest of that one, we see this and write ours once more, as
 * one of its own.
 *
 * The process ignores SIGXFSZ from the first call on.
 */
enum append_result append_record(
    const struct append *append, const struct buf *record);

/**
 * append_end(append):
 * Make the end marker, if it is not there, under the lock of the file, so that
 * nobody appends meanwhile.  Return 0, or -1 with errno: those of a lock that
 * could not be had are the same.
 */
int append_end(const struct append *append);

#endif
