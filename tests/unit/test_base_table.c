/* The hash table, beside a plain array that holds the same. */
#include <sys/mman.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "base/table.h"

#define N_ITEMS 2000

struct item {
	unsigned visits;
	bool is_in;
	struct table_entry entry;
};

/* How many entries the table has under this hash; each must be in. */
static size_t
count(const struct table *table, uint64_t hash)
{
	struct table_entry *entry = table_first(table, hash);
	size_t n = 0;

	for (; entry != NULL; entry = table_next(entry)) {
		assert_true(TABLE_OF(entry, struct item, entry)->is_in);
		assert_true(entry->hash == hash);
		n++;
	}
	return n;
}

static void
test_an_empty_table_finds_nothing(void **state)
{
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table), 0);
	assert_int_equal(table.n_entries, 0);
	assert_null(table_first(&table, 0));
	assert_null(table_first(&table, UINT64_MAX));
	table_free(&table);
}

static void
test_entries_with_one_hash_are_all_found(void **state)
{
	struct item items[100] = { 0 };
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table), 0);
	/* Two hashes that share a slot for as long as it may grow here. */
	for (size_t i = 0; i < 100; i++) {
		items[i].is_in = true;
		table_insert(&table, &items[i].entry,
		    i % 2 == 0 ? 5 : 5 + ((uint64_t)1 << 40));
	}
	assert_int_equal(count(&table, 5), 50);
	assert_int_equal(count(&table, 5 + ((uint64_t)1 << 40)), 50);
	assert_int_equal(count(&table, 5 + ((uint64_t)1 << 41)), 0);
	for (size_t i = 0; i < 100; i += 4) {
		items[i].is_in = false;
		table_remove(&table, &items[i].entry);
	}
	assert_int_equal(count(&table, 5), 25);
	assert_int_equal(table.n_entries, 75);
	table_free(&table);
}

static void
test_it_holds_what_an_array_holds_however_it_grows(void **state)
{
	static struct item items[N_ITEMS];
	static size_t per_hash[64];
	struct rnd rnd = { 20240229 };
	struct table table;
	size_t n = 0;

	(void)state;
	assert_int_equal(table_init(&table), 0);
	for (int step = 0; step < 20000; step++) {
		struct item *item = &items[rnd_between(&rnd, 0, N_ITEMS - 1)];
		size_t key = (size_t)(item - items) % 64;

		if (item->is_in) {
			table_remove(&table, &item->entry);
			per_hash[key]--;
			n--;
		} else {
			/* Far apart, so that slots change as it grows. */
			table_insert(&table, &item->entry, key * 0x10001);
			per_hash[key]++;
			n++;
		}
		item->is_in = !item->is_in;
		assert_int_equal(table.n_entries, n);
		if (step % 10 != 0)
			continue;
		key = (size_t)rnd_between(&rnd, 0, 63);
		assert_int_equal(count(&table, key * 0x10001), per_hash[key]);
	}
	assert_true(table.n_slots >= n / 2);
	table_free(&table);
}

static void
visit(void *cookie, struct table_entry *entry)
{
	struct table *table = cookie;
	struct item *item = TABLE_OF(entry, struct item, entry);

	item->visits++;
	/* Poisoned, so that a walk that reads it again goes astray. */
	if (item->visits == 2) {
		table_remove(table, entry);
		memset(entry, 0xff, sizeof(*entry));
	}
}

static void
test_a_walk_visits_each_once_even_if_it_is_removed(void **state)
{
	static struct item items[N_ITEMS];
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table), 0);
	for (size_t i = 0; i < N_ITEMS; i++) {
		items[i].visits = i % 2;
		table_insert(&table, &items[i].entry, i / 3);
	}
	table_walk(&table, visit, &table);
	for (size_t i = 0; i < N_ITEMS; i++)
		assert_int_equal(items[i].visits, 1 + i % 2);
	assert_int_equal(table.n_entries, N_ITEMS / 2);
	table_walk(&table, visit, &table);
	for (size_t i = 0; i < N_ITEMS; i++)
		assert_int_equal(items[i].visits, 2);
	assert_int_equal(table.n_entries, 0);
	table_free(&table);
}

/* Whoever chooses keys with one hash must not make it dear to take them out. */
static void
test_taking_an_entry_out_reads_only_its_neighbours(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	struct item *hidden = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct item items[4] = { 0 };
	struct table table;

	(void)state;
	assert_true(hidden != MAP_FAILED);
	assert_int_equal(table_init(&table), 0);
	table_insert(&table, &items[0].entry, 7);
	table_insert(&table, &items[1].entry, 7);
	table_insert(&table, &hidden->entry, 7);
	table_insert(&table, &items[2].entry, 7);
	table_insert(&table, &items[3].entry, 7);
	/* To read it now would be the end of the test. */
	assert_int_equal(mprotect(hidden, (size_t)page, PROT_NONE), 0);
	table_remove(&table, &items[0].entry);
	table_remove(&table, &items[3].entry);
	assert_int_equal(
	    mprotect(hidden, (size_t)page, PROT_READ | PROT_WRITE), 0);
	assert_ptr_equal(table_first(&table, 7), &items[2].entry);
	assert_ptr_equal(table_next(&items[2].entry), &hidden->entry);
	assert_ptr_equal(table_next(&hidden->entry), &items[1].entry);
	assert_null(table_next(&items[1].entry));
	table_free(&table);
	munmap(hidden, (size_t)page);
}

static void
test_a_hash_is_the_same_as_long_as_the_process_lives(void **state)
{
	(void)state;
	assert_true(table_hash("news", 4) == table_hash("news", 4));
	assert_true(table_hash("news", 4) != table_hash("newt", 4));
	assert_true(table_hash("news", 4) != table_hash("news", 3));
}

/* What another process was told of this one's is worth nothing to it. */
static void
test_another_process_has_other_hashes(void **state)
{
	uint64_t mine = table_hash("news", 4), other = 0;
	FILE *child;

	(void)state;
	child = popen("SPOOLCAST_TEST_HASH=1 exec /proc/$PPID/exe", "r");
	assert_non_null(child);
	assert_int_equal(fscanf(child, "%" SCNx64, &other), 1);
	assert_int_equal(pclose(child), 0);
	assert_true(other != 0 && other != mine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_table_finds_nothing),
		cmocka_unit_test(test_entries_with_one_hash_are_all_found),
		cmocka_unit_test(
		    test_it_holds_what_an_array_holds_however_it_grows),
		cmocka_unit_test(
		    test_a_walk_visits_each_once_even_if_it_is_removed),
		cmocka_unit_test(
		    test_taking_an_entry_out_reads_only_its_neighbours),
		cmocka_unit_test(
		    test_a_hash_is_the_same_as_long_as_the_process_lives),
		cmocka_unit_test(test_another_process_has_other_hashes),
	};

	/* See test_another_process_has_other_hashes. */
	if (getenv("SPOOLCAST_TEST_HASH") != NULL) {
		printf("%" PRIx64 "\n", table_hash("news", 4));
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
