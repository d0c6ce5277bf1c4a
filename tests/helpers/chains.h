/*
 * How long the chains of a hash table are: what it costs at most to find
 * something.  To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_CHAINS_H
#define SPOOLCAST_TESTS_HELPERS_CHAINS_H

#include "base/table.h"

/*
 * With no more entries than slots, each in a slot by chance, a chain of so many
 * comes once in 10^18 tables.
 */
#define CHAIN_LONG 24

/* How many entries the longest chain of the table has. */
static inline size_t
chain_longest(const struct table *table)
{
	size_t longest = 0;

	for (size_t i = 0; i < table->n_slots; i++) {
		const struct table_entry *entry = table->slots[i];
		size_t n = 0;

		for (; entry != NULL; entry = entry->next)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

#endif
