/*
 * What a request gets instead of a stream: an answer, or a hint when to retry.
 */
#ifndef SPOOLCAST_HUB_REPLY_H
#define SPOOLCAST_HUB_REPLY_H

#include "http/response.h"
#include "hub/viewer.h"
#include "spool/record.h"

/* Why a request is refused while the program ends. */
#define REPLY_STOPPING "the program is being stopped"

/**
 * reply_send(viewer, request, response):
 * Send ${response}, without its body to HEAD, and end it.
 */
void reply_send(struct viewer *viewer, const struct request *request,
    const struct response *response);

/**
 * reply_stream(viewer, id, response):
 * Let ${response} be a stream that begins at the event id ${id}, or one that
 * only says why it does not begin (its length is 0).
 */
void reply_stream(const struct viewer *viewer, const struct span *id,
    struct response *response);

/**
 * reply_later(viewer, request, why, response):
 * Let ${response} refuse for now, for the reason ${why}, and say when to come
 * back.
 */
void reply_later(struct viewer *viewer, const struct request *request,
    const char *why, struct response *response);

/**
 * reply_refuse(viewer, request, why, response):
 * The same, and the log is told.
 */
void reply_refuse(struct viewer *viewer, const struct request *request,
    const char *why, struct response *response);

#endif
