/*
 * The steps of a rotation, for rotation.c, which has the lock and the note of
 * what is done.  Each may be taken again, by another process, after a kill.
 */
#ifndef SPOOLCAST_SPOOL_ROTATION_STEPS_H
#define SPOOLCAST_SPOOL_ROTATION_STEPS_H

#include <sys/stat.h>

#include <stdbool.h>

#include "base/name.h"
#include "spool/rotation.h"

/* A base: the folder of ours, a name, the longest suffix and a NUL. */
#define ROTATION_BASE_SIZE (12 + NAME_MAX_LEN + 20)

/* The name of a segment, with its number and a NUL. */
#define ROTATION_NAME_SIZE (ROTATION_BASE_SIZE + 12)

/* The name of the new file before it has that of the newest. */
#define ROTATION_NEW_NAME ".rotation.new"

/* A rotation that goes on. */
struct rotation_work {
	char base[ROTATION_BASE_SIZE];
	const char *name; /* in base: the name of the newest in its folder */
	int dir_fd;	  /* that folder */
	unsigned keep;
	bool may_wait;
	bool has_moved; /* something is not where it was */
	int fd;		/* the newest segment, locked; -1: missing */
	int lock;	/* that of a journal; -1: it is none */
	struct stat st; /* of the newest segment */
	struct rotation_report *report;
};

/**
 * rotation_steps_open(work, spool, base):
 * Open the folder of the series ${base} below ${spool}, and its newest segment,
 * and lock that.  Return ROTATION_DONE; ROTATION_NOTHING if there is no such
 * segment, with work->fd = -1; or ROTATION_BUSY or ROTATION_FAILED.
 */
enum rotation_result rotation_steps_open(
    struct rotation_work *work, const char *spool, const char *base);

/**
 * rotation_steps_close(work):
 * Let go of what rotation_steps_open got, if anything.
 */
void rotation_steps_close(struct rotation_work *work);

/**
 * rotation_check(work):
 * See whether all segments can be moved, and that no program writes to one that
 * nobody reads any more then.  Return 0, or -1 with a report.
 */
int rotation_check(struct rotation_work *work);

/**
 * rotation_check_free(work, number):
 * Set ${*number} to the lowest number that is free, or to the first that is not
 * kept.  Return 0, or -1 with a report if a segment below it cannot be moved.
 */
int rotation_check_free(struct rotation_work *work, unsigned *number);

/**
 * rotation_check_older(work, number, out):
 * Put the name of the segment ${number} into ${out}, and return that.
 */
const char *rotation_check_older(const struct rotation_work *work,
    unsigned number, char out[ROTATION_NAME_SIZE]);

/**
 * rotation_steps_make(work):
 * Make the file that will be the newest, under another name, so that what it
 * needs is there before anything has moved.  Return 0, or -1 with a report.
 */
int rotation_steps_make(struct rotation_work *work);

/**
 * rotation_steps_move(work):
 * Remove what is not kept, and move the others, the newest last.  Return 0, or
 * -1 with a report.
 */
int rotation_steps_move(struct rotation_work *work);

/**
 * rotation_steps_renew(work):
 * After rotation_steps_move: give the new file the name of the newest, or
 * remove it if a writer made one by now.  Return 0, or -1 with a report.
 */
int rotation_steps_renew(struct rotation_work *work);

/**
 * rotation_check_is_of_series(work, st):
 * Return whether the owner of the newest segment could move or remove the file
 * ${st} in this folder: if not, a sticky folder protects the file, and we heed
 * that as root, too.
 */
bool rotation_check_is_of_series(
    const struct rotation_work *work, const struct stat *st);

/**
 * rotation_check_is_begun(work):
 * Return whether the numbers show that segments were being renamed: one is free
 * and the next is not.
 */
bool rotation_check_is_begun(const struct rotation_work *work);

/**
 * rotation_check_is_owners(work, owner):
 * Return whether the new file is there, made by a user that may move the
 * segments of ${owner}.  A stranger cannot make one that looks so.
 */
bool rotation_check_is_owners(const struct rotation_work *work, uid_t owner);

/**
 * rotation_steps_is_moved(work, ino):
 * Return whether the newest segment is missing and BASE.1 is the segment
 * ${ino}, which was the newest when the process that was killed began to
 * rotate; BASE.1 is open in work->fd then.
 */
bool rotation_steps_is_moved(struct rotation_work *work, ino_t ino);

/**
 * rotation_steps_restore(work, is_moved):
 * End a rotation whose process was killed: if ${is_moved} (see above) make a
 * new newest segment.  Return 0, or -1 with a report.
 */
int rotation_steps_restore(struct rotation_work *work, bool is_moved);

/**
 * rotation_steps_abandon(work):
 * Remove the file that rotation_steps_make made.
 */
void rotation_steps_abandon(struct rotation_work *work);

/**
 * rotation_steps_give_up(report, what):
 * Report that ${what} stayed locked, and by which process.  Return
 * ROTATION_FAILED.
 */
enum rotation_result rotation_steps_give_up(
    struct rotation_report *report, const char *what);

/**
 * rotation_steps_fail(work, format, ...):
 * Report what failed.  Return -1.
 */
int rotation_steps_fail(struct rotation_work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
