/*
 * Rotation by us.  The segments of a series are BASE, the newest, and BASE.1,
 * BASE.2, ...: the higher the number, the older the segment.  A rotation makes
 * room by renaming segments, from the lowest number that is free downwards,
 * then renames BASE to BASE.1, and a new empty file gets the name BASE.  Where
 * all numbers up to ${keep} are taken, the oldest segment is removed.
 *
 * One rotation goes on at a time in a spool, under a lock (lock.h) of the file
 * .spoolcast/rotation.  That file, the note, says what is being done, so that a
 * process that gets the lock after its holder was killed can complete it; each
 * step can be taken again.  Until then a number may be missing, or BASE itself.
 * (After a crash of the machine the note may be lost.  Then the next rotation
 * fills the number, and the next writer makes BASE.)
 *
 * A note is believed if it can be written only by users that could rename and
 * remove the files, too.  That is not so in a sticky folder that others may
 * write to.  There a note only says where to look, and the files have to show
 * that a rotation was begun: a number is free below one that is not, or BASE is
 * missing; and the new file is there and belongs to root, to the owner of the
 * folder or to that of the segment, so that nobody else can have made it.  Then
 * the renaming is completed, and nothing is removed.  Nor is a file moved there
 * that the owner of BASE could not move without us.
 *
 * BASE (of a journal: its byte in .spoolcast/journals, see own.h) is locked,
 * too, from before the first step until the new file has its name.  So a writer
 * that takes flock(2) of the file and only then makes sure that the name still
 * means that file never writes into an older segment.  Other writers may for a
 * while; nothing here touches the bytes of a segment.
 *
 * The new file has the owner, the rights and the access list of the old one.
 * If we may not make it so that all users that could write still can (see
 * twin.h), nothing is rotated.  What is not a plain file of one name is never
 * renamed.
 */
#ifndef SPOOLCAST_SPOOL_ROTATION_H
#define SPOOLCAST_SPOOL_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/lock.h"

/* Most older segments that a series may keep. */
#define ROTATION_KEEP_MAX 1000

/* A rotation that may be wanted. */
struct rotation {
	/* Relative to the spool: "news", "deploy.sse", ".spoolcast/x.d.log" */
	const char *base;
	uint64_t keep;	    /* older segments; 0: the newest is removed */
	uint64_t max_size;  /* due from this size on; 0: of any size */
	int64_t max_age_ms; /* due from this age on; 0: of any age */
	bool may_wait;	    /* for locks, as lock.h has it */
};

enum rotation_result {
	ROTATION_DONE,
	ROTATION_NOTHING, /* there is nothing to do */
	ROTATION_BUSY,	  /* somebody has a lock, and we may not wait */
	ROTATION_FAILED,  /* see the report */
};

struct rotation_report {
	uint64_t size;	   /* of the segment that was the newest */
	char problem[300]; /* what failed, why, and what to do about it */
};

/**
 * rotation_due_ms(spool, rotation):
 * Return in how many milliseconds ${rotation}, in the spool at the path
 * ${spool}, is due, if nothing is written until then: 0 is now, INT64_MAX is
 * not at all, as for a file that is empty or missing.  If ${rotation} has both
 * limits, either makes it due; if it has none, it is due unless the file is
 * empty.
 *
 * The age is the time since the newest segment was made (statx(2), btime).  On
 * a file system that does not keep that, it is the time since the segment
 * before it was renamed (or last written); where there is no such segment, it
 * is the time since the newest was last written.
 */
int64_t rotation_due_ms(const char *spool, const struct rotation *rotation);

/**
 * rotation_run(spool, rotation, report):
 * Do ${rotation} if it is due; before it, complete one that was begun and not
 * completed.
 *
 * ROTATION_FAILED leaves everything as it was if a file, a right or the room
 * for a new file is missing; if the system refuses a step after that, the rest
 * is left to the next process that calls this or rotation_complete.
 */
enum rotation_result rotation_run(const char *spool,
    const struct rotation *rotation, struct rotation_report *report);

/**
 * rotation_complete(spool, may_wait, report):
 * Complete the rotation of a process that was killed; ROTATION_NOTHING if there
 * is none.  ROTATION_BUSY: one is going on.  This is for processes that meet a
 * missing number; one that may not write to the spool gets ROTATION_FAILED.
 */
enum rotation_result rotation_complete(
    const char *spool, bool may_wait, struct rotation_report *report);

/**
 * rotation_find_holder(spool, base, out):
 * Find the process that holds a lock that makes the rotation of ${base}
 * ROTATION_BUSY.  Return whether /proc tells of one.
 */
bool rotation_find_holder(
    const char *spool, const char *base, struct lock_holder *out);

#endif
