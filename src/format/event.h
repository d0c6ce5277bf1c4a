/*
 * Records and our own notices as blocks of text/event-stream (WHATWG HTML
 * 9.2.5; pure).  All functions append whole blocks to a buffer and return 0, or
 * -1 with ENOMEM; then the buffer may be longer by part of a block.
 *
 * The id is the last field of a block, because some clients take it at once: an
 * event that was cut off is not to count as seen.  A block that only moves the
 * client's cursor has a type of its own and empty data, because some clients
 * take no id from one without data.  A blank line follows nothing but an event:
 * some clients make an empty message of one.
 *
 * Ids come in ready and in the safe alphabet; see spool/mark.h.
 */
#ifndef SPOOLCAST_FORMAT_EVENT_H
#define SPOOLCAST_FORMAT_EVENT_H

#include "base/buf.h"
#include "spool/mark.h"
#include "spool/record.h"

/* Longest id with a publisher's part; marks alone may be longer. */
#define EVENT_ID_MAX 128

/**
 * event_append(out, id, channel, rec):
 * Append ${rec} as an event, with the id ${id}, followed by the publisher's own
 * id, and with a retry field if it has one.  A record without data becomes
 * event spoolcast.at.  If ${channel} is a name, the type of the event is that
 * name, followed by a dot and the record's type where it has one; if it is
 * NULL, the type is the record's.
 */
int event_append(struct buf *out, const struct span *id, const char *channel,
    const struct record *rec);

/**
 * event_size_max(rec):
 * Return how many bytes event_append makes of ${rec} at most, beside the id.
 */
size_t event_size_max(const struct record *rec);

/**
 * event_append_at(out, id):
 * Append event spoolcast.at with ${id}: it moves the client's cursor.
 */
int event_append_at(struct buf *out, const struct span *id);

/**
 * event_append_open(out, id):
 * Append event spoolcast.open with ${id}: where the stream begins.
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
 * Append a retry field, which counts at once, and belongs to the block of the
 * event that follows.
 */
int event_append_retry(struct buf *out, int64_t ms);

/**
 * event_append_beat(out, is_shown):
 * Append a comment that keeps proxies and their timeouts quiet, or, if it
 * ${is_shown}, an event without id for pages that want to see that their stream
 * is alive.
 */
int event_append_beat(struct buf *out, bool is_shown);

/**
 * event_append_comment(out, text):
 * Append the line ${text} as a comment.
 */
int event_append_comment(struct buf *out, const char *text);

/**
 * event_append_padding(out, bytes):
 * Append a comment that is ${bytes} long, its end included (at least 2).
 */
int event_append_padding(struct buf *out, size_t bytes);

#endif
