/*
 * Spool files of any bytes become events that are well-formed in every way: a
 * stream that a client cannot misread.  The first byte chooses the form and
 * the length of our id.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; assert() may be compiled out. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The code point that the bytes start with, and its length; or -1. */
static long
decode(const uint8_t *bytes, size_t len, size_t *used)
{
	static const long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	long code = bytes[0];

	*used = code < 0x80 ? 1 :
	    code < 0xc0	    ? 0 :
	    code < 0xe0	    ? 2 :
	    code < 0xf0	    ? 3 :
	    code < 0xf8	    ? 4 :
			      0;
	if (*used == 0 || *used > len)
		return -1;
	if (*used > 1)
		code &= 0x7f >> *used;
	for (size_t i = 1; i < *used; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return -1;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[*used] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return -1;
	return code;
}

static void
check_text(const uint8_t *bytes, size_t len)
{
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		long code = decode(bytes + i, len - i, &used);

		must(code > 0 && code != '\r');
	}
}

static bool
starts(const uint8_t *line, size_t len, const char *want)
{
	return len >= strlen(want) && memcmp(line, want, strlen(want)) == 0;
}

static void
check_id(const uint8_t *line, size_t len, size_t own_len)
{
	size_t longest = own_len > EVENT_ID_MAX ? own_len : EVENT_ID_MAX;

	must(starts(line, len, "id: "));
	must(len - 4 >= own_len && len - 4 <= longest);
	for (size_t i = 4; i < len; i++)
		must(line[i] != 0 &&
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
			   "wxyz0123456789._~-",
			line[i]) != NULL);
	must(len - 4 == own_len || line[4 + own_len] == '~');
}

/* One event: fields, the id as the last, one blank line at its end. */
static void
check_event(
    const uint8_t *bytes, size_t len, const struct record *rec, size_t own_len)
{
	const uint8_t *stop = bytes + len, *line = bytes;
	size_t n_data = 0, n_ids = 0;

	must(len > 2 && memcmp(stop - 2, "\n\n", 2) == 0);
	check_text(bytes, len);
	while (line < stop) {
		const uint8_t *end = memchr(line, '\n', (size_t)(stop - line));
		size_t line_len = (size_t)(end - line);

		if (line_len == 0) {
			must(end + 1 == stop && n_ids == 1);
		} else if (starts(line, line_len, "id: ")) {
			check_id(line, line_len, own_len);
			must(n_ids++ == 0);
		} else {
			must(n_ids == 0);
			n_data += starts(line, line_len, "data:");
			must(starts(line, line_len, "data:") ||
			    starts(line, line_len, "event: ") ||
			    starts(line, line_len, "retry: "));
		}
		line = end + 1;
	}
	/* Without data of its own it is one that only moves the cursor. */
	must(n_data > 0);
	must(rec->has_data || n_data == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t marks[256];
	struct span id = { marks, 0 };
	const char *channel;
	struct buf out = { 0 };
	enum record_form form;
	size_t at = 0, len;

	if (size < 2)
		return 0;
	form = data[0] % 2 == 0 ? RECORD_LINE : RECORD_BLOCK;
	channel = data[0] % 4 < 2 ? NULL : "news";
	id.len = 1 + data[0] / 2;
	memset(marks, 'm', sizeof(marks));
	data++;
	size--;
	while ((len = record_find_end(form, data + at, size - at,
		    at == 0 ? -1 : data[at - 1], 0)) > 0) {
		struct record rec;

		out.len = 0;
		if (record_parse(form, data + at, len, at == 0, &rec)) {
			must(event_append(&out, &id, channel, &rec) == 0);
			check_event(out.data, out.len, &rec, id.len);
		}
		at += len;
	}
	buf_free(&out);
	return 0;
}
