/*
 * Locks, and waiting for them.
 *
 * Append files are locked with flock(2), which everybody who may open a file
 * for reading can take, and hold.  Files of our own are not to be stopped by
 * those who may only read: these are locked with fcntl(2), F_OFD_SETLK, too,
 * for which a file must be open for writing, and are no files that others may
 * read, for a lock for reading is in the way as well.  flock(2) of them keeps
 * off older versions, and does where the system has no such lock.
 */
#ifndef SPOOLCAST_SPOOL_LOCK_H
#define SPOOLCAST_SPOOL_LOCK_H

#include <sys/types.h>

#include <stdbool.h>

/* So long a lock is waited for without a word, and so long at all. */
#define LOCK_TELL_S 5
#define LOCK_GIVE_UP_S 30

enum lock_kind {
	LOCK_APPEND, /* an append file: flock(2) */
	LOCK_OWN,    /* the whole of a file of ours, open for writing */
};

/* Who holds a lock, as far as /proc tells. */
struct lock_holder {
	pid_t pid;	  /* 0: not known */
	char command[32]; /* "?" if not known */
};

/**
 * lock_get(fd, kind, what, may_wait):
 * Lock the file ${fd}; closing it lets go.  If ${may_wait}, wait while others
 * have it: after LOCK_TELL_S, what lock_set_teller set is called with ${what},
 * and after LOCK_GIVE_UP_S that is an error.  SIGALRM and ITIMER_REAL are used
 * for that.  Return 0, or -1 with errno: EWOULDBLOCK: others have it;
 * ETIMEDOUT: they still had it.
 */
int lock_get(int fd, enum lock_kind kind, const char *what, bool may_wait);

/**
 * lock_get_at(fd, offset, what, may_wait):
 * The same for one byte of a file of ours, which need not be there: each offset
 * is a lock of its own.
 */
int lock_get_at(int fd, off_t offset, const char *what, bool may_wait);

/**
 * lock_set_teller(tell):
 * Have ${tell} called when a lock has been waited for.
 */
void lock_set_teller(
    void (*tell)(const char *what, const struct lock_holder *holder));

/**
 * lock_find_holder(fd, out):
 * Find who holds a lock of the file ${fd}, ours aside.  Return whether somebody
 * does, as far as /proc/locks tells.
 */
bool lock_find_holder(int fd, struct lock_holder *out);

/**
 * lock_last_holder(void):
 * Return who held the lock that lock_get gave up last, or would not wait for.
 */
const struct lock_holder *lock_last_holder(void);

#endif
