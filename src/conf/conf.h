/*
 * A configuration: the settings of the program and what differs for single
 * channels.  It is filled by conf_load.h, found by conf_find.h, and does not
 * change once it is there.
 *
 * Functions that return int give 0, or -1 with ENOMEM and nothing changed.
 */
#ifndef SPOOLCAST_CONF_CONF_H
#define SPOOLCAST_CONF_CONF_H

#include <stddef.h>

#include "conf/settings.h"

/*
 * How many [channel GLOB] sections a configuration may have, and how many
 * [channel ...] sections of both kinds.
 */
#define CONF_GLOBS_MAX 64
#define CONF_SECTIONS_MAX 1000

struct conf;

/* The settings of one channel section, or of all other sections together. */
struct conf_section;

/**
 * conf_new(void):
 * Return a configuration in which every setting has its default, or NULL with
 * ENOMEM.
 */
struct conf *conf_new(void);

/**
 * conf_free(conf):
 * Free ${conf}, which may be NULL, and all settings it gave out.
 */
void conf_free(struct conf *conf);

/**
 * conf_base(conf):
 * Return the settings that hold where no channel section says otherwise; valid
 * as long as ${conf}.
 */
const struct settings *conf_base(const struct conf *conf);

/**
 * conf_for(conf, channel):
 * Return the settings that hold for the channel called ${channel}.  For each
 * key the most specific section that gives it wins: [channel NAME], then the
 * [channel GLOB] with the most literal characters, then the one that stands
 * later in the file, then the base.
 *
 * The result is valid as long as ${conf}, and the same pointer for all channels
 * that the same sections apply to.  It is never NULL: when memory is short, or
 * globs overlap in more than 1024 ways, only the most specific glob counts.
 */
const struct settings *conf_for(const struct conf *conf, const char *channel);

/**
 * conf_file(conf), conf_why(conf):
 * Return the path of the file that was read, or NULL if there was none; and a
 * phrase that says how it was found or why none was needed.
 */
const char *conf_file(const struct conf *conf);
const char *conf_why(const struct conf *conf);

/**
 * conf_set_origin(conf, file, why):
 * Remember copies of ${file}, which may be NULL, and of ${why} for the two
 * functions above.
 */
int conf_set_origin(struct conf *conf, const char *file, const char *why);

/**
 * conf_section(conf, i):
 * Return the channel section at ${i} (from 0), in the order of the file, or
 * NULL from their end on.
 */
const struct conf_section *conf_section(const struct conf *conf, size_t i);

/**
 * conf_section_base(conf):
 * Return the section that holds the settings of no channel.
 */
struct conf_section *conf_section_base(struct conf *conf);

/**
 * conf_section_of(conf, name):
 * Return the section [channel ${name}], added if it is new; ${name} must be a
 * channel name or a well-formed glob.  NULL with ENOMEM, or with E2BIG if there
 * would be more than CONF_SECTIONS_MAX, or CONF_GLOBS_MAX globs.
 */
struct conf_section *conf_section_of(struct conf *conf, const char *name);

/**
 * conf_section_name(section):
 * Return the channel name or glob of ${section}, or NULL for that of none.
 */
const char *conf_section_name(const struct conf_section *section);

/**
 * conf_section_values(section):
 * Return the settings of ${section}; in a channel section only those that
 * conf_section_line knows have a meaning.
 */
const struct settings *conf_section_values(const struct conf_section *section);

/**
 * conf_section_line(section, key):
 * Return the line on which ${section} gives ${key}, or 0 if it does not.
 */
unsigned conf_section_line(
    const struct conf_section *section, const struct conf_key *key);

/**
 * conf_set(conf, section, key, value, line):
 * Give ${key} the value ${value} in ${section} of ${conf}, as line ${line} says
 * (0 where no file does).  Takes the text of ${value}, which on error is freed.
 */
int conf_set(struct conf *conf, struct conf_section *section,
    const struct conf_key *key, struct conf_value *value, unsigned line);

/**
 * conf_resolve(conf):
 * Work out what holds for which channel; to be called after the last conf_set
 * and before the first conf_for.
 */
int conf_resolve(struct conf *conf);

#endif
