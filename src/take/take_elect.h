/*
 * Which process is the taker.
 */
#ifndef SPOOLCAST_TAKE_TAKE_ELECT_H
#define SPOOLCAST_TAKE_TAKE_ELECT_H

#include "take/take.h"

/**
 * take_elect(take), take_elect_end(take):
 * The first becomes the taker, unless there is one, or sees whether we still
 * are it.  The second ceases to be it and lets another process become it.
 */
void take_elect(struct take *take);
void take_elect_end(struct take *take);

#endif
