/*
 * Values on their way into and out of the members of a struct settings.
 */
#ifndef SPOOLCAST_CONF_CONF_MEMBER_H
#define SPOOLCAST_CONF_CONF_MEMBER_H

#include "base/buf.h"
#include "base/json.h"
#include "conf/settings.h"

/**
 * conf_member_store(key, settings, value):
 * Put ${value} into the member of ${key} in ${settings}, which then points to
 * the text of ${value} and does not own it.
 */
void conf_member_store(const struct conf_key *key, struct settings *settings,
    const struct conf_value *value);

/**
 * conf_member_copy(key, to, from):
 * Copy the member of ${key} from ${from} to ${to}.
 */
void conf_member_copy(const struct conf_key *key, struct settings *to,
    const struct settings *from);

/**
 * conf_member_print(key, settings, out):
 * Append the value of ${key} in ${settings} to ${out} in a form that
 * conf_type_parse reads back.  Return 0, or -1 with ENOMEM.
 */
int conf_member_print(const struct conf_key *key,
    const struct settings *settings, struct buf *out);

/**
 * conf_member_json(key, settings, json):
 * Put the value of ${key} in ${settings} under its name: bytes and milliseconds
 * as numbers, the latter with a name that ends in "_ms", a list of globs as an
 * array.
 */
void conf_member_json(const struct conf_key *key,
    const struct settings *settings, struct json *json);

#endif
