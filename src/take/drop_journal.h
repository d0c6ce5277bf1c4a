/*
 * The journal of a drop folder, seen by the one who writes it.
 *
 * A record that was not finished, by a kill or on a full disk, is cut off: no
 * reader ever went past it, as only whole records are passed on.
 */
#ifndef SPOOLCAST_TAKE_DROP_JOURNAL_H
#define SPOOLCAST_TAKE_DROP_JOURNAL_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "take/drop_names.h"

struct drop_journal {
	const char *spool; /* borrowed, as the name */
	const char *name;
	int fd; /* -1: not open */
	bool is_locked;
	ino_t ino;
	uint64_t size;
};

/**
 * drop_journal_open(journal):
 * Make sure that the file is open that has the name now, for it may have been
 * rotated, and locked (flock(2)), so that it is not rotated now; make it if it
 * is missing.  Return 0, or -1 with errno: EAGAIN if somebody rotates it.
 */
int drop_journal_open(struct drop_journal *journal);

/**
 * drop_journal_unlock(journal):
 * Let it be rotated, until it is opened again.
 */
void drop_journal_unlock(struct drop_journal *journal);

/**
 * drop_journal_close(journal):
 * Close it, if it is open; errno is preserved.
 */
void drop_journal_close(struct drop_journal *journal);

/**
 * drop_journal_write(journal, records):
 * Append whole records to the open journal.  Return 0, or -1 with errno and as
 * many of them in the journal as went into it whole.
 */
int drop_journal_write(struct drop_journal *journal, const struct buf *records);

/**
 * drop_journal_sync(journal):
 * Wait until what was written is safe on the disk.  Return 0, or -1 with errno.
 */
int drop_journal_sync(struct drop_journal *journal);

/**
 * drop_journal_token(journal, rnd, token):
 * Make a token that no other batch has, and that tells where the journal, which
 * is open, ends now.
 */
void drop_journal_token(
    const struct drop_journal *journal, struct rnd *rnd, char token[]);

/**
 * drop_journal_find(journal, token, found):
 * Add to ${found} the names of the files of the batch ${token} whose records
 * are in the journal, which is open, or in segments of it that were rotated
 * since; they are safe on the disk then.  Return 0, or -1 with errno.
 */
int drop_journal_find(
    struct drop_journal *journal, const char *token, struct drop_names *found);

#endif
