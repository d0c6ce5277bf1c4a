/*
 * The part that a publisher has in the rotation of its channel.
 */
#ifndef SPOOLCAST_PUBLISH_DUE_H
#define SPOOLCAST_PUBLISH_DUE_H

#include "conf/settings.h"
#include "publish/target.h"

/**
 * due_restore(target):
 * Before the file of ${target} is opened: if it is missing because a process
 * was killed between two steps of its rotation, see to it that there is one
 * with the rights of the old one.  This does not wait, and says nothing if it
 * fails: the caller makes the file then when it opens it.
 */
void due_restore(const struct target *target);

/**
 * due_rotate(target, settings):
 * After the file of ${target} was written to: rotate it if ${settings} say that
 * it is due.  This does not wait: the process that has a lock now may rotate
 * it, or the next publisher.  That it cannot be done goes into the report, with
 * PUBLISH_DONE, only when the file is twice as large or old as it may be, as
 * then nobody else does it, either.
 */
void due_rotate(const struct target *target, const struct settings *settings);

#endif
