#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/shown.h"

static void
put(struct json *json, const char *text)
{
	if (buf_puts(json->out, text) != 0)
		json_fail(json);
}

/*
 * Put a character that cannot be seen by its number in UTF-16 (RFC 8259, 7).
 */
static void
put_code(struct json *json, uint32_t code)
{
	char text[32];

	if (code < 0x10000)
		snprintf(text, sizeof(text), "\\u%04x", (unsigned)code);
	else
		snprintf(text, sizeof(text), "\\u%04x\\u%04x",
		    0xd7c0U + (unsigned)(code >> 10),
		    0xdc00U | (unsigned)(code & 0x3ff));
	put(json, text);
}

static void
put_string(struct json *json, const char *text, size_t len)
{
	struct shown shown;

	put(json, "\"");
	for (; len > 0; text += shown.used, len -= shown.used) {
		shown_next(text, len, &shown);
		if (shown.kind == SHOWN_CODE) {
			put_code(json, shown.code);
			continue;
		}
		if (shown.code == '"' || shown.code == '\\')
			put(json, "\\");
		put(json,
		    shown.kind == SHOWN_BYTE ? "\xef\xbf\xbd" : shown.text);
	}
	put(json, "\"");
}

/* Put what stands before a value. */
static void
put_name(struct json *json, const char *name)
{
	bool is_spaced = json->style == JSON_SPACED;

	if (json->has_value)
		put(json, is_spaced ? ", " : ",");
	json->has_value = true;
	if (name == NULL)
		return;
	put_string(json, name, strlen(name));
	put(json, is_spaced ? ": " : ":");
}

static void
open_with(struct json *json, const char *name, const char *bracket)
{
	put_name(json, name);
	put(json, bracket);
	json->has_value = false;
}

static void
close_with(struct json *json, const char *bracket)
{
	put(json, bracket);
	json->has_value = true;
}

void
json_begin(struct json *json, struct buf *out, enum json_style style)
{
	*json = (struct json){ .out = out, .start = out->len, .style = style };
	json_object(json, NULL);
}

int
json_finish(struct json *json)
{
	close_with(json, "}\n");
	if (!json->has_failed)
		return 0;
	json->out->len = json->start;
	errno = ENOMEM;
	return -1;
}

void
json_fail(struct json *json)
{
	json->has_failed = true;
}

void
json_object(struct json *json, const char *name)
{
	open_with(json, name, "{");
}

void
json_array(struct json *json, const char *name)
{
	open_with(json, name, "[");
}

void
json_end_object(struct json *json)
{
	close_with(json, "}");
}

void
json_end_array(struct json *json)
{
	close_with(json, "]");
}

void
json_text(struct json *json, const char *name, const char *text)
{
	if (text != NULL) {
		json_bytes(json, name, text, strlen(text));
		return;
	}
	put_name(json, name);
	put(json, "null");
}

void
json_bytes(struct json *json, const char *name, const char *text, size_t len)
{
	put_name(json, name);
	put_string(json, text, len);
}

void
json_number(struct json *json, const char *name, uint64_t number)
{
	char digits[sizeof("18446744073709551615")];

	put_name(json, name);
	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	put(json, digits);
}

void
json_bool(struct json *json, const char *name, bool value)
{
	put_name(json, name);
	put(json, value ? "true" : "false");
}
