/*
 * What is wrong in a spool folder, name by name.  What is said is bounded: of
 * findings that are alike, the first few are told, and how many more there are.
 * What is looked at is bounded, too, where others decide how much that is.
 */
#ifndef SPOOLCAST_CLI_CHECK_SPOOL_H
#define SPOOLCAST_CLI_CHECK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name.h"
#include "cli/findings.h"
#include "conf/conf.h"
#include "spool/folder.h"

/* The kinds of findings; those of one kind are alike. */
enum check_kind {
	CHECK_NAME,
	CHECK_ENDING,
	CHECK_COMPRESSED,
	CHECK_TYPE,
	CHECK_DATED,
	CHECK_ENDED,
	CHECK_GONE,
	CHECK_LINK,
	CHECK_LOCK,
	CHECK_STRANGER,
	CHECK_CLAIMED,
	CHECK_RIGHTS,
	CHECK_SEGMENT,
	CHECK_ALONE,
	CHECK_HOLE,
	CHECK_SAME,
	CHECK_BEYOND,
	CHECK_ROTATION,
	CHECK_UNHEARD,
	CHECK_ORPHAN,
	CHECK_LONG,
	CHECK_RESERVED,
	CHECK_SOURCE,
	CHECK_NEVER,
	CHECK_WAITING,
	CHECK_KINDS,
};

/* Before check_spool it is all zero but for the path and the configuration. */
struct check_spool {
	const char *path;
	const struct conf *conf;
	int fd;			  /* the spool, open, while it is checked */
	size_t channels;	  /* that are served */
	size_t sources;		  /* of them, pipes and drop folders */
	size_t lines_read;	  /* bytes of logs that were searched */
	struct findings problems; /* what is meant to work and does not */
	struct findings notes;	  /* what is worth knowing */
	size_t counts[CHECK_KINDS];
};

/* A file in the spool, or in spoolcast's own folder there, taken apart. */
struct check_file {
	int dir_fd;
	const char *dir;  /* "", or that folder with a slash */
	const char *file; /* its name */
	char channel[NAME_MAX_LEN + 1];
	const struct form *form;
	const char *suffix;   /* of the newest segment in this folder */
	unsigned long number; /* of an older segment; 0: it is none */
};

/**
 * check_spool(check):
 * Look at everything in the spool at the path in ${check} and add what is wrong
 * with it to the findings in it, which the caller frees.
 */
void check_spool(struct check_spool *check);

/**
 * check_spool_say(check, kind, format, ...):
 * Add a finding of ${kind}, or count it where there are enough of these.
 */
void check_spool_say(struct check_spool *check, enum check_kind kind,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/**
 * check_spool_may(check, file, mode, purpose):
 * Return whether this user has the rights ${mode} (access(2)) to ${file}, and
 * say so if not: that it cannot be ${purpose}.
 */
bool check_spool_may(struct check_spool *check, const struct check_file *file,
    int mode, const char *purpose);

/**
 * check_spool_split(name, is_own, file):
 * Take the name of a file in the spool apart, or with ${is_own} of one in
 * spoolcast's own folder, into the channel, form, suffix and number of ${file}.
 * Return whether it is the name of a form, a log or an older segment.
 */
bool check_spool_split(const char *name, bool is_own, struct check_file *file);

/**
 * check_spool_refuses(check, file):
 * Return whether ${file} is a link to an append file that is not followed, and
 * say so then.
 */
bool check_spool_refuses(
    struct check_spool *check, const struct check_file *file);

/**
 * check_spool_links(check, file):
 * Return which links are followed to ${file}.
 */
enum trust_links check_spool_links(
    const struct check_spool *check, const struct check_file *file);

/**
 * check_spool_type(type):
 * Return what ${type}, as in st_mode, is called.
 */
const char *check_spool_type(mode_t type);

#endif
