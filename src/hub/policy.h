/*
 * What it means for a process that it was started by this gateway or that.
 */
#ifndef SPOOLCAST_HUB_POLICY_H
#define SPOOLCAST_HUB_POLICY_H

#include <stdbool.h>

#include "listen/gateway.h"

struct policy {
	/*
	 * The process serves many viewers at a time.  So it takes what comes in
	 * and rotates whether anybody listens or not, counts streams by itself,
	 * and keeps its memory for the next viewer.
	 */
	bool holds_many;
	/* It lasts for more than one answer, so it says things once. */
	bool lasts;
	/* Without a viewer it ends after so many seconds; 0: it stays. */
	double rests_after_s;
};

/**
 * policy_of(gateway):
 * Return the row of ${gateway}.
 */
const struct policy *policy_of(enum gateway gateway);

#endif
