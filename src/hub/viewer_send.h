/*
 * What viewers are sent besides the batches of their feed: each function makes
 * a batch of it and puts it in the viewer, which is sending nothing.  They
 * return 0, or -1 with ENOMEM; then the viewer is to be closed.
 */
#ifndef SPOOLCAST_HUB_VIEWER_SEND_H
#define SPOOLCAST_HUB_VIEWER_SEND_H

#include "hub/viewer.h"

/**
 * viewer_send_text(viewer, text):
 * The unframed ${text}, which moves nobody.
 */
int viewer_send_text(struct viewer *viewer, const struct buf *text);

/**
 * viewer_send_head(viewer, head):
 * The unframed ${head} of the response, with what of its body goes with it.
 */
int viewer_send_head(struct viewer *viewer, const struct buf *head);

/**
 * viewer_send_whole(viewer, whole):
 * The unframed ${whole}, from the head on, and the end of the response.
 */
int viewer_send_whole(struct viewer *viewer, const struct buf *whole);

/**
 * viewer_send_end(viewer):
 * The last words: where the stream was, when to come back.
 */
int viewer_send_end(struct viewer *viewer);

/**
 * viewer_send_second(viewer):
 * What follows the first write: a long id, padding, the opening event.
 */
int viewer_send_second(struct viewer *viewer);

/**
 * viewer_send_padding(viewer), viewer_add_padding(viewer):
 * What makes a buffer of the web server overflow: viewer_send_padding sends it
 * as a write of its own, after the first one, which must be small;
 * viewer_add_padding lets it go in the write of what is to be sent, if the
 * flush mode of ${viewer} says so.
 */
int viewer_send_padding(struct viewer *viewer);
void viewer_add_padding(struct viewer *viewer);

/**
 * viewer_padding(viewer):
 * Return these bytes (a reference), framed for ${viewer}; the same ones each
 * time.  NULL with ENOMEM.
 */
struct batch *viewer_padding(struct viewer *viewer);

/**
 * viewer_free_standing(hub):
 * Free what is kept in ${hub} because it is sent again and again.
 */
void viewer_free_standing(struct hub *hub);

/**
 * viewer_send_beat(viewer):
 * A heartbeat: an event if the client wants to see it, and the id of its place
 * if it does not know that; else a comment.
 */
int viewer_send_beat(struct viewer *viewer);

/**
 * viewer_readdress(viewer, batch):
 * Return ${batch}, whose reference is taken, as ${viewer} can be sent it: the
 * same, or a copy with its request id where that is not the usual one.  NULL
 * with ENOMEM.
 */
struct batch *viewer_readdress(struct viewer *viewer, struct batch *batch);

#endif
