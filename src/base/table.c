#include <stdlib.h>

#include "base/table.h"

#define FIRST_SLOTS 16

int
table_init(struct table *table)
{
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	table->n_slots = FIRST_SLOTS;
	table->n_entries = 0;
	return table->slots == NULL ? -1 : 0;
}

void
table_free(struct table *table)
{
	free(table->slots);
	table->slots = NULL;
}

static struct table_entry **
slot_of(const struct table *table, uint64_t hash)
{
	return &table->slots[hash & (table->n_slots - 1)];
}

static void
grow(struct table *table)
{
	struct table bigger = { .n_slots = table->n_slots * 2 };

	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return;
	for (size_t i = 0; i < table->n_slots; i++) {
		struct table_entry *entry = table->slots[i];

		while (entry != NULL) {
			struct table_entry *after = entry->next;
			struct table_entry **slot =
			    slot_of(&bigger, entry->hash);

			entry->next = *slot;
			*slot = entry;
			entry = after;
		}
	}
	free(table->slots);
	table->slots = bigger.slots;
	table->n_slots = bigger.n_slots;
}

void
table_insert(struct table *table, struct table_entry *entry, uint64_t hash)
{
	struct table_entry **slot;

	if (table->n_entries >= table->n_slots)
		grow(table);
	slot = slot_of(table, hash);
	entry->hash = hash;
	entry->next = *slot;
	*slot = entry;
	table->n_entries++;
}

void
table_remove(struct table *table, struct table_entry *entry)
{
	struct table_entry **link = slot_of(table, entry->hash);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	table->n_entries--;
}

static struct table_entry *
with_hash(struct table_entry *entry, uint64_t hash)
{
	while (entry != NULL && entry->hash != hash)
		entry = entry->next;
	return entry;
}

struct table_entry *
table_first(const struct table *table, uint64_t hash)
{
	return with_hash(*slot_of(table, hash), hash);
}

struct table_entry *
table_next(const struct table_entry *entry)
{
	return with_hash(entry->next, entry->hash);
}

void
table_walk(struct table *table,
    void (*visit)(void *cookie, struct table_entry *entry), void *cookie)
{
	for (size_t i = 0; i < table->n_slots; i++) {
		struct table_entry *entry = table->slots[i];

		while (entry != NULL) {
			struct table_entry *after = entry->next;

			visit(cookie, entry);
			entry = after;
		}
	}
}
