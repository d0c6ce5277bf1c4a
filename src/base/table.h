/*
 * Intrusive hash table: entries are embedded in what they find, the caller
 * computes hashes and compares keys.  It grows by itself; when memory for that
 * is short it stays as it is and gets slower, so only table_init can fail.
 */
#ifndef SPOOLCAST_BASE_TABLE_H
#define SPOOLCAST_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct table_entry {
	struct table_entry *next;
	uint64_t hash;
};

struct table {
	struct table_entry **slots;
	size_t n_slots; /* a power of two */
	size_t n_entries;
};

#define TABLE_OF(entry, type, member) LIST_OF(entry, type, member)

/**
 * table_init(table):
 * Make ${table} an empty table.  Return 0, or -1 with ENOMEM.
 */
int table_init(struct table *table);

/**
 * table_free(table):
 * Free what ${table} allocated; its entries are the caller's.
 */
void table_free(struct table *table);

/**
 * table_insert(table, entry, hash):
 * Add ${entry} under ${hash}; entries with one hash may be many.
 */
void table_insert(
    struct table *table, struct table_entry *entry, uint64_t hash);

/**
 * table_remove(table, entry):
 * Take ${entry}, which is in ${table}, out of it.
 */
void table_remove(struct table *table, struct table_entry *entry);

/**
 * table_first(table, hash), table_next(entry):
 * Return the first entry under ${hash} and the one after ${entry} that has the
 * same hash, or NULL.
 */
struct table_entry *table_first(const struct table *table, uint64_t hash);
struct table_entry *table_next(const struct table_entry *entry);

/**
 * table_walk(table, visit, cookie):
 * Call ${visit} for each entry, in no order; it may remove and free the entry
 * that it is given and no other.
 */
void table_walk(struct table *table,
    void (*visit)(void *cookie, struct table_entry *entry), void *cookie);

#endif
