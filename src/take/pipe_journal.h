/*
 * The journal of a pipe, while some of the pipe is moved to it.
 *
 * It may be rotated at any time between two moves, and the pipe's last line may
 * have no end yet.  A line goes on where it began: when the journal is new and
 * the one before ends within a line, the rest of that line belongs there, so
 * that it can be read.  A process that rotates the journal locks it
 * (own_lock_journal), and so do we while we write.
 */
#ifndef SPOOLCAST_TAKE_PIPE_JOURNAL_H
#define SPOOLCAST_TAKE_PIPE_JOURNAL_H

#include <sys/types.h>

#include <stdbool.h>

struct pipe_journal {
	int lock;      /* keeps others from it */
	int newest;    /* the newest segment */
	int fd;	       /* where to write: that one or the one before */
	off_t end;     /* at which offset to write */
	bool is_older; /* it is the one before: write only to its line's end */
};

/**
 * pipe_journal_open(journal, spool, name):
 * Open the journal ${name} of a pipe in our folder of the spool at the path
 * ${spool}, which is made if there is none, to append to it.  Return 0, or -1
 * with errno: EAGAIN if somebody has it locked; those of own_open.
 */
int pipe_journal_open(
    struct pipe_journal *journal, const char *spool, const char *name);

/**
 * pipe_journal_close(journal):
 * Unlock and close it; errno is preserved.
 */
void pipe_journal_close(struct pipe_journal *journal);

#endif
