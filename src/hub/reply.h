/*
 * What a request gets instead of a stream: an answer, or a hint when to retry.
 */
#ifndef SPOOLCAST_HUB_REPLY_H
#define SPOOLCAST_HUB_REPLY_H

#include "hub/admit.h"
#include "hub/viewer.h"
#include "spool/record.h"

/* Why a request is refused while the program ends. */
#define REPLY_STOPPING "the program is being stopped"

/**
 * reply_send(admission):
 * Send the response of ${admission}, without its body to HEAD, and end it.
 */
void reply_send(const struct admission *admission);

/**
 * reply_stream(admission, id):
 * Let the response be a stream that begins at the event id ${id}, or one that
 * only says why it does not begin (its length is 0).
 */
void reply_stream(struct admission *admission, const struct span *id);

/**
 * reply_later(admission, why):
 * Let the response refuse for now, for the reason ${why}, and say when to come
 * back.  Returns -1, for the caller to return.
 */
int reply_later(struct admission *admission, const char *why);

/**
 * reply_refuse(admission, why):
 * The same, and the log is told.
 */
int reply_refuse(struct admission *admission, const char *why);

#endif
