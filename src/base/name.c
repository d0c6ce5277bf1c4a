#include <fnmatch.h>
#include <string.h>

#include "base/name.h"

static bool
is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9');
}

static bool
is_name_byte(char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

bool
name_is_valid(const char *name, size_t len)
{
	if (len == 0 || len > NAME_MAX_LEN || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_name_byte(name[i]))
			return false;
	}
	return true;
}

/* Return the length of the bracket expression at ${text}, or 0. */
static size_t
bracket(const char *text, size_t len)
{
	size_t i = 1;

	if (i < len && text[i] == '!')
		i++;
	for (size_t first = i; i < len; i++) {
		if (text[i] == ']')
			return i > first ? i + 1 : 0;
		if (!is_name_byte(text[i]))
			return 0;
	}
	return 0;
}

bool
name_is_pattern(const char *text, size_t len)
{
	bool special = false;
	size_t i = 0;

	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	while (i < len) {
		size_t step = 1;

		if (text[i] == '[')
			step = bracket(text + i, len - i);
		else if (text[i] != '*' && text[i] != '?' &&
		    !is_name_byte(text[i]))
			return false;
		if (step == 0)
			return false;
		special = special || !is_name_byte(text[i]);
		i += step;
	}
	return special;
}

bool
name_matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, FNM_NOESCAPE) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
name_list_is_valid(const char *text, size_t len)
{
	for (;;) {
		const char *comma = memchr(text, ',', len);
		size_t item_len = comma == NULL ? len : (size_t)(comma - text);
		const char *item = text;

		while (item_len > 0 && is_blank(item[0])) {
			item++;
			item_len--;
		}
		while (item_len > 0 && is_blank(item[item_len - 1]))
			item_len--;
		if (!name_is_valid(item, item_len) &&
		    !name_is_pattern(item, item_len))
			return false;
		if (comma == NULL)
			return true;
		len -= (size_t)(comma + 1 - text);
		text = comma + 1;
	}
}

bool
name_in_list(const char *list, const char *name)
{
	char pattern[NAME_MAX_LEN + 1];

	for (;;) {
		size_t len;

		list += strspn(list, ", \t");
		if (*list == '\0')
			return false;
		len = strcspn(list, ", \t");
		if (len <= NAME_MAX_LEN) {
			memcpy(pattern, list, len);
			pattern[len] = '\0';
			if (name_matches(pattern, name))
				return true;
		}
		list += len;
	}
}
