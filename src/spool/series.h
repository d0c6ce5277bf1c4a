/*
 * A series: the segments of one log, as logrotate numbers them.  PATH is the
 * newest, PATH.1 came before it, PATH.2 before that.  Whoever rotates renames
 * from the highest number down, so a file's number only ever grows; while it is
 * done, one number after the other is missing.
 *
 * Functions that return -1 leave errno.
 */
#ifndef SPOOLCAST_SPOOL_SERIES_H
#define SPOOLCAST_SPOOL_SERIES_H

#include "spool/segment.h"

/* So many numbers in a row may be missing before the series is at its end. */
#define SERIES_MISSING 8
/* No number is higher. */
#define SERIES_LAST 9999

/* A number with its dot and a NUL. */
#define SERIES_ROOM 12

struct series {
	char *path; /* of the newest segment; others are spelled in there */
	size_t len; /* of that; behind it there are SERIES_ROOM bytes */
	enum record_form form;
};

/**
 * series_path(series, number):
 * Return the path of the segment ${number}, valid until the next use of
 * ${series}.
 */
const char *series_path(const struct series *series, int number);

enum series_step {
	SERIES_NEXT,   /* there is one */
	SERIES_HOLE,   /* there is one, but numbers between are missing */
	SERIES_NONE,   /* there is none (yet) */
	SERIES_BUSY,   /* the files are being renamed: ask again in a second */
	SERIES_NOT_IN, /* the file has no number in the series any more */
	SERIES_ERROR,  /* errno says what the system refused */
};

/**
 * series_find(series, id):
 * Return the number of the file ${id}, 0 for the newest, or -1 (ENOENT: it is
 * not in the series).
 */
int series_find(const struct series *series, const struct segment_id *id);

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
 * (ENOENT: none).  Who goes upwards so meets every file, also those that are
 * renamed meanwhile: their numbers only grow.
 */
int series_higher(const struct series *series, int number);

/**
 * series_oldest(series):
 * Return the highest number there is, or -1 (ENOENT: there is no segment).
 */
int series_oldest(const struct series *series);

/**
 * series_after(series, seg, out):
 * Find the segment that comes after ${seg}.  With SERIES_NEXT and SERIES_HOLE,
 * ${out} is it, with one reference.
 */
enum series_step series_after(const struct series *series,
    const struct segment *seg, struct segment **out);

/**
 * series_before(series, seg, out):
 * The same for the one that comes before ${seg}; it is never SERIES_BUSY: what
 * was renamed just now comes next, although numbers between may be missing.
 */
enum series_step series_before(const struct series *series,
    const struct segment *seg, struct segment **out);

#endif
