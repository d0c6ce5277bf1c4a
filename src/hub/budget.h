/*
 * How many streams there may be, in all and for one address.
 *
 * A process that serves many viewers counts their streams itself; processes
 * that share its sockets count them together (listen/siblings.h).  Where each
 * viewer has a process of its own (CGI, mod_fcgid), all processes on the spool
 * share slots (spool/slots.h).
 */
#ifndef SPOOLCAST_HUB_BUDGET_H
#define SPOOLCAST_HUB_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "spool/slots.h"

struct hub;

/* An address that has streams. */
struct address {
	struct table_entry by_number; /* in budget->addresses */
	uint64_t number;	      /* what slots_address made of it */
	uint64_t n_streams;
};

struct budget {
	uint64_t n_streams; /* of this process */
	struct table addresses;
	struct address nobody; /* where addresses do not matter */
	int slot;	       /* of our stream; SLOTS_NONE */
	bool has_slots;	       /* all processes on the spool count together */
	bool has_told;	       /* the log knows why viewers have to poll */
};

/* What a stream has of the budget. */
struct share {
	struct address *address; /* NULL: nothing */
};

enum budget_result {
	BUDGET_TAKEN,
	BUDGET_OVER,	/* [limits] streams */
	BUDGET_ADDRESS, /* [limits] streams_per_address */
};

/**
 * budget_init(budget), budget_free(budget):
 * Prepare it, and release it when no share is taken.  budget_init returns 0, or
 * -1 with ENOMEM.
 */
int budget_init(struct budget *budget);
void budget_free(struct budget *budget);

/**
 * budget_take(hub, share, address, len):
 * Take a ${share} of the budget for a stream to ${address} (as the web server
 * tells it).  Where the slots cannot be used, the log says why and BUDGET_OVER
 * is returned: what cannot be counted must not grow.
 */
enum budget_result budget_take(
    struct hub *hub, struct share *share, const char *address, size_t len);

/**
 * budget_give(hub, share):
 * Give back what ${share} has, if anything.
 */
void budget_give(struct hub *hub, struct share *share);

/**
 * budget_rate(hub, rate):
 * Return our part of ${rate}, which all processes that share our sockets have
 * together: 1 at least.
 */
uint64_t budget_rate(const struct hub *hub, uint64_t rate);

/**
 * budget_load(hub):
 * Return how many streams are known of, in all processes.
 */
uint64_t budget_load(struct hub *hub);

#endif
