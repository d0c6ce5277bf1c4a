/*
 * Where the records of a channel go: the one of the forms that a channel may
 * have (form.h) that is in the spool, or the file to create.
 *
 * Every function returns PUBLISH_DONE, or another result with the report of the
 * target saying why.
 */
#ifndef SPOOLCAST_PUBLISH_TARGET_H
#define SPOOLCAST_PUBLISH_TARGET_H

#include <stdbool.h>

#include "base/name.h"
#include "publish/report.h"
#include "spool/form.h"
#include "spool/trust.h"

struct target {
	const char *spool;	/* the path of the folder */
	const char *channel;	/* a valid name */
	enum trust_links links; /* which are followed to append files */
	bool may_wait;		/* for locks, and for room in a pipe */
	struct publish_report *report;
	int spool_fd;		     /* -1: not open */
	const struct form *form;     /* NULL: not found yet */
	char file[NAME_MAX_LEN + 8]; /* what is, or will be, in the spool */
	char end[NAME_MAX_LEN + 8];  /* the end marker */
};

/**
 * target_open(target):
 * Open the spool of ${target}, whose spool, channel and report are set, and set
 * end; spool_fd is the caller's to close.
 */
enum publish_result target_open(struct target *target);

/**
 * target_find(target, wants_block):
 * Find what holds the channel of ${target}: its form and file.  Where nothing
 * does, the form is that of its older segments, or block form if
 * ${wants_block}, or line form.
 */
enum publish_result target_find(struct target *target, bool wants_block);

/**
 * target_refuse_link(target):
 * Report that target->file is or leads through a link that is not followed, and
 * what helps.  Return PUBLISH_FAILED.
 */
enum publish_result target_refuse_link(const struct target *target);

/**
 * target_refuse_ended(target):
 * Report that the channel has ended.  Return PUBLISH_ENDED.
 */
enum publish_result target_refuse_ended(const struct target *target);

/**
 * target_has_ended(target, ended):
 * Put into ${ended} whether the channel has its end marker.
 */
enum publish_result target_has_ended(const struct target *target, bool *ended);

#endif
