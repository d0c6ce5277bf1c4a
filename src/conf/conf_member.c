#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_member.h"

/* More than any name of a member has. */
#define NAME_BYTES 64

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

/* Put the comma-separated ${list} as an array of strings. */
static void
put_list(struct json *json, const char *name, const char *list)
{
	assert(list != NULL);
	json_array(json, name);
	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		json_bytes(json, NULL, list, len);
		list += len;
		list += *list == ',';
	}
	json_end_array(json);
}

void
conf_member_json(const struct conf_key *key, const struct settings *settings,
    struct json *json)
{
	char name[NAME_BYTES];
	const char *text;
	int64_t number = fetch(key, settings, &text);

	snprintf(name, sizeof(name), "%s%s", key->name,
	    key->type == CONF_DURATION ? "_ms" : "");
	if (key->type == CONF_GLOBS)
		put_list(json, name, text);
	else if (text != NULL)
		json_text(json, name, text);
	else if (key->type == CONF_BOOL)
		json_bool(json, name, number != 0);
	else if (key->type == CONF_CHOICE)
		json_text(json, name, key->choices[number]);
	else
		json_number(json, name, (uint64_t)number);
}
