/*
 * What came before a segment: the one with the next number, unless that is a
 * copy (logrotate's copytruncate) still in the making.
 */
#ifndef SPOOLCAST_FEED_EARLIER_H
#define SPOOLCAST_FEED_EARLIER_H

#include "spool/channel_log.h"

/**
 * earlier_numbered(channel, seg, out):
 * Find the segment of ${channel} with the next number after that of ${seg},
 * whatever it is.  Return 0 with a reference in ${*out}, NULL if there is none,
 * a hole, or one that we may not read; or -1 with errno and NULL there: EAGAIN
 * says that the slice is over.
 */
int earlier_numbered(
    struct channel *channel, struct segment *seg, struct segment **out);

/**
 * earlier_find(channel, seg, out):
 * Find what came before the segment ${seg} of ${channel}, in the same way.
 */
int earlier_find(
    struct channel *channel, struct segment *seg, struct segment **out);

/**
 * earlier_is_cut(seg, copy):
 * Return 1 if ${seg}, of which ${copy} is a copy, was cut since; 0 if it has
 * all that the copy has, or more, as it does until then; or -1 with errno.
 */
int earlier_is_cut(struct segment *seg, struct segment *copy);

#endif
