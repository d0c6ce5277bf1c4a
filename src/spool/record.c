#include <string.h>

#include "base/num.h"
#include "spool/record.h"

bool
record_is_end(enum record_form form, int before, uint8_t byte)
{
	switch (form) {
	case RECORD_LINE:
		return byte == '\n';
	case RECORD_BLOCK:
	case RECORD_JOURNAL:
		/*
		 * A record ends with the end of an empty line.  A LF after a CR
		 * is the rest of the end of that line, not a line.  A blank
		 * line that ends in CR is complete without waiting for a LF:
		 * the LF then reads as one more blank line, which means
		 * nothing.
		 */
		if (byte != '\n' && byte != '\r')
			return false;
		if (byte == '\n' && before == '\r')
			return false;
		return before == '\n' || before == '\r' || before == -1;
	}
	return false;
}

uint64_t
record_limit(enum record_form form, uint64_t max)
{
	/*
	 * Each byte may be an end of line, which is written as "data:" and an
	 * end; the rest is for the fields that name the file.
	 */
	return form == RECORD_JOURNAL ? 6 * max + 4096 : max;
}

size_t
record_find_end(enum record_form form, const uint8_t *bytes, size_t len,
    int before, size_t from)
{
	if (form == RECORD_LINE) {
		const uint8_t *end = NULL;

		if (from < len)
			end = memchr(bytes + from, '\n', len - from);
		return end == NULL ? 0 : (size_t)(end - bytes) + 1;
	}
	for (size_t i = from; i < len; i++) {
		if (record_is_end(
			form, i == 0 ? before : bytes[i - 1], bytes[i]))
			return i + 1;
	}
	return 0;
}

size_t
record_last_end(
    enum record_form form, const uint8_t *bytes, size_t len, int before)
{
	if (form == RECORD_LINE) {
		const uint8_t *end =
		    len == 0 ? NULL : memrchr(bytes, '\n', len);

		return end == NULL ? 0 : (size_t)(end - bytes) + 1;
	}
	for (size_t i = len; i > 0; i--) {
		if (record_is_end(
			form, i == 1 ? before : bytes[i - 2], bytes[i - 1]))
			return i;
	}
	return 0;
}

/* Eight LF. */
#define BLANK_WORD 0x0a0a0a0a0a0a0a0aU

static bool
is_blank_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word == BLANK_WORD;
}

size_t
record_blank_run(const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	while (len - i >= 8 && is_blank_word(bytes + i))
		i += 8;
	while (i < len && bytes[i] == '\n')
		i++;
	return i;
}

size_t
record_blank_tail(const uint8_t *bytes, size_t len)
{
	size_t end = len;

	while (end >= 8 && is_blank_word(bytes + end - 8))
		end -= 8;
	while (end > 0 && bytes[end - 1] == '\n')
		end--;
	return len - end;
}

/* Cut the next line, ended by LF, CR, CRLF or the end, off ${rest}. */
static bool
next_line(struct span *rest, struct span *line)
{
	size_t i = 0;

	if (rest->len == 0)
		return false;
	while (
	    i < rest->len && rest->bytes[i] != '\n' && rest->bytes[i] != '\r')
		i++;
	line->bytes = rest->bytes;
	line->len = i;
	if (i + 1 < rest->len && rest->bytes[i] == '\r' &&
	    rest->bytes[i + 1] == '\n')
		i++;
	if (i < rest->len)
		i++;
	rest->bytes += i;
	rest->len -= i;
	return true;
}

/* Split "name: value"; one blank after the colon is not part of the value. */
static void
split_field(const struct span *line, struct span *name, struct span *value)
{
	const uint8_t *colon = memchr(line->bytes, ':', line->len);

	*name = *line;
	value->bytes = line->bytes + line->len;
	value->len = 0;
	if (colon == NULL)
		return;
	name->len = (size_t)(colon - line->bytes);
	value->bytes = colon + 1;
	value->len = line->len - name->len - 1;
	if (value->len > 0 && value->bytes[0] == ' ') {
		value->bytes++;
		value->len--;
	}
}

static bool
is_field(const struct span *name, const char *want)
{
	return name->len == strlen(want) &&
	    memcmp(name->bytes, want, name->len) == 0;
}

static void
read_number(const struct span *value, int64_t *out)
{
	uint64_t number;

	/* Anything but digits is ignored, as a browser ignores it. */
	if (num_uint((const char *)value->bytes, value->len, &number) == NUM_OK)
		*out = (int64_t)number;
}

/* Read a number of any size, as a browser does, but make it a day at most. */
static void
read_retry(const struct span *value, int64_t *out)
{
	uint64_t ms;

	for (size_t i = 0; i < value->len; i++) {
		if (value->bytes[i] < '0' || value->bytes[i] > '9')
			return;
	}
	if (value->len == 0)
		return;
	if (num_uint((const char *)value->bytes, value->len, &ms) != NUM_OK ||
	    ms > RECORD_RETRY_MAX_MS)
		ms = RECORD_RETRY_MAX_MS;
	*out = (int64_t)ms;
}

enum record_flush
record_flush_find(const uint8_t *text, size_t len)
{
	static const char *const words[] = {
		[RECORD_FLUSH_NOW] = "now",
		[RECORD_FLUSH_HOLD] = "hold",
		[RECORD_FLUSH_CLOSE] = "close",
	};
	const struct span value = { text, len };

	for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_field(&value, words[i]))
			return (enum record_flush)i;
	}
	return RECORD_FLUSH_NONE;
}

/* Read the value of "flush"; an unknown word changes nothing. */
static void
read_flush(const struct span *value, enum record_flush *out)
{
	enum record_flush flush = record_flush_find(value->bytes, value->len);

	if (flush != RECORD_FLUSH_NONE)
		*out = flush;
}

static void
read_field(
    struct record *out, const struct span *name, const struct span *value)
{
	if (is_field(name, "data"))
		out->has_data = true;
	else if (is_field(name, "event"))
		out->event = *value;
	else if (is_field(name, "id"))
		out->id = *value;
	else if (is_field(name, "retry"))
		read_retry(value, &out->retry_ms);
	else if (is_field(name, "expires"))
		read_number(value, &out->expires_s);
	else if (is_field(name, "flush"))
		read_flush(value, &out->flush);
	/* A writer of blocks must not be able to make up what we did. */
	else if (out->form == RECORD_JOURNAL && is_field(name, "skipped"))
		read_number(value, &out->skipped);
}

bool
record_type_is_reserved(const uint8_t *type, size_t len)
{
	static const char reserved[] = RECORD_RESERVED;

	return len >= sizeof(reserved) - 1 &&
	    memcmp(type, reserved, sizeof(reserved) - 1) == 0;
}

static bool
parse_block(struct record *out)
{
	struct span rest = out->body;
	struct span line, name, value;

	while (next_line(&rest, &line)) {
		if (line.len == 0)
			continue;
		split_field(&line, &name, &value);
		read_field(out, &name, &value);
	}
	/*
	 * A writer of blocks must not be able to speak for us, but what it says
	 * is not lost.
	 */
	out->has_reserved_type =
	    record_type_is_reserved(out->event.bytes, out->event.len);
	if (out->has_reserved_type)
		out->event.len = 0;
	/* An empty type is the default one (WHATWG HTML 9.2.6). */
	if (out->event.len == 0)
		out->event.bytes = NULL;
	if (out->id.len == 0)
		out->id.bytes = NULL;
	return out->has_data || out->retry_ms >= 0 || out->skipped >= 0 ||
	    out->flush != RECORD_FLUSH_NONE;
}

size_t
record_bom_len(const uint8_t *bytes, size_t len)
{
	static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };

	return len >= sizeof(bom) && memcmp(bytes, bom, sizeof(bom)) == 0 ?
	    sizeof(bom) :
	    0;
}

size_t
record_end_len(enum record_form form, uint8_t before, uint8_t last)
{
	/*
	 * In block form that is the end of the blank line alone, one byte: see
	 * record_is_end.
	 */
	if (form != RECORD_LINE)
		return last == '\n' || last == '\r';
	if (last != '\n')
		return 0;
	return before == '\r' ? 2 : 1;
}

bool
record_parse(enum record_form form, const uint8_t *bytes, size_t len,
    bool is_first, struct record *out)
{
	memset(out, 0, sizeof(*out));
	out->form = form;
	out->retry_ms = -1;
	out->expires_s = -1;
	out->skipped = -1;
	if (is_first) {
		size_t bom_len = record_bom_len(bytes, len);

		bytes += bom_len;
		len -= bom_len;
	}
	if (len > 0)
		len -= record_end_len(
		    form, len > 1 ? bytes[len - 2] : 0, bytes[len - 1]);
	out->body.bytes = bytes;
	out->body.len = len;
	if (form != RECORD_LINE)
		return parse_block(out);
	out->has_data = len > 0;
	return out->has_data;
}

static bool
next_data_field(
    const struct record *record, struct record_iter *iter, struct span *line)
{
	struct span rest = { record->body.bytes + iter->at,
		record->body.len - iter->at };
	struct span field, name;

	while (next_line(&rest, &field)) {
		iter->at = record->body.len - rest.len;
		split_field(&field, &name, line);
		if (is_field(&name, "data"))
			return true;
	}
	return false;
}

bool
record_data_next(
    const struct record *record, struct record_iter *iter, struct span *line)
{
	const uint8_t *start = record->body.bytes + iter->at;
	const uint8_t *cr;

	if (record->form != RECORD_LINE)
		return next_data_field(record, iter, line);
	/* A line has one data line more than it has CRs. */
	if (iter->is_done)
		return false;
	line->bytes = start;
	line->len = record->body.len - iter->at;
	/* If the CR is the first byte, looking for it is not worth a call. */
	cr = line->len > 0 && *start == '\r' ? start :
					       memchr(start, '\r', line->len);
	if (cr == NULL) {
		iter->is_done = true;
	} else {
		line->len = (size_t)(cr - start);
		iter->at += line->len + 1;
	}
	return true;
}
