/*
 * This limits the streams on a spool in all its processes together: where each
 * viewer has a process of its own (mod_fcgid, plain CGI), [limits] must hold
 * across them.
 *
 * What counts is locks of single bytes of the file SPOOL/.spoolcast/processes
 * (fcntl(2), F_OFD_SETLK).  Byte i is slot i of all streams, and far beyond the
 * end of the file each address has a row of such bytes, at an offset that
 * follows from its hash.  A stream locks one byte among all and one of its
 * address, in each case among as many as the limit allows, so nobody has to
 * count, and of those that come at once just as many get in as may.  What
 * follows from that:
 *  a) The kernel keeps the locks, and takes them back at any end of a process.
 *     It does not matter who can see whose process id.
 *  b) No process waits for another: one that is stopped keeps its own slot.
 *  c) The system tells everybody at which offsets there are locks (proc(5)), so
 *     addresses are hashed with a key: 16 random bytes, which are all that is
 *     in the file, and which nobody else may read.
 *  d) The file can be edited, cut, removed or exchanged at any time.  Another
 *     key has streams that run not counted for their address any more, another
 *     file has them not counted at all; those that come are.
 *  e) On a network file system it is for the server to have such locks; if it
 *     has none, nothing is known (SLOTS_ERROR).  Where that is mounted with
 *     locks of its own, each host has the limits for itself.
 *  f) Locks take the right to write to the file.  Anyone who has that can take
 *     all slots, but such a user could do worse anyway.
 *
 * What a process has to tell others of itself has room in a page of its own,
 * page i + 1 of the file if it has locked byte i; bytes from SLOTS_MAX on, up
 * to those of the addresses, are for processes that have no slot.
 */
#ifndef SPOOLCAST_SPOOL_SLOTS_H
#define SPOOLCAST_SPOOL_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/* There are no more slots, whatever the limit. */
#define SLOTS_MAX 16384

/* What a slot is that nobody has. */
#define SLOTS_NONE (-1)

enum slots_result {
	SLOTS_TAKEN,
	SLOTS_FULL,	    /* as many as there may be */
	SLOTS_ADDRESS_FULL, /* as many as there may be of one address */
	SLOTS_ERROR,	    /* errno says what; nothing is known */
};

/**
 * slots_take(spool, max_all, max_address, address, slot):
 * Take a slot for a stream to ${address} (slots_address; 0: not known, never
 * limited), if in the folder ${spool} there are fewer than ${max_all}, and of
 * them fewer than ${max_address} of that address; 0 is no limit.  Put what it
 * is into ${*slot}, a descriptor; what that had before, unless SLOTS_NONE, is
 * given back in any case.  Where limits differ, because a setting was changed,
 * those count that came under another; then it may be that of two who ask for
 * the last slot at the same time none gets it.  SLOTS_ERROR comes with errno:
 * EAGAIN if somebody has locked more than a byte, ESTALE if the file is
 * exchanged or cut all the time, ENOSPC, EDQUOT or EFBIG if it has no room for
 * its key, what else the file system says (ENOLCK), and those of own_open,
 * which makes the file.  From then on SIGXFSZ may be ignored.
 *
 * The slot belongs to this process and the children that it forks from then on.
 */
enum slots_result slots_take(const char *spool, uint64_t max_all,
    uint64_t max_address, uint64_t address, int *slot);

/**
 * slots_give(slot):
 * Give back ${*slot}, unless it is SLOTS_NONE, which it is then.  Nothing can
 * fail, and errno is preserved.
 */
void slots_give(int *slot);

/**
 * slots_count(spool, n):
 * Count the streams in the folder ${spool} now into ${n}, ours included.
 * Return 0, or -1 with errno, as slots_take has it.
 */
int slots_count(const char *spool, uint64_t *n);

/**
 * slots_address(text, len):
 * Return what the address in the ${len} bytes at ${text} (REMOTE_ADDR) counts
 * as (pure): an IPv6 address as its /64, of which one subscriber has all; one
 * that stands for an IPv4 address (mapped, or 64:ff9b::/96) as that; a
 * link-local one as itself; other text as its bytes; 0 if there is none.
 */
uint64_t slots_address(const char *text, size_t len);

#endif
