/*
 * What can be done with a value depends on its type only through the table
 * below; numbers of all types pass through an int64_t, which none exceeds
 * because base/num.h reads no more than 63 bits.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/num.h"
#include "conf/conf_type.h"

struct type {
	const char *name;
	enum conf_member member;
	const char *write; /* what to write, for messages */
	/* Types that are numbers with limits have the next two functions. */
	enum num_error (*read)(const char *text, size_t len, int64_t *out);
	void (*show)(int64_t number, char *buf, size_t size);
	/*
	 * All others have this function; see conf_type_parse for what it does.
	 */
	int (*parse)(const struct conf_key *key, const char *text,
	    struct conf_value *value, struct buf *why);
};

static enum num_error
read_count(const char *text, size_t len, int64_t *out)
{
	uint64_t value;
	enum num_error err = num_uint(text, len, &value);

	if (err == NUM_OK)
		*out = (int64_t)value;
	return err;
}

static enum num_error
read_size(const char *text, size_t len, int64_t *out)
{
	uint64_t value;
	enum num_error err = num_size(text, len, &value);

	if (err == NUM_OK)
		*out = (int64_t)value;
	return err;
}

static enum num_error
read_percent(const char *text, size_t len, int64_t *out)
{
	uint64_t value;
	enum num_error err = num_percent(text, len, &value);

	if (err == NUM_OK)
		*out = (int64_t)value;
	return err;
}

static void
show_count(int64_t number, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRId64, number);
}

static void
show_size(int64_t number, char *buf, size_t size)
{
	num_print_size((uint64_t)number, buf, size);
}

static void
show_percent(int64_t number, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRId64 "%%", number);
}

static int
parse_bool(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
		"true" };

	(void)key;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], text) == 0) {
			value->number = (int64_t)(i % 2);
			return 0;
		}
	}
	(void)buf_printf(
	    why, "'%s' is neither yes nor no; write one of them", text);
	return -1;
}

/* Return the place of ${text} in ${words}, or -1. */
static int
place_of(const char *const *words, const char *text)
{
	for (int i = 0; words != NULL && words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return -1;
}

static int
parse_choice(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	int place = place_of(key->choices, text);

	if (place >= 0) {
		value->number = place;
		return 0;
	}
	(void)buf_printf(why, "'%s' is not known; write ", text);
	(void)conf_type_limits(key, why);
	return -1;
}

static int
parse_text(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	(void)key;
	if (text[0] == '"' || text[0] == '\'') {
		(void)buf_printf(
		    why, "quotes would be part of the value; leave them out");
		return -1;
	}
	return (value->text = strdup(text)) == NULL ? -1 : 0;
}

/* Append the list item of ${len} bytes to ${list}, or say why not. */
static int
add_glob(const char *item, size_t len, struct buf *list, struct buf *why)
{
	if (len == 0) {
		(void)buf_printf(why,
		    "a name is missing; write channel names and globs "
		    "separated by commas, or * for all");
		return -1;
	}
	if (!name_is_valid(item, len) && !name_is_pattern(item, len)) {
		(void)buf_printf(why,
		    "'%.*s' is neither a channel name nor a glob; use letters, "
		    "digits, - and _, at most 64, and * ? [...] in globs",
		    (int)len, item);
		return -1;
	}
	if (list->len > 0 && buf_append(list, ",", 1) != 0)
		return -1;
	return buf_append(list, item, len);
}

static int
parse_globs(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	struct buf list = { 0 };
	const char *item = text;

	(void)key;
	for (;;) {
		size_t len;

		item += strspn(item, " \t");
		len = strcspn(item, ",");
		while (len > 0 && strchr(" \t", item[len - 1]) != NULL)
			len--;
		if (add_glob(item, len, &list, why) != 0)
			goto err0;
		item += strcspn(item, ",");
		if (*item++ == '\0')
			break;
	}
	if (buf_append(&list, "", 1) != 0)
		goto err0;
	value->text = (char *)list.data;
	return 0;

err0:
	buf_free(&list);
	return -1;
}

/* The types, by enum conf_type. */
static const struct type types[] = {
	[CONF_BOOL] = { "switch", CONF_MEMBER_INT, "yes or no", NULL, NULL,
	    parse_bool },
	[CONF_COUNT] = { "count", CONF_MEMBER_U64,
	    "a whole number, such as 100", read_count, show_count, NULL },
	[CONF_DURATION] = { "duration", CONF_MEMBER_I64,
	    "a whole number with its unit, such as 250ms, 15s, "
	    "4m, 1h or 7d",
	    num_duration, num_print_duration, NULL },
	[CONF_SIZE] = { "size", CONF_MEMBER_U64,
	    "bytes as a whole number, such as 4096, 64K, 16M or 1G", read_size,
	    show_size, NULL },
	[CONF_PERCENT] = { "share", CONF_MEMBER_U64,
	    "a whole number with its percent sign, such as 50%", read_percent,
	    show_percent, NULL },
	[CONF_CHOICE] = { "choice", CONF_MEMBER_INT, "one of the choices", NULL,
	    NULL, parse_choice },
	[CONF_GLOBS] = { "list", CONF_MEMBER_TEXT, "channel names and globs",
	    NULL, NULL, parse_globs },
	[CONF_PATH] = { "path", CONF_MEMBER_TEXT, "a path", NULL, NULL,
	    parse_text },
	[CONF_TEXT] = { "text", CONF_MEMBER_TEXT, "text", NULL, NULL,
	    parse_text },
};

/* Return whether ${key} allows ${number}. */
static int
is_in_range(const struct conf_key *key, int64_t number)
{
	const struct type *type = &types[key->type];
	int64_t limit;

	if (number == 0 && (key->flags & CONF_OR_ZERO) != 0)
		return 1;
	if (key->min != NULL &&
	    type->read(key->min, strlen(key->min), &limit) == NUM_OK &&
	    number < limit)
		return 0;
	if (key->max != NULL &&
	    type->read(key->max, strlen(key->max), &limit) == NUM_OK &&
	    number > limit)
		return 0;
	return 1;
}

static int
parse_number(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	const struct type *type = &types[key->type];
	int64_t number = 0;
	enum num_error err = type->read(text, strlen(text), &number);

	/*
	 * A number beyond 63 bits is out of range, like one beyond the limits.
	 */
	switch (err) {
	case NUM_OK:
		if (is_in_range(key, number)) {
			value->number = number;
			return 0;
		}
		break;
	case NUM_OVERFLOW:
		break;
	case NUM_NO_UNIT:
		(void)buf_printf(
		    why, "'%s' has no unit; write %s", text, type->write);
		return -1;
	case NUM_EMPTY:
	case NUM_SYNTAX:
	case NUM_UNIT:
		(void)buf_printf(why, "'%s' is not a %s; write %s", text,
		    type->name, type->write);
		return -1;
	}
	(void)buf_printf(why, "'%s' is out of range; write ", text);
	(void)conf_type_limits(key, why);
	return -1;
}

static int
parse_any(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	struct conf_value got = { 0, NULL };
	int (*parse)(const struct conf_key *, const char *, struct conf_value *,
	    struct buf *) = types[key->type].parse;

	if (text[0] == '\0' && (key->flags & CONF_OR_EMPTY) == 0) {
		(void)buf_puts(
		    why, "the value is empty; write one, or leave the key out");
		return -1;
	}
	if ((parse != NULL ? parse : parse_number)(key, text, &got, why) != 0)
		return -1;
	*value = got;
	return 0;
}

/* Read the value of a key that must have its default. */
static int
parse_later(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	struct conf_value initial, got;
	struct buf ignored = { 0 };
	int is_same = 0;

	if (parse_any(key, key->initial, &initial, why) != 0)
		return -1;
	if (parse_any(key, text, &got, &ignored) == 0) {
		/* Both have one type, so both are texts or neither is. */
		assert((initial.text == NULL) == (got.text == NULL));
		is_same = initial.text == NULL ?
		    initial.number == got.number :
		    strcmp(initial.text, got.text) == 0;
		free(got.text);
	}
	buf_free(&ignored);
	if (!is_same) {
		(void)buf_printf(
		    why, "this version cannot do that yet; leave the key out");
		free(initial.text);
		return -1;
	}
	*value = initial;
	return 0;
}

const char *
conf_type_name(enum conf_type type)
{
	return types[type].name;
}

enum conf_member
conf_type_member(enum conf_type type)
{
	return types[type].member;
}

int
conf_type_parse(const struct conf_key *key, const char *text,
    struct conf_value *value, struct buf *why)
{
	if ((key->flags & CONF_LATER) != 0)
		return parse_later(key, text, value, why);
	return parse_any(key, text, value, why);
}

int
conf_type_limits(const struct conf_key *key, struct buf *out)
{
	const char *const *choice = key->choices;

	if (key->type == CONF_BOOL)
		return buf_puts(out, types[key->type].write);
	for (; choice != NULL && *choice != NULL; choice++) {
		const char *link = choice == key->choices ? "" :
		    choice[1] == NULL			  ? " or " :
							    ", ";

		if (buf_printf(out, "%s%s", link, *choice) != 0)
			return -1;
	}
	if (key->min == NULL || key->max == NULL)
		return 0;
	return buf_printf(out, "%s to %s%s", key->min, key->max,
	    (key->flags & CONF_OR_ZERO) != 0 ? ", or 0" : "");
}

int
conf_type_show(const struct conf_key *key, int64_t number, struct buf *out)
{
	char text[32];

	if (key->type == CONF_BOOL)
		return buf_puts(out, number != 0 ? "yes" : "no");
	if (key->type == CONF_CHOICE)
		return buf_puts(out, key->choices[number]);
	types[key->type].show(number, text, sizeof(text));
	return buf_puts(out, text);
}
