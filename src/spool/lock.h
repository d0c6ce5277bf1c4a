/*
 * Locks, and waiting for them.
 *
 * Append files are locked with flock(2), which every process that may open a
 * file for reading can take, and hold.  A process that may only read must not
 * be able to stop what we do with files of our own: these are locked with
 * fcntl(2), F_OFD_SETLK, too, for which a file must be open for writing.
 * Others may not read these files, either, for a lock for reading is in the way
 * as well.  They are locked with flock(2), too: it keeps off older versions,
 * and has to do where the system has no F_OFD_SETLK.
 */
#ifndef SPOOLCAST_SPOOL_LOCK_H
#define SPOOLCAST_SPOOL_LOCK_H

#include <sys/types.h>

#include <stdbool.h>

/* How long a lock is waited for without a word, and how long at all. */
#define LOCK_TELL_S 5
#define LOCK_GIVE_UP_S 30

enum lock_kind {
	LOCK_APPEND, /* an append file: flock(2) */
	LOCK_OWN,    /* the whole of a file of ours, open for writing */
};

/* The process that holds a lock, as far as /proc tells. */
struct lock_holder {
	pid_t pid;	  /* 0: not known */
	char command[32]; /* "?" if not known */
};

/**
 * lock_get(fd, kind, what, may_wait):
 * Lock the file ${fd}; closing it gives the lock back.  If ${may_wait}, wait
 * while others have it: after LOCK_TELL_S the function that lock_set_teller set
 * is called with ${what}, and after LOCK_GIVE_UP_S waiting ends with an error.
 * SIGALRM and ITIMER_REAL are used for that.  Return 0, or -1 with errno:
 * EWOULDBLOCK: others have the lock; ETIMEDOUT: they still had it after that
 * time.
 */
int lock_get(int fd, enum lock_kind kind, const char *what, bool may_wait);

/**
 * lock_try_range(fd, type, offset, len):
 * Lock (F_WRLCK) or unlock (F_UNLCK) ${len} bytes of ${fd} from ${offset} on,
 * up to any end if it is 0, for the open file (F_OFD_SETLK, fcntl(2)).  Return
 * 0, or -1 with errno at once: EAGAIN or EACCES if others have some of them.
 */
int lock_try_range(int fd, short type, off_t offset, off_t len);

/**
 * lock_get_at(fd, offset, what, may_wait):
 * Do the same for the byte at ${offset} of a file of ours.  The file need not
 * have that byte: each offset is a lock of its own.
 */
int lock_get_at(int fd, off_t offset, const char *what, bool may_wait);

/**
 * lock_set_teller(tell):
 * Let ${tell} be called when a lock has been waited for LOCK_TELL_S.
 */
void lock_set_teller(
    void (*tell)(const char *what, const struct lock_holder *holder));

/**
 * lock_find_holder(fd, out):
 * Find the process, other than ours, that holds a lock of the file ${fd}.
 * Return whether there is one, as far as /proc/locks tells.
 */
bool lock_find_holder(int fd, struct lock_holder *out);

/**
 * lock_last_holder(void):
 * Return the process that held the lock that lock_get gave up last, or would
 * not wait for.
 */
const struct lock_holder *lock_last_holder(void);

#endif
