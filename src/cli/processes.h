/*
 * Several responders that accept from the same sockets, and their parent, which
 * starts them, starts a responder again that ends without being asked to,
 * passes on what it is told, and ends with the last of them.
 *
 * This is what happens when one of them ends, or is told to:
 *  a) A signal is passed on to all; each responder does what it means.
 *  b) A responder that ends alone (it is killed or told to) is started again,
 *     at once the first time, and after ever longer pauses while it does not
 *     last.
 *  c) The parent can be killed and say nothing: then each responder is told to
 *     end as by SIGTERM (PR_SET_PDEATHSIG, prctl(2)), also one that was just
 *     being started.
 *  d) A responder that was stopped (SIGSTOP) or hangs does not hear what it is
 *     told: it is killed a while after it should have ended.
 */
#ifndef SPOOLCAST_CLI_PROCESSES_H
#define SPOOLCAST_CLI_PROCESSES_H

#include <stdint.h>

#define PROCESSES_MAX 64

struct processes_ops {
	/*
	 * Be responder ${index}, from 0, in a process of its own.  End signals
	 * are blocked; once the handlers are in place that catch them, call
	 * processes_ready.  Return the exit code.
	 */
	int (*run)(void *cookie, unsigned index);
	/*
	 * The parent calls this when responder ${index} has ended, for any
	 * reason.
	 */
	void (*on_end)(void *cookie, unsigned index);
	/*
	 * The parent calls this when all were told to end; none is started
	 * again then.
	 */
	void (*on_stop)(void *cookie);
};

/**
 * processes_run(n, drain_ms, ops, cookie):
 * Keep ${n} responders, PROCESSES_MAX at most, until a signal (SIGTERM,
 * SIGUSR1, SIGINT, SIGHUP) ends all; they are expected to do so within
 * ${drain_ms}.  Return the exit code; in a child, that of run.
 */
int processes_run(unsigned n, int64_t drain_ms, const struct processes_ops *ops,
    void *cookie);

/**
 * processes_ready(void):
 * In a responder, let signals in from now on.
 */
void processes_ready(void);

#endif
