/*
 * What is wrong in a spool folder, name by name.
 */
#ifndef SPOOLCAST_CLI_CHECK_SPOOL_H
#define SPOOLCAST_CLI_CHECK_SPOOL_H

#include <stddef.h>

#include "cli/findings.h"

/* All zero but for the path before check_spool. */
struct check_spool {
	const char *path;
	int fd;			  /* the same, open, while it is checked */
	size_t channels;	  /* that are served */
	struct findings problems; /* meant to work, and does not */
	struct findings notes;	  /* worth knowing */
};

/**
 * check_spool(check):
 * Look at everything in the spool at the path in ${check} and add what is wrong
 * with it to the findings in it, which the caller frees.
 */
void check_spool(struct check_spool *check);

#endif
