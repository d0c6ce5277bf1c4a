/*
 * This counts the streams on a spool in all its processes together: where each
 * viewer has a process of its own (mod_fcgid, plain CGI), [limits] must hold
 * across them.
 *
 * The slots are records in the file SPOOL/.spoolcast/streams.  Others read and
 * write it, too; what follows from that:
 *  a) Nobody tells of a process that was killed.  So a slot is worth something
 *     only while its process lives; when a limit is met or the file would have
 *     to grow, those of the dead are taken away.
 *  b) The file is locked for as long as it takes to read it and write one
 *     record, and never while a stream runs.  A process that is stopped in
 *     between blocks nobody: the others give up and say so.
 *  c) It can be edited, cut, removed or exchanged at any time.  Then streams
 *     that run are not counted any more; those that come are.
 *  d) It can be on a network file system: processes of another host are taken
 *     to live until the time that they gave.
 *  e) Anyone who may write to the spool can fill the table with the ids of
 *     processes that live, but such a user could do worse anyway.
 */
#ifndef SPOOLCAST_SPOOL_SLOTS_H
#define SPOOLCAST_SPOOL_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "spool/slots_record.h"

/* So many records count at most; the file may have more after them. */
#define SLOTS_MAX 16384

/* The part of one process, which has one slot at most. */
struct slots {
	int fd; /* -1: it could not be opened anew */
	char *spool;
	int64_t index; /* of our record; -1: none */
	struct slots_record self;
};

enum slots_result {
	SLOTS_TAKEN,
	SLOTS_FULL,	    /* as many as there may be */
	SLOTS_ADDRESS_FULL, /* as many as there may be of one address */
	SLOTS_ERROR,	    /* errno says what; nothing is known */
};

/**
 * slots_open(slots, spool):
 * Take part in the table of the folder ${spool} (copied); see slots_file_open
 * for how it is made.  From then on SIGXFSZ is ignored.  Return 0, or -1 with
 * errno and nothing to close.  A child made by fork(2) has to open its own.
 */
int slots_open(struct slots *slots, const char *spool);

/**
 * slots_close(slots):
 * Give back what there is to give, and release everything.
 */
void slots_close(struct slots *slots);

/**
 * slots_take(slots, max_all, max_address, address, until_s):
 * Take a slot for a stream to ${address} (slots_address; 0: not known, never
 * limited) that ends before the wall time ${until_s}, if there are fewer than
 * ${max_all}, and of them fewer than ${max_address} of that address; 0 is no
 * limit.  What this process had before is given back.  SLOTS_ERROR comes with
 * errno: EAGAIN if the file stays locked, ENOSPC, EDQUOT or EFBIG if it cannot
 * grow, ESTALE if it is exchanged all the time, and those of slots_file_open.
 * It takes some 100 ms at the longest, and some 10 us as a rule.
 *
 * Of more than 64 processes only some are asked for their start time each
 * time, so a slot whose process id was used again can last for some calls.
 */
enum slots_result slots_take(struct slots *slots, uint64_t max_all,
    uint64_t max_address, uint64_t address, int64_t until_s);

/**
 * slots_give(slots):
 * Give back the slot that this process has, if any.  Nothing can fail: a slot
 * that cannot be written to is worth nothing when this process has ended or
 * taken another one.  No lock is needed and errno is preserved.
 */
void slots_give(struct slots *slots);

/**
 * slots_count(slots, n):
 * Count the streams that live now into ${n}, ours included, without a lock.
 * Return 0, or -1 with errno.
 */
int slots_count(struct slots *slots, uint64_t *n);

/**
 * slots_address(text, len):
 * Return what the address in the ${len} bytes at ${text} (REMOTE_ADDR) counts
 * as (pure): an IPv6 address as its /64, of which one subscriber has all; one
 * that stands for an IPv4 address (mapped, or 64:ff9b::/96) as that; a
 * link-local one as itself; other text as its bytes; 0 if there is none.
 */
uint64_t slots_address(const char *text, size_t len);

#endif
