/*
 * Every setting there is: the struct that holds their values, and the table
 * they are read, checked, printed and documented from.
 *
 * A new setting is a member here and a row in settings.c; then its entry in
 * spoolcast.ini.5 and `make conf`.
 */
#ifndef SPOOLCAST_CONF_SETTINGS_H
#define SPOOLCAST_CONF_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf_type.h"

enum links { LINKS_OWNER, LINKS_ANY, LINKS_NONE };
enum on_gap { ON_GAP_OLDEST, ON_GAP_NEWEST };
enum flush_mode {
	FLUSH_AUTO,
	FLUSH_STREAM,
	FLUSH_BATCH,
	FLUSH_PAD,
	FLUSH_CLOSE,
};
enum incremental { INCREMENTAL_AUTO, INCREMENTAL_YES, INCREMENTAL_NO };

/*
 * One member per key.  Texts belong to the struct conf they come from and are
 * never NULL; "" is none.  Those marked "later" always have their default.
 */
struct settings {
	/* [spool] */
	const char *path;
	uint64_t max_record;
	uint64_t max_size;  /* 0: never */
	int64_t max_age_ms; /* 0: never */
	uint64_t keep;
	int links; /* enum links */
	int keep_files;
	int type_from_extension;

	/* [stream] */
	int64_t heartbeat_ms;
	int64_t lifetime_ms; /* 0: without limit */
	int64_t retry_ms;
	uint64_t retry_jitter;	 /* percent */
	uint64_t reconnect_rate; /* per second */
	int64_t retry_overload_ms;
	uint64_t history;
	uint64_t history_max;
	int on_gap; /* enum on_gap */
	int64_t stall_ms;
	int64_t drain_ms;

	/* [flush] */
	int flush_mode; /* enum flush_mode */
	int64_t interval_ms;
	uint64_t bytes;
	uint64_t pad;
	int64_t hold_ms; /* 0: it answers with what there is */
	int64_t close_retry_ms;
	int64_t poll_retry_ms;
	int client_may_choose;
	int incremental; /* enum incremental */
	int identity;

	/* [limits] */
	uint64_t streams;	      /* 0: as many as descriptors allow */
	uint64_t streams_per_address; /* 0: no limit */
	uint64_t channels_per_stream;
	uint64_t memory;       /* bytes; 0: no limit */
	uint64_t resume_bytes; /* what finding a start may cost; 0: any */

	/* [access] */
	const char *channels; /* names and globs: "news,build-*" */
	const char *origins;  /* later */
	const char *users;    /* later */
	const char *key_file; /* later */
	int publish;	      /* later */
	int status;	      /* later */

	/* [source] */
	const char *redis; /* later */
};

/*
 * The rows of the table, in the order in which they are shown: section by
 * section.
 */
extern const struct conf_key settings_keys[];
extern const size_t settings_count;

/* With more rows than this, struct conf_section needs a wider set of keys. */
#define SETTINGS_MAX 64

/**
 * settings_find(name, len):
 * Return the row of the key called ${name} (${len} bytes), whatever section it
 * belongs to, or NULL.  No two sections have a key of the same name.
 */
const struct conf_key *settings_find(const char *name, size_t len);

/**
 * settings_section_exists(name, len):
 * Return 1 if a key belongs to the section ${name} (${len} bytes), else 0.
 */
int settings_section_exists(const char *name, size_t len);

/**
 * settings_near(name):
 * Return the row whose key name is nearest to the misspelt ${name}, or NULL if
 * no row is near enough to be what was meant.
 */
const struct conf_key *settings_near(const char *name);

/**
 * settings_section_near(name):
 * Return the name of the section nearest to the misspelt ${name}, or NULL.
 */
const char *settings_section_near(const char *name);

/**
 * settings_rotate(settings):
 * Return 1 if ${settings} have us rotate a channel, by size or age, else 0.
 */
int settings_rotate(const struct settings *settings);

#endif
