/*
 * What a file that took another's name has to do with it: an editor writes a
 * file anew, others remove it and begin a new one.
 */
#ifndef SPOOLCAST_SPOOL_REWRITE_H
#define SPOOLCAST_SPOOL_REWRITE_H

#include "spool/segment.h"

enum rewrite {
	REWRITE_NONE,	 /* nothing: all that is in it is new */
	REWRITE_GREW,	 /* it begins with all that was read of the other */
	REWRITE_OTHER,	 /* it has records of the other, not all in place */
	REWRITE_UNKNOWN, /* it has no record yet */
	REWRITE_MORE,	 /* it takes longer: ask again in a later slice */
};

/**
 * rewrite_judge(old, at, file):
 * Compare ${file} with ${old}, which it replaced and which was read up to
 * ${at}. Of large files not all is compared; where that leaves a doubt, or
 * something cannot be read, it is REWRITE_OTHER.
 */
enum rewrite rewrite_judge(
    struct segment *old, const struct position *at, struct segment *file);

#endif
