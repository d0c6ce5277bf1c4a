#include <sys/auxv.h>
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/table.h"

#define FIRST_SLOTS 16

static void
draw_key(struct siphash_key *key)
{
	const void *drawn;

	if (getrandom(key, sizeof(*key), GRND_NONBLOCK) == sizeof(*key))
		return;
	/*
	 * Before the kernel's pool is ready (early boot), the 16 random bytes
	 * that execve(2) hands over have to do.
	 */
	drawn = (const void *)getauxval(AT_RANDOM);
	if (drawn != NULL)
		memcpy(key, drawn, sizeof(*key));
}

uint64_t
table_hash(const void *bytes, size_t len)
{
	static struct siphash_key key;
	static int has_key;

	if (!has_key) {
		draw_key(&key);
		has_key = 1;
	}
	return siphash_13(&key, bytes, len);
}

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

/* Put ${entry}, whose hash is set, at the head of its chain. */
static void
push(struct table *table, struct table_entry *entry)
{
	struct table_entry **slot = slot_of(table, entry->hash);

	entry->next = *slot;
	entry->link = slot;
	if (*slot != NULL)
		(*slot)->link = &entry->next;
	*slot = entry;
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

			push(&bigger, entry);
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
	if (table->n_entries >= table->n_slots)
		grow(table);
	entry->hash = hash;
	push(table, entry);
	table->n_entries++;
}

void
table_remove(struct table *table, struct table_entry *entry)
{
	*entry->link = entry->next;
	if (entry->next != NULL)
		entry->next->link = entry->link;
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
