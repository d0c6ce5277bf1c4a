#include <sys/stat.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/feeds.h"
#include "feed/window.h"

/*
 * In the modes that write at once: how long a window is at most, and how many
 * times as long as it takes to write to all viewers.
 */
#define BUSY_MS 5
#define BUSY_TIMES 4

static void
on_end(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct feed *feed = timer->data;

	(void)loop;
	(void)revents;
	feed->feeds->on_window(feed);
}

void
window_init(struct window *window, struct feed *feed,
    enum window_collects collects, const struct settings *settings)
{
	int64_t now_ms = clock_mono_ms();

	window->is_busy_only = collects == WINDOW_BUSY;
	window->most_ms = settings->interval_ms;
	if (window->is_busy_only && window->most_ms > BUSY_MS)
		window->most_ms = BUSY_MS;
	window->interval_ms =
	    collects == WINDOW_ALWAYS ? settings->interval_ms : 0;
	window->bytes = settings->bytes;
	window->written_ms = now_ms - window->interval_ms;
	ev_timer_init(&window->end, on_end, 0., 0.);
	window->end.data = feed;
}

void
window_wake(struct feed *feed)
{
	struct window *window = &feed->window;

	window->is_woken = true;
	if (!window->is_busy_only)
		return;
	window->interval_ms = window->took_ms * BUSY_TIMES;
	if (window->interval_ms > window->most_ms)
		window->interval_ms = window->most_ms;
	/*
	 * The time is forgotten slowly: a wake that comes before all viewers
	 * are through measures too little.
	 */
	window->took_ms = window->took_ms * 3 / 4;
	window->woken_ms = clock_mono_ms();
	window->woken_lull = *feed->feeds->lulls;
}

void
window_rest(struct feed *feed)
{
	struct window *window = &feed->window;
	int64_t took_ms = *feed->feeds->turn_ms - window->woken_ms;

	/* A viewer that comes after a lull was not woken by that wake. */
	if (window->woken_lull == *feed->feeds->lulls &&
	    took_ms > window->took_ms)
		window->took_ms = took_ms;
}

void
window_write(struct feed *feed)
{
	if (feed->window.interval_ms > 0 && feed->window.is_woken)
		feed->window.written_ms = clock_mono_ms();
	feed->window.is_woken = false;
}

void
window_stop(struct feed *feed)
{
	ev_timer_stop(feed->feeds->loop, &feed->window.end);
}

static size_t
index_of(const struct feed *feed, const struct member *member)
{
	size_t i = 0;

	while (feed->members[i] != member)
		i++;
	return i;
}

/* Whether a record after ${cursor} asks to be written at once. */
static bool
asks_for_now(const struct member *member, const struct cursor *cursor)
{
	struct reader *reader = &member->feed->feeds->reader;
	struct position at = cursor->at;
	struct record rec;

	/* A line cannot ask for anything. */
	if (cursor->segment->form == RECORD_LINE ||
	    reader_start(reader, cursor->segment, &at,
		record_limit(cursor->segment->form,
		    member->settings->max_record)) != READ_RECORD)
		return false;
	for (;;) {
		switch (reader_next(reader, &rec, &at)) {
		case READ_RECORD:
			if (rec.flush == RECORD_FLUSH_NOW ||
			    rec.flush == RECORD_FLUSH_CLOSE)
				return true;
			break;
		case READ_NOTHING:
			break;
		default:
			/* Any other result is dealt with when all is read. */
			return false;
		}
	}
}

enum news {
	NEWS_NONE,
	NEWS_MAY_WAIT,
	NEWS_PRESSES, /* or it is not known, before it is read */
};

/* What there is after ${place} in the channel at ${index}. */
static enum news
news_behind(const struct place *place, size_t index)
{
	const struct feed *feed = place->feed;
	const struct member *member = feed->members[index];
	const struct cursor *cursor = &place->cursors[index];
	struct stat st;

	if (index >= place->n_cursors || cursor->state == MARK_START)
		return member->channel->segment != NULL ? NEWS_PRESSES :
							  NEWS_NONE;
	if (cursor->state != MARK_AT ||
	    cursor->segment != member->channel->segment ||
	    fstat(cursor->segment->fd, &st) != 0 ||
	    (uint64_t)st.st_size - cursor->at.offset >= feed->window.bytes)
		return NEWS_PRESSES;
	if ((uint64_t)st.st_size == cursor->at.offset)
		return NEWS_NONE;
	return asks_for_now(member, cursor) ? NEWS_PRESSES : NEWS_MAY_WAIT;
}

/* How long the window of ${feed} lasts, 0 if there is none. */
static int64_t
left_ms(const struct feed *feed)
{
	const struct window *window = &feed->window;
	int64_t left;

	if (window->interval_ms == 0)
		return 0;
	left = window->written_ms + window->interval_ms - clock_mono_ms();
	return left > 0 ? left : 0;
}

static void
wait_for_end(struct feed *feed)
{
	struct window *window = &feed->window;

	if (ev_is_active(&window->end))
		return;
	ev_now_update(feed->feeds->loop);
	ev_timer_set(&window->end, (double)left_ms(feed) / 1e3, 0.);
	ev_timer_start(feed->feeds->loop, &window->end);
}

bool
window_holds(struct feed *feed, const struct member *member)
{
	if (left_ms(feed) == 0) {
		window_stop(feed);
		return false;
	}
	/* A place where viewers wait lacks only what came in this window. */
	if (member != NULL && !list_is_empty(&feed->waiting) &&
	    news_behind(LIST_OF(feed->waiting.next, struct place, waiting_node),
		index_of(feed, member)) == NEWS_PRESSES)
		return false;
	wait_for_end(feed);
	return true;
}

bool
window_leaves(struct place *place)
{
	struct feed *feed = place->feed;
	enum news most = NEWS_NONE;

	if (place->next != NULL || place->seen_news == feed->news ||
	    left_ms(feed) == 0)
		return false;
	/* One look serves all viewers that stand here. */
	if (place->left_news == feed->news)
		return true;
	/* Viewers that waited here were woken, and get their news now. */
	if (place->left_news != 0 ||
	    (place->seen_news != 0 && !place->is_foreseen))
		return false;
	/* See what there is: only news that may wait is left here. */
	for (size_t i = 0; i < feed->n_members && most < NEWS_PRESSES; i++) {
		enum news news = news_behind(place, i);

		if (news > most)
			most = news;
	}
	/* Without news, the end of the window would wake all for nothing. */
	if (most != NEWS_MAY_WAIT)
		return false;
	place->left_news = feed->news;
	wait_for_end(feed);
	return true;
}
