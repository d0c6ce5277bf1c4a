/*
 * Settings as text: a sample file, and what holds in a given configuration.
 * Those that append to a buffer return 0, or -1 with ENOMEM.
 */
#ifndef SPOOLCAST_CONF_CONF_DUMP_H
#define SPOOLCAST_CONF_CONF_DUMP_H

#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"

/**
 * conf_dump_sample(out):
 * Append a configuration file that sets nothing and explains everything: each
 * key with its sentence, its limits and, on a line that starts with ';', its
 * default.
 */
int conf_dump_sample(struct buf *out);

/**
 * conf_dump_text(conf, out):
 * Append "section.key = value" lines for every setting of ${conf} in effect,
 * then "channel NAME.key = value" for what channel sections give.
 */
int conf_dump_text(const struct conf *conf, struct buf *out);

/**
 * conf_dump_json(conf, json):
 * Put the members "settings" and "channels", which tell the same.  Durations
 * are in milliseconds and say so in their name ("heartbeat_ms"), sizes are in
 * bytes, lists are arrays.
 */
void conf_dump_json(const struct conf *conf, struct json *json);

#endif
