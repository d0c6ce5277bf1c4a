/*
 * Where the records of a channel go: the one of the forms that a channel may
 * have (folder.h) that is in the spool, or the file to create.
 *
 * Every function returns EXIT_DONE, or another exit code with a message
 * printed.
 */
#ifndef SPOOLCAST_CLI_TARGET_H
#define SPOOLCAST_CLI_TARGET_H

#include <stdbool.h>

#include "base/name.h"
#include "spool/folder.h"
#include "spool/trust.h"

struct target {
	const char *verb;	/* for messages */
	const char *spool;	/* the path of the folder */
	const char *channel;	/* a valid name */
	enum trust_links links; /* which are followed to append files */
	int spool_fd;		/* -1: not open */
	const struct form *form;
	char file[NAME_MAX_LEN + 8]; /* what is, or will be, in the spool */
	char end[NAME_MAX_LEN + 8];  /* the end marker */
};

/**
 * target_open(target):
 * Open the spool of ${target}, whose verb, spool and channel are set, and
 * set end; spool_fd is the caller's to close.
 */
int target_open(struct target *target);

/**
 * target_find(target, wants_block):
 * Find what holds the channel of ${target}: its form and file.  Where nothing
 * does, the form is that of its older segments, or block form if
 * ${wants_block}, or line form.
 */
int target_find(struct target *target, bool wants_block);

/**
 * target_refuse_link(target):
 * Print that target->file is or leads through a link that is not followed, and
 * what helps.  Return EXIT_SYSTEM.
 */
int target_refuse_link(const struct target *target);

/**
 * target_refuse_ended(target):
 * Print that the channel has ended.  Return EXIT_NEGATIVE.
 */
int target_refuse_ended(const struct target *target);

/**
 * target_has_ended(target, ended):
 * Put into ${ended} whether the channel has its end marker.
 */
int target_has_ended(const struct target *target, bool *ended);

#endif
