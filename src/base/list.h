/*
 * Intrusive doubly linked lists: a head is a node that belongs to nobody, an
 * empty list is a head that points to itself.  A node is in one list at most.
 */
#ifndef SPOOLCAST_BASE_LIST_H
#define SPOOLCAST_BASE_LIST_H

#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

/* The struct of type ${type} whose member ${member} is the node ${node}. */
#define LIST_OF(node, type, member)                                            \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Visit every node; the body must not remove one. */
#define LIST_EACH(node, head)                                                  \
	for (struct list *node = (head)->next; node != (head);                 \
	     node = node->next)

/* Visit every node; the body may remove and free the one it is given. */
#define LIST_EACH_SAFE(node, after, head)                                      \
	for (struct list *node = (head)->next, *after = node->next;            \
	     node != (head); node = after, after = node->next)

/* Make ${node} an empty list, or a node that is in none. */
static inline void
list_init(struct list *node)
{
	node->next = node;
	node->prev = node;
}

/* Return whether the list ${head} has no node, or ${head} is in no list. */
static inline int
list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* Put ${node}, which is in no list, at the end of the list ${head}. */
static inline void
list_push(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Take ${node} out of its list; nothing happens if it is in none. */
static inline void
list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Move all nodes of ${from} to the end of ${to}. */
static inline void
list_append(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
