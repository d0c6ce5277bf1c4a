#include "http/text_list.h"

bool
text_list_has(const struct text_list *list, const char *text, size_t len)
{
	TEXT_LIST_EACH (known, list) {
		if (strlen(known) == len && memcmp(known, text, len) == 0)
			return true;
	}
	return false;
}

int
text_list_add(struct text_list *list, const char *text, size_t len)
{
	if (text_list_has(list, text, len))
		return 0;
	if (buf_reserve(&list->texts, len + 1) != 0)
		return -1;
	memcpy(list->texts.data + list->texts.len, text, len);
	list->texts.data[list->texts.len + len] = '\0';
	list->texts.len += len + 1;
	list->count++;
	return 0;
}

int
text_list_add_all(struct text_list *list, const struct text_list *more)
{
	TEXT_LIST_EACH (text, more) {
		if (text_list_add(list, text, strlen(text)) != 0)
			return -1;
	}
	return 0;
}

void
text_list_free(struct text_list *list)
{
	buf_free(&list->texts);
	list->count = 0;
}
