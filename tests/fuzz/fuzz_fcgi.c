/*
 * Whatever a peer sends, and however it is cut: the decoder says the same, and
 * never takes more than it was given.  The first byte chooses the cuts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fcgi/fcgi_decode.h"
#include "fcgi/fcgi_params.h"
#include "fcgi/fcgi_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; assert() may be compiled out. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
put(struct buf *out, const void *bytes, size_t len)
{
	must(buf_append(out, bytes, len) == 0);
}

/* Write down an event and all that the caller could learn from it. */
static void
put_event(
    struct buf *story, const struct fcgi_decoder *d, enum fcgi_event event)
{
	uint8_t facts[] = { (uint8_t)event, (uint8_t)(fcgi_decode_id(d) >> 8),
		(uint8_t)(fcgi_decode_id(d) & 0xff), fcgi_decode_keep_conn(d),
		(uint8_t)fcgi_decode_error(d) };
	struct fcgi_param param;
	const uint8_t *params;
	size_t at = 0;
	size_t len;
	int rc;

	put(story, facts, sizeof(facts));
	if (event != FCGI_REQUEST)
		return;
	must(fcgi_decode_id(d) != 0);
	params = fcgi_decode_params(d, &len);
	must(len <= FCGI_PARAMS_MAX);
	while ((rc = fcgi_params_next(params, len, &at, &param)) == 1) {
		put(story, param.name, param.name_len);
		put(story, "=", 1);
		put(story, param.value, param.value_len);
		put(story, "\n", 1);
	}
	must(rc == 0 && at == len);
}

/*
 * A responder: ends odd requests at once, lets even ones run, and of every
 * second of these wants the body.
 */
static void
handle(struct fcgi_decoder *d, enum fcgi_event event)
{
	if (event == FCGI_REQUEST && fcgi_decode_id(d) % 4 == 0)
		fcgi_decode_want_body(d);
	if (event == FCGI_REQUEST && fcgi_decode_id(d) % 2 == 0)
		fcgi_decode_drop_params(d);
	else if (event == FCGI_REQUEST || event == FCGI_ABORTED)
		fcgi_decode_end(d);
}

/* Feed one piece, from a block of its own so that a read too far is noticed,
 * and count in total what was used.  Return false after an error. */
static bool
feed(struct fcgi_decoder *d, const uint8_t *bytes, size_t len, size_t *total,
    struct buf *out)
{
	struct buf reply = { 0 };
	uint8_t *copy = malloc(len);
	enum fcgi_event event;
	size_t at = 0;
	size_t used;

	must(copy != NULL);
	memcpy(copy, bytes, len);
	do {
		event = fcgi_decode(d, copy + at, len - at, &used, &reply);
		must(used <= len - at);
		must(event != FCGI_MORE || used == len - at);
		must(event == FCGI_MORE || event == FCGI_ERROR ||
		    event == FCGI_BODY || used > 0);
		must(reply.len <= FCGI_VALUES_ANSWER_MAX);
		must((event == FCGI_REPLY) == (reply.len > 0));
		at += used;
		*total += used;
		if (event == FCGI_BODY) {
			used = fcgi_decode_body(d, len - at);
			must(used > 0 && used <= len - at);
			put(out, copy + at, used);
			at += used;
			*total += used;
		} else if (event != FCGI_MORE) {
			put(out, total, sizeof(*total));
			put_event(out, d, event);
		}
		put(out, reply.data, reply.len);
		buf_free(&reply);
		handle(d, event);
	} while (event != FCGI_MORE && event != FCGI_ERROR);
	free(copy);
	return event != FCGI_ERROR;
}

/* Feed everything in pieces; cuts = 0 is one piece, 1 is single bytes, else
 * the state of a generator. */
static void
tell(const uint8_t *data, size_t size, uint32_t cuts, struct buf *story)
{
	struct fcgi_decoder d;
	uint32_t random = cuts;
	size_t len = cuts == 0 ? size : 1;
	size_t total = 0;

	fcgi_decode_init(&d, 77);
	for (size_t at = 0; at < size; at += len) {
		if (cuts > 1) {
			random = random * 1664525 + 1013904223;
			len = 1 + (random >> 16) % (random >> 31 ? 4 : 300);
		}
		if (len > size - at)
			len = size - at;
		if (!feed(&d, data + at, len, &total, story))
			break;
	}
	fcgi_decode_free(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 };
	struct buf cut = { 0 };

	if (size == 0)
		return 0;
	tell(data + 1, size - 1, 0, &whole);
	tell(data + 1, size - 1, 1U + data[0], &cut);
	must(whole.len == cut.len);
	must(whole.len == 0 || memcmp(whole.data, cut.data, cut.len) == 0);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
