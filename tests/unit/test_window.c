/* How long news waits for more, by how long it took to write to all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "hub/feed.h"
#include "hub/hub.h"

static struct hub hub;
static struct feed feed;
static struct settings settings;

static void
begin(enum flush_collects collects, int64_t interval_ms)
{
	memset(&hub, 0, sizeof(hub));
	memset(&feed, 0, sizeof(feed));
	feed.hub = &hub;
	list_init(&feed.waiting);
	settings.interval_ms = interval_ms;
	settings.bytes = 16384;
	hub.loop = ev_default_loop(0);
	window_init(&feed.window, &feed, collects, &settings);
}

/* All are woken, and the last of them has what there is after ${took_ms}. */
static void
fan_out(int64_t took_ms)
{
	window_wake(&feed);
	hub.turn_ms = clock_mono_ms() + took_ms;
	window_rest(&feed);
	hub.lulls++;
}

static void
test_with_few_viewers_nothing_waits(void **state)
{
	(void)state;
	begin(FLUSH_COLLECTS_BUSY, 50);
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
	begin(FLUSH_COLLECTS_BUSY, 50);
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
	begin(FLUSH_COLLECTS_BUSY, 2);
	fan_out(1000);
	fan_out(1000);
	assert_int_equal(feed.window.interval_ms, 2);
}

static void
test_a_slow_write_to_all_is_forgotten(void **state)
{
	(void)state;
	begin(FLUSH_COLLECTS_BUSY, 50);
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
	begin(FLUSH_COLLECTS_BUSY, 50);
	fan_out(0);
	hub.turn_ms = clock_mono_ms() + 60000;
	window_rest(&feed);
	window_wake(&feed);
	assert_int_equal(feed.window.interval_ms, 0);
}

static void
test_the_mode_batch_always_collects_and_close_never(void **state)
{
	(void)state;
	begin(FLUSH_COLLECTS, 500);
	fan_out(0);
	assert_int_equal(feed.window.interval_ms, 500);
	begin(FLUSH_COLLECTS_NEVER, 500);
	fan_out(1000);
	fan_out(1000);
	assert_int_equal(feed.window.interval_ms, 0);
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
		    test_the_mode_batch_always_collects_and_close_never),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
