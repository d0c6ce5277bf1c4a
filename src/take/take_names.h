/*
 * Finding the pipes and drop folders that are in the spool.
 */
#ifndef SPOOLCAST_TAKE_TAKE_NAMES_H
#define SPOOLCAST_TAKE_TAKE_NAMES_H

#include "take/take.h"

/**
 * take_names_scan(take, until_ms), take_names_scan_end(take):
 * If anything may have come or gone, the first finds the inlets that there are,
 * and marks all to be checked, until it is ${until_ms} (clock_mono_ms); it
 * returns whether there is nothing left to do.  The second gives that up.
 */
bool take_names_scan(struct take *take, int64_t until_ms);
void take_names_scan_end(struct take *take);

/**
 * take_names_note(take, file):
 * Mark those inlets to be checked that ${file} concerns, and return whether
 * there are any.  For take.c.
 */
bool take_names_note(struct take *take, const char *file);

/**
 * take_names_check(inlet):
 * See what has the name of ${inlet} now, and whether it is wanted.  An inlet
 * that is not there any more is taken to its end, closed and freed.
 */
void take_names_check(struct inlet *inlet);

#endif
