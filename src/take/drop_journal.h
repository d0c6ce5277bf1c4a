/*
 * The journal of a drop folder, as the process that writes it sees it.
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

/* How far a file was searched, from its end, for where its last record ends. */
struct drop_cut {
	bool is_begun;
	off_t end;
};

struct drop_journal {
	const char *spool; /* borrowed, as the name */
	const char *name;
	int fd;	  /* -1: not open */
	int lock; /* keeps others from it; -1: it is not held */
	ino_t ino;
	uint64_t size;
	struct drop_cut cut;
};

/**
 * drop_journal_open(journal, until_ms):
 * Make sure that the file that has the name now is open, for the journal may
 * have been rotated; and that it is locked (own_lock_journal), so that it is
 * not rotated now.  Make it if it is missing.  Return 0, or -1 with errno:
 * EAGAIN if somebody rotates it; EINPROGRESS if it is ${until_ms}
 * (clock_mono_ms) and what is to be cut off is not found yet: call again.
 */
int drop_journal_open(struct drop_journal *journal, int64_t until_ms);

/**
 * drop_journal_cut(fd, cut, until_ms):
 * Cut off what ${fd} has after its last whole record.  Search for that from the
 * end backwards, until it is ${until_ms}; ${cut} is zeroed the first time.
 * Return 0 if that is done, 1 to be called again, or -1 with errno.
 */
int drop_journal_cut(int fd, struct drop_cut *cut, int64_t until_ms);

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

#endif
