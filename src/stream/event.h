/*
 * Records and our own notices as blocks of text/event-stream (WHATWG HTML
 * 9.2.5; pure).  All functions append whole blocks to a buffer and return 0, or
 * -1 with ENOMEM; then the buffer may be longer by part of a block.
 *
 * Ids come in ready and in the safe alphabet; see spool/mark.h.
 */
#ifndef SPOOLCAST_STREAM_EVENT_H
#define SPOOLCAST_STREAM_EVENT_H

#include "base/buf.h"
#include "spool/mark.h"
#include "spool/record.h"

/* Longest id with a publisher's part; marks alone may be longer. */
#define EVENT_ID_MAX 128

/* A comment that keeps proxies and their timeouts quiet. */
#define EVENT_HEARTBEAT ":\n\n"

/**
 * event_append(out, id, rec):
 * Append ${rec} as an event, with the id ${id}, the publisher's own id behind
 * it, and a retry field if it has one.  A record without data becomes a block
 * that no client sees as an event, but that moves its cursor.
 */
int event_append(
    struct buf *out, const struct span *id, const struct record *rec);

/**
 * event_append_id(out, id):
 * Append a block of only an id: it moves the client's cursor.
 */
int event_append_id(struct buf *out, const struct span *id);

/**
 * event_append_open(out, id):
 * Append event spoolcast.open with ${id} as its id and data.
 */
int event_append_open(struct buf *out, const struct span *id);

/**
 * event_append_gap(out, id, channel, reason, resumed):
 * Append event spoolcast.gap: the client's place in ${channel} is lost for
 * ${reason}; the stream goes on from ${resumed}, "oldest" or "newest".
 */
int event_append_gap(struct buf *out, const struct span *id,
    const char *channel, enum gap_reason reason, const char *resumed);

/**
 * event_append_skipped(out, id, channel, size, offset):
 * Append event spoolcast.skipped: a record of ${size} bytes at ${offset} of the
 * file of ${channel} was over max_record.
 */
int event_append_skipped(struct buf *out, const struct span *id,
    const char *channel, uint64_t size, uint64_t offset);

/**
 * event_append_retry(out, ms):
 * Append a block of only a retry field.
 */
int event_append_retry(struct buf *out, int64_t ms);

/**
 * event_append_padding(out, bytes):
 * Append a comment that is ${bytes} long, its end included (at least 3).
 */
int event_append_padding(struct buf *out, size_t bytes);

#endif
