/*
 * Spool files of any bytes, in each form: ends are found alike in either
 * direction, and what is parsed lies inside the record.  The first byte
 * chooses the form.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spool/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; assert() may be compiled out. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_inside(const struct span *span, const uint8_t *bytes, size_t len)
{
	return span->bytes == NULL ?
	    span->len == 0 :
	    span->bytes >= bytes && span->bytes + span->len <= bytes + len;
}

static bool
is_one_line(const struct span *span)
{
	return span->len == 0 ||
	    (memchr(span->bytes, '\n', span->len) == NULL &&
		memchr(span->bytes, '\r', span->len) == NULL);
}

static void
read_data(const struct record *rec, const uint8_t *bytes, size_t len)
{
	struct record_iter iter = { 0 };
	const uint8_t *behind = bytes;
	struct span line;
	size_t n = 0;

	while (record_data_next(rec, &iter, &line)) {
		must(line.bytes != NULL && is_inside(&line, bytes, len));
		must(is_one_line(&line));
		/* In order, and no byte twice. */
		must(line.bytes >= behind);
		behind = line.bytes + line.len;
		must(++n <= len);
	}
	must(!record_data_next(rec, &iter, &line));
	must((n > 0) == rec->has_data);
}

/* One record, from a block of its own so that a read too far is noticed. */
static void
parse(enum record_form form, const uint8_t *bytes, size_t len, bool is_first)
{
	uint8_t *exact = malloc(len);
	struct record rec;

	must(exact != NULL);
	memcpy(exact, bytes, len);
	if (record_parse(form, exact, len, is_first, &rec)) {
		must(rec.form == form);
		must(rec.has_data || rec.retry_ms >= 0 || rec.skipped >= 0 ||
		    rec.flush != RECORD_FLUSH_NONE);
		must(rec.skipped == -1 || form == RECORD_JOURNAL);
		must(rec.retry_ms >= -1 && rec.expires_s >= -1);
		must(is_inside(&rec.body, exact, len));
		must(is_inside(&rec.event, exact, len));
		must(is_inside(&rec.id, exact, len));
		must(is_one_line(&rec.event) && is_one_line(&rec.id));
		if (form == RECORD_LINE)
			must(rec.has_data && rec.event.bytes == NULL &&
			    rec.flush == RECORD_FLUSH_NONE &&
			    rec.id.bytes == NULL && rec.retry_ms == -1 &&
			    rec.expires_s == -1);
		read_data(&rec, exact, len);
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum record_form form;
	size_t at = 0, last = 0, len;

	if (size < 2)
		return 0;
	form = data[0] % 2 == 0 ? RECORD_LINE :
	    data[0] & 2		? RECORD_JOURNAL :
				  RECORD_BLOCK;
	data++;
	size--;
	while ((len = record_find_end(form, data + at, size - at,
		    at == 0 ? -1 : data[at - 1], 0)) > 0) {
		int before = at == 0 ? -1 : data[at - 1];

		must(len <= size - at);
		must(record_is_end(form, len == 1 ? before : data[at + len - 2],
		    data[at + len - 1]));
		/* Known stretches may be left out, up to the end. */
		must(record_find_end(
			 form, data + at, size - at, before, len / 2) == len);
		must(record_last_end(form, data + at, len, before) == len);
		must(record_last_end(form, data + at, len - 1, before) == 0);
		parse(form, data + at, len, at == 0);
		at += len;
		last = at;
	}
	must(record_last_end(form, data, size, -1) == last);
	return 0;
}
