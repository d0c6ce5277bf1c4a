#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hub/budget.h"
#include "hub/hub.h"

int
budget_init(struct budget *budget)
{
	budget->slot = SLOTS_NONE;
	return table_init(&budget->addresses);
}

void
budget_free(struct budget *budget)
{
	slots_give(&budget->slot);
	table_free(&budget->addresses);
}

/*
 * The number of an address is the same in all processes, because they share
 * slots (spool/slots.h).  A stranger could choose addresses whose numbers meet
 * in one chain, so this table is ordered by a hash that nobody can foresee.
 */
static struct address *
address_find(const struct budget *budget, uint64_t number)
{
	struct table_entry *entry = table_first(
	    &budget->addresses, table_hash(&number, sizeof(number)));

	for (; entry != NULL; entry = table_next(entry)) {
		struct address *address =
		    TABLE_OF(entry, struct address, by_number);

		if (address->number == number)
			return address;
	}
	return NULL;
}

static struct address *
address_add(struct budget *budget, uint64_t number)
{
	struct address *address = calloc(1, sizeof(*address));

	if (address == NULL)
		return NULL;
	address->number = number;
	table_insert(&budget->addresses, &address->by_number,
	    table_hash(&number, sizeof(number)));
	return address;
}

static void
tell_over(struct hub *hub)
{
	if (!hub->budget.has_told)
		log_msg(LOG_LEVEL_WARN,
		    "event=over-budget limit=\"[limits] streams\" "
		    "streams=%" PRIu64 " effect=\"a viewer that comes now is "
		    "served by short polls\"",
		    hub->settings->streams);
	hub->budget.has_told = true;
}

/* Return whether there may be one more stream; the siblings count it then. */
static bool
count_stream(struct hub *hub)
{
	uint64_t most = hub->settings->streams;

	if (hub->siblings != NULL)
		return siblings_take_stream(hub->siblings, most);
	return most == 0 || hub->budget.n_streams < most;
}

static void
uncount_stream(struct hub *hub)
{
	if (hub->siblings != NULL)
		siblings_give_stream(hub->siblings);
}

/* Take a share where this process, or all that share its sockets, serve all. */
static enum budget_result
take_here(struct hub *hub, struct share *share, uint64_t number)
{
	const struct settings *settings = hub->settings;
	struct budget *budget = &hub->budget;
	struct address *address = NULL;
	bool is_limited = settings->streams_per_address > 0 && number != 0;

	if (is_limited)
		address = address_find(budget, number);
	/* Check the address first: a viewer over that limit is not to poll. */
	if (address != NULL &&
	    address->n_streams >= settings->streams_per_address)
		return BUDGET_ADDRESS;
	if (!count_stream(hub)) {
		tell_over(hub);
		return BUDGET_OVER;
	}
	if (is_limited && address == NULL &&
	    (address = address_add(budget, number)) == NULL) {
		uncount_stream(hub);
		return BUDGET_OVER;
	}
	share->address = address == NULL ? &budget->nobody : address;
	share->address->n_streams++;
	budget->n_streams++;
	return BUDGET_TAKEN;
}

enum budget_result
budget_take(
    struct hub *hub, struct share *share, const char *address, size_t len)
{
	const struct settings *settings = hub->settings;
	uint64_t number = slots_address(address, len);

	/* Slots are for processes with one viewer, if there is a limit. */
	if (hub->policy->holds_many ||
	    (settings->streams == 0 && settings->streams_per_address == 0))
		return take_here(hub, share, number);
	/* A process has one slot, and mod_fcgid never gives it two requests. */
	if (hub->budget.n_streams > 0)
		return BUDGET_OVER;
	hub->budget.has_slots = true;
	switch (slots_take(settings->path, settings->streams,
	    settings->streams_per_address, number, &hub->budget.slot)) {
	case SLOTS_TAKEN:
		share->address = &hub->budget.nobody;
		share->address->n_streams++;
		hub->budget.n_streams++;
		return BUDGET_TAKEN;
	case SLOTS_FULL:
		/* A CGI process would say it for each poll. */
		if (hub->policy->lasts)
			tell_over(hub);
		return BUDGET_OVER;
	case SLOTS_ADDRESS_FULL:
		return BUDGET_ADDRESS;
	case SLOTS_ERROR:
		break;
	}
	/* Nothing is known: what cannot be counted has to poll. */
	if (!hub->budget.has_told)
		log_errno(LOG_LEVEL_ERROR,
		    "event=budget-unknown spool=\"%s\" remedy=\"let the web "
		    "server's user write to .spoolcast in it, and remove from "
		    "there what another user made; until then viewers are "
		    "served by short polls\"",
		    settings->path);
	hub->budget.has_told = true;
	return BUDGET_OVER;
}

void
budget_give(struct hub *hub, struct share *share)
{
	struct address *address = share->address;

	if (address == NULL)
		return;
	share->address = NULL;
	hub->budget.n_streams--;
	uncount_stream(hub);
	slots_give(&hub->budget.slot);
	if (--address->n_streams == 0 && address != &hub->budget.nobody) {
		table_remove(&hub->budget.addresses, &address->by_number);
		free(address);
	}
}

uint64_t
budget_rate(const struct hub *hub, uint64_t rate)
{
	if (hub->siblings != NULL)
		rate /= hub->siblings->n;
	return rate > 0 ? rate : 1;
}

uint64_t
budget_load(struct hub *hub)
{
	uint64_t n = 0;

	if (hub->budget.has_slots &&
	    slots_count(hub->settings->path, &n) == 0 &&
	    n > hub->budget.n_streams)
		return n;
	return hub->budget.n_streams;
}
