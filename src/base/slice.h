/*
 * A slice: how long work may go on in a row, and how much it may cost in all,
 * before others get their turn.
 *
 * Code that looks for something in files of unknown size and content asks
 * before each piece of work, keeps how far it came, and is called again in a
 * later slice.  One slice is open at a time in a process.  Where no slice is
 * open, as in the verbs of the command line and in unit tests, work goes on to
 * its end.
 */
#ifndef SPOOLCAST_BASE_SLICE_H
#define SPOOLCAST_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What opening a file, or finding out which it is, costs in bytes read. */
#define SLICE_FILE_COST 4096
#define SLICE_LOOK_COST 256

/**
 * slice_open(us, budget, tries):
 * Let work go on for ${us} microseconds from now.  What it costs is taken from
 * ${*budget} bytes; NULL: that is not limited.  The first 1 + ${tries} pieces
 * are granted however long they take.
 */
void slice_open(int64_t us, uint64_t *budget, unsigned tries);

/**
 * slice_tries(tries):
 * Return how many tries the next slice of the same work is to be opened with,
 * where the last one had ${tries}: one more if its time was up when the pieces
 * that were sure to be granted were done, else none.  Work that has to open a
 * file again in each slice before it comes further gets there by this, however
 * slow the file system is.
 */
unsigned slice_tries(unsigned tries);

/**
 * slice_limit(bytes):
 * In this slice grant no piece of work that costs more than ${bytes}, not even
 * as the first.
 */
void slice_limit(size_t bytes);

/**
 * slice_close(void):
 * End the slice: from here on work goes on to its end.
 */
void slice_close(void);

/**
 * slice_refill(bytes):
 * Let there be ${bytes} in the budget of the slice, if it has one.
 */
void slice_refill(uint64_t bytes);

/**
 * slice_forgive(void):
 * Let the rest of this slice cost what it will: its budget holds no more.
 */
void slice_forgive(void);

/**
 * slice_is_over(void):
 * Return whether the time of the slice is up; never without a slice.
 */
bool slice_is_over(void);

/**
 * slice_take(bytes):
 * Ask for a piece of work that costs as much as reading ${bytes}.  The first
 * pieces of a slice are always granted (but for slice_limit); see slice_open.
 * Return 0, or -1 with EAGAIN (the time is up: go on in a later slice) or
 * EDQUOT (the budget is used up).
 */
int slice_take(size_t bytes);

/**
 * slice_charge(bytes):
 * Take the cost of ${bytes} from the budget for what was done already.
 */
void slice_charge(size_t bytes);

#endif
