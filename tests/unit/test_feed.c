/*
 * Feeds without the process that serves them: which feed a request gets, where
 * it begins, what comes next, and who is woken by news.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

static const struct settings *
get_settings(void *cookie, const char *name)
{
	(void)name;
	assert_ptr_equal(cookie, &process);
	return &process.settings;
}

static bool
serves(void *cookie, const char *name)
{
	(void)cookie;
	return strcmp(name, "secret") != 0;
}

static void
on_member(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
	process.members++;
}

static bool
has_more(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
	return process.has_more;
}

static void
on_record(void *cookie, const struct channel *channel, const struct record *rec)
{
	(void)cookie;
	(void)channel;
	(void)rec;
}

static int64_t
slice_us(void *cookie, size_t *bytes)
{
	(void)cookie;
	*bytes = SIZE_MAX;
	return INT64_MAX / 4;
}

static size_t
batch_bytes(void *cookie)
{
	(void)cookie;
	return process.batch_bytes;
}

static uint64_t
record_bytes(void *cookie)
{
	(void)cookie;
	return UINT64_MAX;
}

static enum feeds_room
ask(void *cookie, size_t bytes)
{
	(void)cookie;
	(void)bytes;
	return process.room;
}

static void
on_exhausted(void *cookie)
{
	(void)cookie;
	fail();
}

/* Frames are the wire's; here one letter shows that there was one. */
static int
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

static int
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
static int
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
static bool
has(const struct batch *batch, const char *text)
{
	return memmem(batch->bytes, batch->len, text, strlen(text)) != NULL;
}

static void
assert_next(struct place **place, const char *text)
{
	struct batch *batch = next(place, FEED_NOTHING);

	assert_non_null(batch);
	assert_true(has(batch, text));
	assert_int_equal(batch->bytes[batch->len - 1], '#');
	batch_unref(batch);
}

static void
assert_no_more(struct place **place, enum feed_more why)
{
	assert_null(next(place, why));
}

static void
test_what_is_asked_for_in_any_order_is_one_feed(void **state)
{
	struct request one = ask_for("a,b"), other = ask_for("b,a");
	struct request types = ask_for("a,b");
	struct feed *feed, *same, *different, *framed;

	(void)state;
	assert_int_equal(text_list_add(&types.types, "news", 4), 0);
	feed = get(&one);
	same = get(&other);
	different = get(&types);
	process.wire = &wire_cgi;
	framed = get(&one);
	assert_ptr_equal(feed, same);
	assert_ptr_not_equal(feed, different);
	assert_ptr_not_equal(feed, framed);
	assert_int_equal(process.members, 6);
	feed_unref(feed);
	feed_unref(same);
	feed_unref(different);
	feed_unref(framed);
	request_free(&one);
	request_free(&other);
	request_free(&types);
}

static int
append_own(struct buf *out, const struct span *id, const char *channel,
    const struct record *rec)
{
	(void)id;
	(void)channel;
	if (buf_puts(out, "own ") != 0)
		return -1;
	return buf_append(out, rec->body.bytes, rec->body.len);
}

static void
test_each_format_has_a_feed_and_spells_what_is_in_it(void **state)
{
	struct request one = ask_for("news"), other = ask_for("news");
	struct format own = *format_usual();
	struct feed *feed, *different;
	struct place *place;

	(void)state;
	spool_append("news", "hello\n");
	own.record = append_own;
	other.format = &own;
	other.has_history = one.has_history = true;
	other.history = one.history = 1;
	feed = get(&one);
	different = get(&other);
	assert_ptr_not_equal(feed, different);
	feed_unref(feed);
	feed_unref(different);
	place = begin(&one);
	assert_next(&place, "data: hello\n");
	place_unref(place);
	place = begin(&other);
	assert_next(&place, "own hello");
	place_unref(place);
	request_free(&one);
	request_free(&other);
}

static void
test_history_then_what_comes(void **state)
{
	struct request request = ask_for("news");
	struct place *place;

	(void)state;
	request.has_history = true;
	request.history = 2;
	spool_append("news", "one\ntwo\nthree\n");
	place = begin(&request);
	assert_next(&place, "data: two\n");
	assert_no_more(&place, FEED_NOTHING);
	assert_true(place_is_seen(place, true));
	spool_append("news", "four\n");
	wake_now(place->feed);
	assert_false(place_is_seen(place, true));
	assert_next(&place, "data: four\n");
	assert_no_more(&place, FEED_NOTHING);
	place_unref(place);
	request_free(&request);
}

static void
test_viewers_at_one_place_share_a_batch(void **state)
{
	struct request request = ask_for("news");
	struct place *place, *other;
	struct batch *batch, *again;

	(void)state;
	spool_append("news", "one\n");
	place = begin(&request);
	other = begin(&request);
	assert_ptr_equal(place, other);
	spool_append("news", "two\n");
	wake_now(place->feed);
	batch = next(&place, FEED_NOTHING);
	again = next(&other, FEED_NOTHING);
	assert_ptr_equal(batch, again);
	assert_ptr_equal(place, other);
	batch_unref(batch);
	batch_unref(again);
	place_unref(place);
	place_unref(other);
	request_free(&request);
}

static void
test_an_id_leads_to_the_first_record_that_was_not_seen(void **state)
{
	struct request request = ask_for("news,more");
	struct request again = ask_for("more,news");
	struct place *place;
	struct batch *batch;

	(void)state;
	spool_append("news", "one\n");
	spool_append("more", "1\n");
	place = begin(&request);
	assert_int_equal(feed_id_append(place->feed, place->cursors,
			     place->n_cursors, &again.cursor),
	    0);
	place_unref(place);
	spool_append("news", "two\n");
	spool_move("more", "more.1");
	spool_append("more", "2\n");
	place = begin(&again);
	batch = next(&place, FEED_NOTHING);
	assert_non_null(batch);
	assert_true(has(batch, "data: two\n"));
	assert_true(has(batch, "data: 2\n"));
	assert_false(has(batch, "data: one\n"));
	assert_false(has(batch, "data: 1\n"));
	batch_unref(batch);
	assert_no_more(&place, FEED_NOTHING);
	place_unref(place);
	request_free(&request);
	request_free(&again);
}

static void
test_an_id_that_says_nothing_is_a_gap(void **state)
{
	struct request request = ask_for("news");
	struct place *place;

	(void)state;
	spool_append("news", "one\n");
	assert_int_equal(buf_puts(&request.cursor, "nonsense"), 0);
	place = begin(&request);
	assert_next(&place, "event: spoolcast.gap\n");
	place_unref(place);
	request_free(&request);
}

static void
test_a_long_record_is_told_in_its_place(void **state)
{
	struct request request = ask_for("news");
	struct place *place;
	struct batch *batch;

	(void)state;
	process.settings.max_record = 8;
	request.has_history = true;
	request.history = REQUEST_HISTORY_ALL;
	spool_append("news", "short\nmuch too long\nshort too\nend\n");
	place = begin(&request);
	batch = next(&place, FEED_NOTHING);
	assert_non_null(batch);
	assert_true(has(batch, "data: short\n"));
	assert_true(has(batch, "event: spoolcast.skipped\n"));
	assert_true(has(batch, "data: end\n"));
	batch_unref(batch);
	place_unref(place);
	request_free(&request);
}

static void
test_without_memory_a_record_waits_or_is_skipped(void **state)
{
	struct request request = ask_for("news");
	struct place *place;

	(void)state;
	spool_append("news", "one\n");
	place = begin(&request);
	spool_append("news", "two\n");
	wake_now(place->feed);
	process.room = FEEDS_WAIT;
	assert_no_more(&place, FEED_NO_ROOM);
	process.room = FEEDS_NEVER;
	assert_next(&place, "event: spoolcast.skipped\n");
	place_unref(place);
	request_free(&request);
}

static void
test_a_flood_comes_in_batches(void **state)
{
	struct request request = ask_for("flood,news");
	struct place *place;
	unsigned batches = 0, records = 0;
	bool has_news = false;
	struct batch *batch;

	(void)state;
	request.has_history = true;
	request.history = REQUEST_HISTORY_ALL;
	for (int i = 0; i < 50; i++)
		spool_append("flood", "a record of the flood\n");
	spool_append("news", "small\n");
	place = begin(&request);
	while ((batch = next(&place, FEED_NOTHING)) != NULL) {
		const char *at = (const char *)batch->bytes;
		const char *end = at + batch->len;

		/* The last record may go beyond what a batch is to have. */
		assert_true(batch->len < 2 * process.batch_bytes);
		/* One channel's flood does not keep the other waiting. */
		has_news = has_news || has(batch, "data: small\n");
		assert_true(++batches == 1 || has_news);
		while ((at = memmem(at, (size_t)(end - at), "data: a ", 8)) !=
		    NULL) {
			at++;
			records++;
		}
		batch_unref(batch);
	}
	assert_true(batches > 2);
	assert_int_equal(records, 50);
	place_unref(place);
	request_free(&request);
}

static void
test_a_pattern_takes_in_what_comes(void **state)
{
	struct request request = ask_for("build-*");
	struct place *place = begin(&request);

	(void)state;
	assert_int_equal(place->feed->n_members, 0);
	spool_append("build-1", "one\n");
	spool_append("secret", "no\n");
	wake_name(&feeds, "build-1");
	wake_name(&feeds, "secret");
	wake_name(&feeds, "build-1");
	assert_int_equal(place->feed->n_members, 1);
	assert_next(&place, "data: one\n");
	place_unref(place);
	request_free(&request);
}

static void
test_a_pattern_has_no_more_channels_than_allowed(void **state)
{
	struct request request = ask_for("build-*");
	char name[] = "build-0";
	struct place *place;

	(void)state;
	place = begin(&request);
	for (int i = 0; i < 5; i++) {
		name[6] = (char)('0' + i);
		spool_append(name, "\n");
		wake_name(&feeds, name);
	}
	assert_int_equal(place->feed->n_members, 4);
	assert_true(place->feed->is_over_full);
	/* Viewers that come now are told that there are too many. */
	assert_null(get(&request));
	assert_int_equal(errno, E2BIG);
	place_unref(place);
	request_free(&request);
}

/* Return how many viewers have something to do now, and let them wait again. */
static unsigned
n_woken(struct place *place)
{
	unsigned n = 0;

	LIST_EACH_SAFE (node, after, &process.run) {
		list_remove(node);
		place_wait(place, node);
		n++;
	}
	return n;
}

static void
test_news_wakes_those_that_wait(void **state)
{
	struct request request = ask_for("news"), other = ask_for("other");
	struct place *place, *elsewhere;
	struct list viewers[3];

	(void)state;
	spool_append("news", "one\n");
	place = begin(&request);
	elsewhere = begin(&other);
	for (int i = 0; i < 3; i++) {
		list_init(&viewers[i]);
		place_wait(i < 2 ? place : elsewhere, &viewers[i]);
	}
	wake_channel(place->feed->members[0]->channel);
	assert_int_equal(n_woken(place), 2);
	wake_channel(elsewhere->feed->members[0]->channel);
	assert_int_equal(n_woken(elsewhere), 1);
	for (int i = 0; i < 3; i++)
		place_leave(i < 2 ? place : elsewhere, &viewers[i]);
	place_unref(place);
	place_unref(elsewhere);
	request_free(&request);
	request_free(&other);
}

static void
test_it_is_over_when_all_has_ended_and_was_seen(void **state)
{
	struct request request = ask_for("news");
	struct place *place;

	(void)state;
	request.has_history = true;
	request.history = 1;
	spool_append("news", "one\n");
	spool_append("news.end", "");
	place = begin(&request);
	assert_false(feed_is_over(place));
	assert_next(&place, "data: one\n");
	process.has_more = true;
	assert_false(feed_is_over(place));
	process.has_more = false;
	assert_true(feed_is_over(place));
	place_unref(place);
	request_free(&request);
}

int
main(void)
{
#define FEED_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		FEED_TEST(test_what_is_asked_for_in_any_order_is_one_feed),
		FEED_TEST(test_each_format_has_a_feed_and_spells_what_is_in_it),
		FEED_TEST(test_history_then_what_comes),
		FEED_TEST(test_viewers_at_one_place_share_a_batch),
		FEED_TEST(
		    test_an_id_leads_to_the_first_record_that_was_not_seen),
		FEED_TEST(test_an_id_that_says_nothing_is_a_gap),
		FEED_TEST(test_a_long_record_is_told_in_its_place),
		FEED_TEST(test_without_memory_a_record_waits_or_is_skipped),
		FEED_TEST(test_a_flood_comes_in_batches),
		FEED_TEST(test_a_pattern_takes_in_what_comes),
		FEED_TEST(test_a_pattern_has_no_more_channels_than_allowed),
		FEED_TEST(test_news_wakes_those_that_wait),
		FEED_TEST(test_it_is_over_when_all_has_ended_and_was_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "feed", tests, temp_dir_make, temp_dir_remove);
}
