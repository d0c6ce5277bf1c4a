/*
 * From an admitted request to its stream.  Where that begins may take some
 * slices to find, so it is looked for among the searches of the hub.
 */
#ifndef SPOOLCAST_HUB_SUBSCRIBE_H
#define SPOOLCAST_HUB_SUBSCRIBE_H

#include "hub/viewer.h"

/**
 * subscribe(viewer, request, settings, is_incremental):
 * Look for the place where the stream of ${viewer}, which sent ${request},
 * begins, and open it there.  The content of ${request} is taken (it is left
 * empty); ${settings} are those of its first channel.  If it
 * ${is_incremental}, the head says that nobody is to hold it back (RFC 10036).
 */
void subscribe(struct viewer *viewer, struct request *request,
    const struct settings *settings, bool is_incremental);

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
