#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_member.h"
#include "conf/conf_text.h"

void
conf_member_store(const struct conf_key *key, struct settings *settings,
    const struct conf_value *value)
{
	void *member = (char *)settings + key->offset;

	switch (conf_type_member(key->type)) {
	case CONF_MEMBER_INT:
		*(int *)member = (int)value->number;
		break;
	case CONF_MEMBER_I64:
		*(int64_t *)member = value->number;
		break;
	case CONF_MEMBER_U64:
		*(uint64_t *)member = (uint64_t)value->number;
		break;
	case CONF_MEMBER_TEXT:
		*(const char **)member = value->text;
		break;
	}
}

/*
 * Return the number in the member of ${key}, with ${*text} NULL; or set
 * ${*text} to its text.
 */
static int64_t
fetch(const struct conf_key *key, const struct settings *settings,
    const char **text)
{
	const void *member = (const char *)settings + key->offset;

	*text = NULL;
	switch (conf_type_member(key->type)) {
	case CONF_MEMBER_INT:
		return *(const int *)member;
	case CONF_MEMBER_I64:
		return *(const int64_t *)member;
	case CONF_MEMBER_U64:
		return (int64_t) * (const uint64_t *)member;
	case CONF_MEMBER_TEXT:
		*text = *(const char *const *)member;
		break;
	}
	return 0;
}

void
conf_member_copy(const struct conf_key *key, struct settings *to,
    const struct settings *from)
{
	size_t size = sizeof(int);

	switch (conf_type_member(key->type)) {
	case CONF_MEMBER_INT:
		break;
	case CONF_MEMBER_I64:
	case CONF_MEMBER_U64:
		size = sizeof(int64_t);
		break;
	case CONF_MEMBER_TEXT:
		size = sizeof(const char *);
		break;
	}
	memcpy(
	    (char *)to + key->offset, (const char *)from + key->offset, size);
}

int
conf_member_print(const struct conf_key *key, const struct settings *settings,
    struct buf *out)
{
	const char *text;
	int64_t number = fetch(key, settings, &text);

	if (text != NULL)
		return buf_puts(out, text);
	return conf_type_show(key, number, out);
}

/* Append the comma-separated ${list} as an array of strings. */
static int
print_array(const char *list, struct buf *out)
{
	const char *before = "[";

	assert(list != NULL);
	for (; *list != '\0'; before = ", ") {
		size_t len = strcspn(list, ",");

		/* A glob has no byte that JSON would escape. */
		if (buf_printf(out, "%s\"%.*s\"", before, (int)len, list) != 0)
			return -1;
		list += len;
		list += *list == ',';
	}
	return buf_puts(out, "]");
}

int
conf_member_print_json(const struct conf_key *key,
    const struct settings *settings, struct buf *out)
{
	const char *text;
	int64_t number = fetch(key, settings, &text);

	if (key->type == CONF_GLOBS)
		return print_array(text, out);
	if (text != NULL)
		return conf_text_json(text, out);
	if (key->type == CONF_BOOL)
		return buf_puts(out, number != 0 ? "true" : "false");
	if (key->type == CONF_CHOICE)
		return conf_text_json(key->choices[number], out);
	return buf_printf(out, "%" PRId64, number);
}
