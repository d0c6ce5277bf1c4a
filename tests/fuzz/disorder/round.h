/*
 * A round: a responder and a spool of its own, disorder for some seconds, and
 * then the calm in which all is looked at.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_ROUND_H
#define SPOOLCAST_TESTS_DISORDER_ROUND_H

#include "fuzz/disorder/peer.h"
#include "fuzz/disorder/plan.h"

/*
 * Run the round that ${plan} says.  Its folder stays if something was found.
 * Return 0, or -1 if the system refuses what it takes.
 */
int round_run(const struct options *options, const struct plan *plan,
    struct peers *peers);

#endif
