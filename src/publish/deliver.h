/*
 * Handing a record over to what holds a channel, in the way of its form.
 *
 * Both functions return PUBLISH_DONE, or another result with the report of the
 * target saying why.
 */
#ifndef SPOOLCAST_PUBLISH_DELIVER_H
#define SPOOLCAST_PUBLISH_DELIVER_H

#include "base/buf.h"
#include "publish/target.h"

/**
 * deliver_record(target, record, extension, path):
 * Append ${record} to the file of ${target}, write it to its pipe, or make it a
 * file in its drop folder, with ${extension} (NULL: none).  Append to ${path}
 * the path where it went, with a NUL.
 */
enum publish_result deliver_record(const struct target *target,
    const struct buf *record, const char *extension, struct buf *path);

/**
 * deliver_end(target):
 * Make the end marker of the channel, if it is not there.
 */
enum publish_result deliver_end(const struct target *target);

#endif
