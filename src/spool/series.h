/*
 * A series: the segments of one log, as logrotate numbers them.  PATH is the
 * newest, PATH.1 came before it, PATH.2 before that.  A rotation renames from
 * the highest number down, so a file's number only ever grows; while it goes
 * on, one number after the other is missing.
 *
 * Functions that return -1 leave errno.
 */
#ifndef SPOOLCAST_SPOOL_SERIES_H
#define SPOOLCAST_SPOOL_SERIES_H

#include "spool/segment.h"

/* How many numbers in a row may be missing before the series is at its end. */
#define SERIES_MISSING 8
/* No number is higher. */
#define SERIES_LAST 9999

/* A number with its dot and a NUL. */
#define SERIES_ROOM 12

struct series {
	char *path; /* of the newest segment; others are spelled in there */
	size_t len; /* of that; it has room for SERIES_ROOM more bytes */
	enum record_form form;
	enum trust_links links; /* which are followed to a segment */
};

enum series_step {
	SERIES_NEXT,   /* there is one */
	SERIES_HOLE,   /* there is one, but numbers between are missing */
	SERIES_NONE,   /* there is none (yet) */
	SERIES_BUSY,   /* the files are being renamed: ask again in a second */
	SERIES_NOT_IN, /* the file has no number in the series any more */
	SERIES_MORE,   /* it takes longer: ask again in a later slice */
	SERIES_ERROR,  /* errno says what the system refused */
};

/* A walk upwards through the numbers of a series, however it looks at them. */
struct series_walk {
	int number;  /* what is looked at now; at first the one before that */
	int missing; /* how many are missing up to it, in a row */
};

/**
 * series_walk(walk):
 * Go on to the next number.  Return whether there may be one; it counts as
 * missing until the caller sets walk->missing to 0.
 */
bool series_walk(struct series_walk *walk);

/**
 * series_name(out, size, base, number):
 * Write the name of the segment ${number}, 0 for the newest, whose series is
 * that of ${base} to ${out}, which has ${size} bytes.  Return ${out}.
 */
const char *series_name(char *out, size_t size, const char *base, int number);

/**
 * series_path(series, number):
 * Return the path of the segment ${number}, valid until the next use of
 * ${series}.
 */
const char *series_path(const struct series *series, int number);

/**
 * series_look(series, number, out):
 * Find out which file has ${number}.  Return 0 or -1 (ENOENT: none).
 */
int series_look(
    const struct series *series, int number, struct segment_id *out);

/**
 * series_open(series, number):
 * Open the segment ${number}.  Return it with one reference, or NULL.
 */
struct segment *series_open(const struct series *series, int number);

/**
 * series_higher(series, number):
 * Return the lowest number above ${number} (-1: of all) that there is, or -1
 * (ENOENT: none).  A walk upwards by this function meets every file, also those
 * that are renamed meanwhile: their numbers only grow.
 */
int series_higher(const struct series *series, int number);

/**
 * series_find(series, id, from):
 * Return the number of the file ${id}, 0 for the newest, or -1 (ENOENT: it is
 * not in the series).  It is looked for from ${from} on, where it was last, and
 * only then below: that takes a look at one or two files as a rule, at all of
 * them if it is gone.
 */
int series_find(
    const struct series *series, const struct segment_id *id, int from);

/**
 * series_before_newest(series, newest, out):
 * Find the segment that comes before ${newest}, which has no number, or a low
 * one while files are being renamed.  With SERIES_NEXT and SERIES_HOLE, ${out}
 * is it, with one reference; it is NULL otherwise.  What was renamed just now
 * comes next, although numbers between may be missing.
 */
enum series_step series_before_newest(const struct series *series,
    const struct segment *newest, struct segment **out);

/**
 * series_is_settled(seg):
 * Return whether ${seg} was given its number long ago, so that a number that is
 * missing beside it stays so.
 */
bool series_is_settled(const struct segment *seg);

#endif
