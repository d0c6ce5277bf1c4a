/*
 * The responder under watch.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_TARGET_H
#define SPOOLCAST_TESTS_DISORDER_TARGET_H

#include <sys/types.h>

#include "fuzz/disorder/plan.h"

#define TARGET_PROCESSES_MAX 16

struct target {
	const struct options *options;
	const struct plan *plan;
	const char *folder;
	const char *socket;
	const char *config;
	pid_t pid; /* 0: it does not run */
	/* Those that answer: itself, or its children. */
	pid_t pids[TARGET_PROCESSES_MAX];
	unsigned n_pids;
	unsigned base_fds; /* of the one that has most */
	long base_kb;
	long most_kb; /* it has had, beyond that */
};

/* Start it, and wait until it listens.  Return 0, or -1. */
int target_start(struct target *target);

/* Measure what it takes with one viewer, before anything happens. */
void target_measure(struct target *target);

/* Whether it runs still; if not, that is told. */
bool target_is_alive(struct target *target);

/* See what memory it takes now. */
void target_sample(struct target *target);

/* Whether each process has no more descriptors than it began with. */
bool target_is_lean(struct target *target);

/* Tell which they are. */
void target_tell_fds(struct target *target);

/* Where it stands is to be told, by its end. */
void target_abort(struct target *target);

/* End it, as anybody would, and see whether all was well. */
void target_stop(struct target *target);

#endif
