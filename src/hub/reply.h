/*
 * What a request gets instead of a stream: an answer, or a hint when to retry.
 */
#ifndef SPOOLCAST_HUB_REPLY_H
#define SPOOLCAST_HUB_REPLY_H

#include "hub/viewer.h"

/**
 * reply_answer(viewer, request, answer):
 * Send ${answer}, without its body to HEAD, and end the response.
 */
void reply_answer(struct viewer *viewer, const struct request *request,
    struct answer *answer);

/**
 * reply_later(viewer, request, why):
 * Refuse for now, for the reason ${why}, and say when to come back.
 */
void reply_later(
    struct viewer *viewer, const struct request *request, const char *why);

/**
 * reply_refuse(viewer, request, why):
 * The same, and the log is told.
 */
void reply_refuse(
    struct viewer *viewer, const struct request *request, const char *why);

#endif
