/* How long news waits for more, by how long it took to write to all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/feeds.h"

static struct feeds feeds;
static int64_t turn_ms;
static uint64_t lulls;
static struct feed feed;
static struct settings settings;

static void
begin(enum window_collects collects, int64_t interval_ms)
{
	memset(&feeds, 0, sizeof(feeds));
	memset(&feed, 0, sizeof(feed));
	feed.feeds = &feeds;
	list_init(&feed.waiting);
	settings.interval_ms = interval_ms;
	settings.bytes = 16384;
	turn_ms = 0;
	lulls = 0;
	feeds.turn_ms = &turn_ms;
	feeds.lulls = &lulls;
	feeds.loop = ev_default_loop(0);
	window_init(&feed.window, &feed, collects, &settings);
}

/* All are woken, and the last of them has what there is after ${took_ms}. */
static void
fan_out(int64_t took_ms)
{
	window_wake(&feed);
	turn_ms = clock_mono_ms() + took_ms;
	window_rest(&feed);
	lulls++;
}

static void
test_with_few_viewers_nothing_waits(void **state)
{
	(void)state;
	begin(WINDOW_BUSY, 50);
	for (int i = 0; i < 10; i++) {
		fan_out(0);
		assert_int_equal(feed.window.interval_ms, 0);
		window_write(&feed);
		assert_false(window_holds(&feed, NULL));
	}
}

static void
test_with_many_viewers_news_waits_five_milliseconds(void **state)
{
	(void)state;
	begin(WINDOW_BUSY, 50);
	/* Some slack, for the clock goes on meanwhile. */
	fan_out(1);
	fan_out(1);
	assert_in_range(feed.window.interval_ms, 3, 5);
	fan_out(1000);
	window_wake(&feed);
	assert_int_equal(feed.window.interval_ms, 5);
	window_write(&feed);
	assert_true(window_holds(&feed, NULL));
	window_stop(&feed);
}

static void
test_the_setting_interval_is_the_most(void **state)
{
	(void)state;
	begin(WINDOW_BUSY, 2);
	fan_out(1000);
	fan_out(1000);
	assert_int_equal(feed.window.interval_ms, 2);
}

static void
test_a_slow_write_to_all_is_forgotten(void **state)
{
	(void)state;
	begin(WINDOW_BUSY, 50);
	fan_out(1000);
	for (int i = 0; i < 100; i++)
		fan_out(0);
	assert_int_equal(feed.window.interval_ms, 0);
}

/* Who comes later was not woken, and has all there is at any time. */
static void
test_who_comes_later_does_not_count(void **state)
{
	(void)state;
	begin(WINDOW_BUSY, 50);
	fan_out(0);
	turn_ms = clock_mono_ms() + 60000;
	window_rest(&feed);
	window_wake(&feed);
	assert_int_equal(feed.window.interval_ms, 0);
}

static void
test_the_mode_batch_always_collects_and_close_never(void **state)
{
	(void)state;
	begin(WINDOW_ALWAYS, 500);
	fan_out(0);
	assert_int_equal(feed.window.interval_ms, 500);
	begin(WINDOW_NEVER, 500);
	fan_out(1000);
	fan_out(1000);
	assert_int_equal(feed.window.interval_ms, 0);
}

/* Who has had what came is left at its place only if there is more. */
static void
test_nobody_waits_for_the_end_where_nothing_came(void **state)
{
	struct settings own = { .max_record = 65536 };
	struct segment segment = { .refs = 1, .form = RECORD_LINE };
	struct channel channel = { .segment = &segment };
	struct member member = {
		.feed = &feed, .channel = &channel, .settings = &own
	};
	struct member *members[] = { &member };
	struct place *place = calloc(1, sizeof(*place) + sizeof(struct cursor));
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(place);
	assert_non_null(file);
	begin(WINDOW_ALWAYS, 60000);
	feed.members = members;
	feed.n_members = 1;
	feed.news = 1;
	fan_out(0);
	window_write(&feed);
	window_wake(&feed);
	window_write(&feed);

	segment.fd = fileno(file);
	place->feed = &feed;
	place->n_cursors = 1;
	place->cursors[0].state = MARK_AT;
	place->cursors[0].segment = &segment;
	assert_false(window_leaves(place));
	assert_false(ev_is_active(&feed.window.end));
	assert_int_equal(write(segment.fd, "more\n", 5), 5);
	assert_true(window_leaves(place));
	assert_true(ev_is_active(&feed.window.end));
	window_stop(&feed);
	fclose(file);
	free(place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_few_viewers_nothing_waits),
		cmocka_unit_test(
		    test_with_many_viewers_news_waits_five_milliseconds),
		cmocka_unit_test(test_the_setting_interval_is_the_most),
		cmocka_unit_test(test_a_slow_write_to_all_is_forgotten),
		cmocka_unit_test(test_who_comes_later_does_not_count),
		cmocka_unit_test(
		    test_nobody_waits_for_the_end_where_nothing_came),
		cmocka_unit_test(
		    test_the_mode_batch_always_collects_and_close_never),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
