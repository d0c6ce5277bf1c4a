/*
 * Texts that follow each other in a buffer, each with its NUL and each once
 * (pure).
 */
#ifndef SPOOLCAST_HTTP_TEXT_LIST_H
#define SPOOLCAST_HTTP_TEXT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

struct text_list {
	struct buf texts;
	size_t count;
};

#define TEXT_LIST_EACH(text, list)                                             \
	for (const char *text = (const char *)(list)->texts.data;              \
	     text != NULL &&                                                   \
	     text < (const char *)(list)->texts.data + (list)->texts.len;      \
	     text += strlen(text) + 1)

/**
 * text_list_add(list, text, len):
 * Add a copy of ${text} unless it is in ${list} already.  Return 0, or -1 with
 * ENOMEM and the list unchanged.
 */
int text_list_add(struct text_list *list, const char *text, size_t len);

/**
 * text_list_add_all(list, more):
 * Add copies of all texts of ${more}.  Return 0, or -1 with ENOMEM and only
 * some of them added.
 */
int text_list_add_all(struct text_list *list, const struct text_list *more);

/**
 * text_list_has(list, text, len):
 * Return whether ${text} is in ${list}.
 */
bool text_list_has(const struct text_list *list, const char *text, size_t len);

/**
 * text_list_free(list):
 * Free what ${list} owns, and leave an empty one.
 */
void text_list_free(struct text_list *list);

#endif
