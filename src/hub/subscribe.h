/*
 * From an admitted request to its stream.  Where that begins may take some
 * slices to find, so it is looked for among the searches of the hub.
 */
#ifndef SPOOLCAST_HUB_SUBSCRIBE_H
#define SPOOLCAST_HUB_SUBSCRIBE_H

#include "hub/admit.h"
#include "hub/viewer.h"

/**
 * subscribe(admission):
 * Look for the place where the stream of ${admission}, which has passed all
 * checks, begins, and open it there.  Its content is taken: it is left empty,
 * unless memory is short; then the connection is closed.
 */
void subscribe(struct admission *admission);

/**
 * subscribe_go_on(viewer):
 * Go on with that for a slice; ${viewer} is VIEWER_STARTING and in no list.
 */
void subscribe_go_on(struct viewer *viewer);

/**
 * subscribe_drop(viewer):
 * ${viewer}, which is VIEWER_STARTING, does not want a stream any more: free
 * what was begun.
 */
void subscribe_drop(struct viewer *viewer);

/**
 * subscribe_memory(void):
 * Return how many bytes all that was begun takes.
 */
size_t subscribe_memory(void);

#endif
