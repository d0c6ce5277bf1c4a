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

#include "helpers/feed_process.h"

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

/*
 * The search for where a viewer begins may take many slices.  A channel whose
 * file is away when that begins, and there when it ends, has another file then.
 */
static void
test_a_channel_that_comes_during_the_search_is_searched(void **state)
{
	struct request request = ask_for("build-*"), again = ask_for("build-*");
	struct feed_start search;
	struct feed *feed;
	struct place *place;

	(void)state;
	spool_append("build-1", "one\n");
	place = begin(&request);
	assert_int_equal(feed_id_append(place->feed, place->cursors,
			     place->n_cursors, &again.cursor),
	    0);
	place_unref(place);
	spool_append("build-1", "nobody saw this\n");
	spool_delete("build-1");
	feed = get(&again);
	assert_int_equal(feed_start_begin(&search, feed, &again), 0);
	spool_append("build-1", "two\n");
	wake_name(&feeds, "build-1");
	place = feed_start_go_on(&search);
	assert_non_null(place);
	assert_false(feed_id_lacks(feed, &again));
	assert_next(&place, "event: spoolcast.gap\n");
	place_unref(place);
	feed_start_end(&search);
	feed_unref(feed);
	request_free(&request);
	request_free(&again);
}

static void
test_all_of_a_channel_that_comes_during_the_search_is_news(void **state)
{
	struct request request = ask_for("build-*");
	struct feed *feed = get(&request);
	struct feed_start search;
	struct place *place;

	(void)state;
	assert_int_equal(feed_start_begin(&search, feed, &request), 0);
	spool_append("build-1", "one\n");
	wake_name(&feeds, "build-1");
	place = feed_start_go_on(&search);
	assert_non_null(place);
	assert_next(&place, "data: one\n");
	place_unref(place);
	feed_start_end(&search);
	feed_unref(feed);
	request_free(&request);
}

static void
test_a_channel_that_is_gone_before_it_was_read_is_lacking(void **state)
{
	struct request request = ask_for("build-*"), again = ask_for("build-*");
	struct place *place;
	struct feed *feed;

	(void)state;
	spool_append("build-0", "one\n");
	place = begin(&request);
	spool_append("build-1", "unseen\n");
	wake_name(&feeds, "build-1");
	assert_int_equal(feed_id_append(place->feed, place->cursors,
			     place->n_cursors, &again.cursor),
	    0);
	place_unref(place);
	feed = get(&again);
	assert_false(feed_id_lacks(feed, &again));
	feed_unref(feed);
	spool_delete("build-1");
	feed = get(&again);
	assert_true(feed_id_lacks(feed, &again));
	feed_unref(feed);
	request_free(&request);
	request_free(&again);
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
		FEED_TEST(
		    test_a_channel_that_comes_during_the_search_is_searched),
		FEED_TEST(
		    test_all_of_a_channel_that_comes_during_the_search_is_news),
		FEED_TEST(
		    test_a_channel_that_is_gone_before_it_was_read_is_lacking),
		FEED_TEST(test_a_pattern_has_no_more_channels_than_allowed),
		FEED_TEST(test_news_wakes_those_that_wait),
		FEED_TEST(test_it_is_over_when_all_has_ended_and_was_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "feed", tests, temp_dir_make, temp_dir_remove);
}
