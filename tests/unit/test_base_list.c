/* Intrusive lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
	char name;
	struct list node;
};

/* The names in order, read forwards; backwards must be the same. */
static void
assert_list(struct list *head, const char *want)
{
	size_t len = strlen(want);
	size_t i = 0;

	LIST_EACH (node, head) {
		assert_true(i < len);
		assert_int_equal(
		    LIST_OF(node, struct item, node)->name, want[i++]);
	}
	assert_int_equal(i, len);
	for (struct list *node = head->prev; node != head; node = node->prev)
		assert_int_equal(
		    LIST_OF(node, struct item, node)->name, want[--i]);
	assert_int_equal(i, 0);
	assert_int_equal(list_is_empty(head) != 0, len == 0);
}

static void
fill(struct list *head, struct item *items, const char *names)
{
	list_init(head);
	for (size_t i = 0; names[i] != '\0'; i++) {
		items[i].name = names[i];
		list_init(&items[i].node);
		list_push(head, &items[i].node);
	}
}

static void
test_pushing_puts_at_the_end(void **state)
{
	struct item items[4];
	struct list head;

	(void)state;
	fill(&head, items, "");
	assert_list(&head, "");
	fill(&head, items, "a");
	assert_list(&head, "a");
	fill(&head, items, "abcd");
	assert_list(&head, "abcd");
}

static void
test_removing_closes_the_gap(void **state)
{
	struct item items[4];
	struct list head;

	(void)state;
	fill(&head, items, "abcd");
	list_remove(&items[1].node);
	assert_list(&head, "acd");
	assert_true(list_is_empty(&items[1].node));
	list_remove(&items[0].node);
	assert_list(&head, "cd");
	list_remove(&items[3].node);
	assert_list(&head, "c");
	/* Once more: it is in no list, so nothing happens. */
	list_remove(&items[3].node);
	assert_list(&head, "c");
	list_remove(&items[2].node);
	assert_list(&head, "");
	list_push(&head, &items[1].node);
	assert_list(&head, "b");
}

static void
test_appending_moves_all_of_the_other(void **state)
{
	static const struct {
		const char *to, *from, *both;
	} rows[] = {
		{ "", "", "" },
		{ "ab", "", "ab" },
		{ "", "xy", "xy" },
		{ "a", "x", "ax" },
		{ "abc", "xyz", "abcxyz" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct item a[4], b[4];
		struct list to, from;

		fill(&to, a, rows[i].to);
		fill(&from, b, rows[i].from);
		list_append(&to, &from);
		assert_list(&to, rows[i].both);
		assert_list(&from, "");
	}
}

static void
test_the_safe_walk_survives_removal(void **state)
{
	struct list head;
	int seen = 0;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 10; i++) {
		struct item *item = malloc(sizeof(*item));

		assert_non_null(item);
		item->name = (char)('0' + i);
		list_push(&head, &item->node);
	}
	LIST_EACH_SAFE (node, after, &head) {
		struct item *item = LIST_OF(node, struct item, node);

		if (seen++ % 3 == 1)
			continue;
		list_remove(node);
		free(item);
	}
	assert_int_equal(seen, 10);
	assert_list(&head, "147");
	LIST_EACH_SAFE (node, after, &head) {
		list_remove(node);
		free(LIST_OF(node, struct item, node));
	}
	assert_list(&head, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pushing_puts_at_the_end),
		cmocka_unit_test(test_removing_closes_the_gap),
		cmocka_unit_test(test_appending_moves_all_of_the_other),
		cmocka_unit_test(test_the_safe_walk_survives_removal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
