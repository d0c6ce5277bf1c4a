/*
 * What verbs there are, and what help says about each.
 */
#ifndef SPOOLCAST_CLI_VERBS_H
#define SPOOLCAST_CLI_VERBS_H

#include <stdio.h>

struct cli;

/* One verb.  All strings are static. */
struct verb {
	const char *name;
	int (*run)(const struct cli *cli, int argc, char **argv);
	const char *summary; /* one line without a full stop */
	const char *usage;   /* what `help VERB` prints */
	/*
	 * Options that take a value in the next argument, so that a value which
	 * looks like -c or --json is left alone; ends with NULL.
	 */
	const char *valued[6];
};

/**
 * verbs_find(name):
 * Return the verb called ${name}, or NULL.
 */
const struct verb *verbs_find(const char *name);

/**
 * verbs_refuse(name):
 * Print to stderr that there is no verb ${name}, and the nearest one if it may
 * have been meant.  Return EXIT_USAGE.
 */
int verbs_refuse(const char *name);

/**
 * verbs_list(out):
 * Print how the program is called and all verbs to ${out}.
 */
void verbs_list(FILE *out);

#endif
