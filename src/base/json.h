/*
 * JSON (RFC 8259) is written here: one object with a line end after it, member
 * by member, onto a buffer.
 *
 * The functions that put something return nothing.  If memory runs out that is
 * remembered, and json_finish tells of it.  Each takes a ${name}, which is NULL
 * in an array.
 */
#ifndef SPOOLCAST_BASE_JSON_H
#define SPOOLCAST_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum json_style {
	JSON_COMPACT, /* no blank anywhere */
	JSON_SPACED,  /* a blank after each comma and colon */
};

struct json {
	struct buf *out;
	size_t start; /* length of ${out} at the beginning */
	enum json_style style;
	bool has_value; /* a comma has to stand before the next one */
	bool has_failed;
};

/**
 * json_begin(json, out, style):
 * Begin an object at the end of ${out}, which is borrowed until json_finish.
 */
void json_begin(struct json *json, struct buf *out, enum json_style style);

/**
 * json_finish(json):
 * End the object that was begun, and its line.  Return 0; or -1 with ENOMEM,
 * and the buffer has the length that it had at first.
 */
int json_finish(struct json *json);

/**
 * json_fail(json):
 * Let json_finish return -1, because there was no memory for a value.
 */
void json_fail(struct json *json);

/**
 * json_object(json, name), json_array(json, name):
 * Begin an object or an array; what follows is in it until json_end_object or
 * json_end_array.
 */
void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end_object(struct json *json);
void json_end_array(struct json *json);

/**
 * json_text(json, name, text):
 * Put ${text}, or null where that is NULL.  It may hold any bytes: characters
 * that would not be seen, or change the order of what stands beside them
 * (base/shown.h), are written as \uHHHH, and each byte that is not UTF-8
 * becomes U+FFFD.
 */
void json_text(struct json *json, const char *name, const char *text);

/**
 * json_bytes(json, name, text, len):
 * Do as json_text with the ${len} bytes at ${text}.
 */
void json_bytes(
    struct json *json, const char *name, const char *text, size_t len);

/**
 * json_number(json, name, number), json_bool(json, name, value):
 * Put a number, or true or false.
 */
void json_number(struct json *json, const char *name, uint64_t number);
void json_bool(struct json *json, const char *name, bool value);

#endif
