/*
 * The list of a series: all of its segments, the newest first, each file once
 * whatever numbers it has.
 *
 * It is made by one walk upwards through the numbers, in slices where there are
 * many, and serves until the files were renamed; with it, going from one
 * segment to the next takes two looks.  A file that has two numbers, by a link
 * or a hard link, stands where its lower number is and is skipped at the other.
 * That way no reader goes round in circles, whatever links there are.
 *
 * Functions that return int give 0, or -1 with errno: EAGAIN (the slice is
 * over: call again in a later one), EDQUOT (its budget is used up), EBUSY (the
 * files are being renamed all the time), ENOMEM, or what the system refused.
 */
#ifndef SPOOLCAST_SPOOL_SERIES_LIST_H
#define SPOOLCAST_SPOOL_SERIES_LIST_H

#include "spool/series.h"

struct series_entry {
	struct segment_id id;
	int number;
	bool has_hole; /* numbers between it and the newer one are missing */
};

struct series_list {
	struct series_entry *entries; /* the newest first */
	size_t n;
	size_t cap;
	uint32_t *slots; /* finds an entry by its file: index + 1; 0: free */
	size_t n_slots;	 /* a power of two; 0: none yet */
	int next;	 /* the number that is looked at next */
	int missing;	 /* how many before that are missing, in a row */
	int restarts;	 /* how often files were renamed meanwhile */
	bool is_whole;
	int same[2]; /* two numbers that one file has; 0, 0: none */
};

/**
 * series_list_free(list):
 * Free what ${list}, which was zeroed at first, holds, and leave it empty.
 */
void series_list_free(struct series_list *list);

/**
 * series_list_forget(list):
 * Let ${list} be made anew: the files are not what it says any more.
 */
void series_list_forget(struct series_list *list);

/**
 * series_list_memory(void):
 * Return how many bytes all lists of the process have allocated.
 */
size_t series_list_memory(void);

/**
 * series_list_make(series, list):
 * See to it that ${list} is whole.
 */
int series_list_make(const struct series *series, struct series_list *list);

/**
 * series_list_is_current(series, list):
 * Return whether ${list}, which is whole, begins with what is the newest
 * segment now.
 */
bool series_list_is_current(
    const struct series *series, const struct series_list *list);

/**
 * series_list_find(list, id):
 * Return the index of the file ${id} in ${list}, or -1.
 */
int series_list_find(
    const struct series_list *list, const struct segment_id *id);

/**
 * series_list_open(series, list, index, out):
 * Open the entry ${index} of ${list} with one reference in ${out}.  ESTALE: it
 * has another number now, or is gone; ${list} was forgotten then.
 */
int series_list_open(const struct series *series, struct series_list *list,
    size_t index, struct segment **out);

/**
 * series_list_after(series, list, seg, out):
 * Find the segment that comes after ${seg}.  With SERIES_NEXT and SERIES_HOLE,
 * ${out} is it, with one reference; it is NULL otherwise.
 */
enum series_step series_list_after(const struct series *series,
    struct series_list *list, const struct segment *seg, struct segment **out);

/**
 * series_list_before(series, list, seg, out):
 * Do the same for the segment that comes before ${seg}.  The result is never
 * SERIES_BUSY: what was renamed just now comes next, although numbers between
 * may be missing.
 */
enum series_step series_list_before(const struct series *series,
    struct series_list *list, const struct segment *seg, struct segment **out);

#endif
