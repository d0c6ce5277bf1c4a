/*
 * A process that feeds are in, without what serves viewers: what it allows and
 * what it was told.  To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FEED_PROCESS_H
#define SPOOLCAST_TESTS_HELPERS_FEED_PROCESS_H

#include "feed/feed_next.h"
#include "feed/feed_start.h"
#include "feed/wake.h"
#include "format/format.h"
#include "helpers/spool_folder.h"
#include "wire/wire.h"

/* The process that the feeds are in: what it allows, and what it was told. */
static struct {
	struct settings settings;
	const struct wire *wire; /* of those who ask */
	enum feeds_room room;
	size_t batch_bytes;
	unsigned members;
	bool has_more;
	struct log_quotas log;
	struct list run;
} process;

static struct feeds feeds;
static int64_t turn_ms;
static uint64_t lulls;

static inline const struct settings *
get_settings(void *cookie, const char *name)
{
	(void)name;
	assert_ptr_equal(cookie, &process);
	return &process.settings;
}

static inline bool
serves(void *cookie, const char *name)
{
	(void)cookie;
	return strcmp(name, "secret") != 0;
}

static inline void
on_member(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
	process.members++;
}

static inline bool
has_more(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
	return process.has_more;
}

static inline void
on_record(void *cookie, const struct channel *channel, const struct record *rec)
{
	(void)cookie;
	(void)channel;
	(void)rec;
}

static inline int64_t
slice_us(void *cookie, size_t *bytes)
{
	(void)cookie;
	*bytes = SIZE_MAX;
	return INT64_MAX / 4;
}

static inline size_t
batch_bytes(void *cookie)
{
	(void)cookie;
	return process.batch_bytes;
}

static inline uint64_t
record_bytes(void *cookie)
{
	(void)cookie;
	return UINT64_MAX;
}

static inline enum feeds_room
ask(void *cookie, size_t bytes)
{
	(void)cookie;
	(void)bytes;
	return process.room;
}

static inline void
on_exhausted(void *cookie)
{
	(void)cookie;
	fail();
}

/* Frames are the wire's; here one letter shows that there was one. */
static inline int
frame(void *cookie, const struct wire *wire, struct buf *buf)
{
	(void)cookie;
	assert_ptr_equal(wire, process.wire);
	return buf->len == 0 ? 0 : buf_append(buf, "#", 1);
}

static const struct feeds_ops ops = {
	.settings = get_settings,
	.serves = serves,
	.on_member = on_member,
	.has_more = has_more,
	.on_record = on_record,
	.slice_us = slice_us,
	.batch_bytes = batch_bytes,
	.record_bytes = record_bytes,
	.ask = ask,
	.on_exhausted = on_exhausted,
	.frame = frame,
};

static inline int
start(void **state)
{
	memset(&process, 0, sizeof(process));
	process.wire = &wire_fcgi;
	process.settings.max_record = 65536;
	process.settings.history_max = 100;
	process.settings.channels_per_stream = 4;
	process.batch_bytes = 1000;
	list_init(&process.run);
	if (spool_start_open(state) != 0)
		return -1;
	feeds = (struct feeds){ .ops = &ops,
		.cookie = &process,
		.loop = spool_loop,
		.folder = &spool,
		.log = &process.log,
		.run = &process.run,
		.turn_ms = &turn_ms,
		.lulls = &lulls };
	if (feeds_init(&feeds) != 0)
		return -1;
	wake_init(&feeds);
	return 0;
}

/* Whatever a test did, it must have given everything back. */
static inline int
stop(void **state)
{
	feeds_drop_recent(&feeds);
	assert_int_equal(feeds.places.n_entries, 0);
	assert_int_equal(feeds.by_key.n_entries, 0);
	assert_int_equal(place_memory(), 0);
	assert_int_equal(feed_memory(), 0);
	wake_end(&feeds);
	feeds_free(&feeds);
	return spool_stop(state);
}

static struct request
ask_for(const char *names)
{
	struct request request = { .method = METHOD_GET,
		.format = format_usual() };

	while (*names != '\0') {
		size_t len = strcspn(names, ",");

		assert_int_equal(
		    text_list_add(&request.channels, names, len), 0);
		names += names[len] == ',' ? len + 1 : len;
	}
	return request;
}

static struct feed *
get(const struct request *request)
{
	return feed_get(
	    &feeds, request, &process.settings, WINDOW_NEVER, process.wire);
}

/* Where ${request} begins, with a reference; its feed has one there. */
static struct place *
begin(const struct request *request)
{
	struct feed *feed = get(request);
	struct feed_start search;
	struct place *place;

	assert_non_null(feed);
	assert_int_equal(feed_start_begin(&search, feed, request), 0);
	place = feed_start_go_on(&search);
	assert_non_null(place);
	feed_start_end(&search);
	feed_unref(feed);
	return place;
}

/* Take the next batch and move ${place} on; NULL: there is none, for ${why}. */
static struct batch *
next(struct place **place, enum feed_more why)
{
	enum feed_more more;
	struct batch *batch = feed_next(*place, true, &more);

	if (batch == NULL) {
		assert_int_equal(more, why);
		return NULL;
	}
	place_ref(batch->to);
	place_unref(*place);
	*place = batch->to;
	return batch;
}

/* Return whether ${batch} has ${text}. */
static inline bool
has(const struct batch *batch, const char *text)
{
	return memmem(batch->bytes, batch->len, text, strlen(text)) != NULL;
}

static inline void
assert_next(struct place **place, const char *text)
{
	struct batch *batch = next(place, FEED_NOTHING);

	assert_non_null(batch);
	assert_true(has(batch, text));
	assert_int_equal(batch->bytes[batch->len - 1], '#');
	batch_unref(batch);
}

static inline void
assert_no_more(struct place **place, enum feed_more why)
{
	assert_null(next(place, why));
}

#endif
