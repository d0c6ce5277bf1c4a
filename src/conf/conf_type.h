/*
 * The types a setting can have: how its value is written, read and kept.
 * Adding a type is one row in conf_type.c and one name here.
 *
 * Nothing here knows a setting by name; settings.h has the table of them.
 */
#ifndef SPOOLCAST_CONF_CONF_TYPE_H
#define SPOOLCAST_CONF_CONF_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum conf_member {
	CONF_MEMBER_INT, /* int */
	CONF_MEMBER_I64, /* int64_t */
	CONF_MEMBER_U64, /* uint64_t */
	CONF_MEMBER_TEXT /* const char * */
};

/* The types, each with its member and an example. */
enum conf_type {
	CONF_BOOL,     /* int: yes or no */
	CONF_COUNT,    /* uint64_t: 100 */
	CONF_DURATION, /* int64_t, milliseconds: 15s */
	CONF_SIZE,     /* uint64_t, bytes: 64K */
	CONF_PERCENT,  /* uint64_t: 50% */
	CONF_CHOICE,   /* int, index into the choices of the key: oldest */
	CONF_GLOBS,    /* const char *: channel names and globs, "a,b-*" */
	CONF_PATH,     /* const char *: a file or folder */
	CONF_TEXT,     /* const char *: anything else */
};

enum {
	CONF_PER_CHANNEL = 1, /* may stand in a [channel NAME] section too */
	CONF_LATER = 2,	      /* this version knows only the default value */
	CONF_OR_ZERO = 4,     /* 0 is allowed below the minimum */
	CONF_OR_EMPTY = 8,    /* an empty value is allowed */
};

/* One setting.  All values are texts as they would stand in the file. */
struct conf_key {
	const char *section;
	const char *name;
	enum conf_type type;
	unsigned flags;
	size_t offset;		    /* of its member in struct settings */
	const char *initial;	    /* the default; "" is none */
	const char *min;	    /* NULL where there is no limit */
	const char *max;	    /* NULL where there is no limit */
	const char *const *choices; /* of a CONF_CHOICE, ends with NULL */
	const char *doc;	    /* one or two sentences */
};

/* A value outside of the struct it belongs to. */
struct conf_value {
	int64_t number; /* of the types that are not text */
	char *text;	/* of the types that are text, else NULL */
};

/**
 * conf_type_name(type):
 * Return what people call values of ${type} ("duration"), a static string.
 */
const char *conf_type_name(enum conf_type type);

/**
 * conf_type_member(type):
 * Return what a member of ${type} is in C.
 */
enum conf_member conf_type_member(enum conf_type type);

/**
 * conf_type_parse(key, text, value, why):
 * Read ${text} as a value of ${key} into ${value}, whose text the caller frees.
 * Return 0.  Otherwise return -1, with ${value} unchanged, and append to ${why}
 * what is wrong with the text and what to write instead; an empty ${why} then
 * means that memory ran out.
 */
int conf_type_parse(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why);

/**
 * conf_type_limits(key, out):
 * Append to ${out} which values ${key} takes: "100ms to 1h, or 0", "oldest or
 * newest", or nothing where there is no limit.  Return 0, or -1 with ENOMEM.
 */
int conf_type_limits(const struct conf_key *key, struct buf *out);

/**
 * conf_type_show(key, number, out):
 * Append to ${out} how ${number}, a value of ${key}, whose type is not text, is
 * written in the file.  Return 0, or -1 with ENOMEM.
 */
int conf_type_show(const struct conf_key *key, int64_t number, struct buf *out);

#endif
