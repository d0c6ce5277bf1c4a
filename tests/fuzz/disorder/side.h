/*
 * Programs that run by the side of the responder, for a moment each: the verbs
 * of spoolcast, and spoolcast as plain CGI.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_SIDE_H
#define SPOOLCAST_TESTS_DISORDER_SIDE_H

#include <stdbool.h>
#include <stdint.h>

struct side_opts {
	const char *program;
	const char *config;
	const char *folder; /* for logs */
};

/* What is run from now on. */
void side_begin(const struct side_opts *opts);

/* Start ${verb} with ${argument}, unless enough are running. */
void side_run(const char *verb, const char *argument);

/* See who has ended, and how. */
void side_turn(void);

/*
 * Nobody is in their way any more, since ${since_ms}: return whether all have
 * ended.  Who does not is told, and ended, at last.
 */
bool side_settle(int64_t since_ms);

#endif
