/*
 * Intrusive hash table: entries are embedded in what they find, the caller
 * makes hashes by table_hash and compares keys.  It grows by itself; when
 * memory for that is short it stays as it is and gets slower, so only
 * table_init can fail.
 *
 * Strangers and writers choose most keys: names, ids, addresses.  table_hash is
 * keyed by chance, so that nobody can choose keys that meet in one chain, and
 * taking an entry out costs the same however long its chain is.
 */
#ifndef SPOOLCAST_BASE_TABLE_H
#define SPOOLCAST_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct table_entry {
	struct table_entry *next;
	struct table_entry **link; /* what points to this one */
	uint64_t hash;
};

struct table {
	struct table_entry **slots;
	size_t n_slots; /* a power of two */
	size_t n_entries;
};

#define TABLE_OF(entry, type, member) LIST_OF(entry, type, member)

/**
 * table_hash(bytes, len):
 * Return a hash of the ${len} bytes at ${bytes} that is the same for as long as
 * the process lives, and that nobody outside can foresee: SipHash-1-3 under a
 * key that the kernel drew at random.  It must not be shown or stored.
 */
uint64_t table_hash(const void *bytes, size_t len);

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
 * Add ${entry} under ${hash}, of table_hash; entries with one hash may be many.
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
