/* Looking at the spool from time to time, where nothing wakes us. */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/folder.h"

/*
 * Seconds between two looks.  A look that finds news makes them a quarter, one
 * that finds none twice as long: so there are about three looks for each time
 * that somebody writes, as long as that is between these.
 */
#define POLL_SHORTEST 0.05
#define POLL_LONGEST 1.0
/*
 * Each time up to so much of it is left out, by chance: of hundreds of
 * processes that look at one spool, those that look at the same moment (they
 * began together, or the machine was suspended) drift apart.
 */
#define POLL_SPREAD 0.25

/* What a look at all channels came to. */
struct found {
	bool is_news;
	bool is_missing;
};

/* Whether ${seg} was written to since the last poll. */
static bool
poll_segment(const struct segment *seg, struct channel_watch *watch)
{
	struct stat st;

	if (seg == NULL || fstat(seg->fd, &st) != 0 ||
	    (st.st_size == watch->polled_size &&
		memcmp(&st.st_mtim, &watch->polled_mtime, sizeof(st.st_mtim)) ==
		    0))
		return false;
	watch->polled_size = st.st_size;
	watch->polled_mtime = st.st_mtim;
	return true;
}

/* Note whether the channel's files were written to since the last poll. */
static void
poll_channel(void *cookie, struct table_entry *entry)
{
	struct channel *channel = TABLE_OF(entry, struct channel, by_name);
	struct found *found = cookie;
	bool changed = channel_look(channel);

	changed = poll_segment(channel->segment, &channel->watch) || changed;
	changed =
	    poll_segment(channel->before, &channel->before_watch) || changed;
	found->is_missing = found->is_missing || channel->is_missing;
	if (changed) {
		channel_mark_dirty(channel);
		found->is_news = true;
	}
}

/* Whether names came or went, or the folder itself is another one now. */
static bool
poll_folder(struct folder *folder)
{
	struct stat st;
	bool changed;

	if (stat(folder->path, &st) != 0 || !folder->is_there)
		return true;
	/* What follows a change at once may leave the time of it as it is. */
	changed = llabs(clock_wall_s() - st.st_mtim.tv_sec) < 2 ||
	    st.st_ino != folder->ino || st.st_dev != folder->dev ||
	    memcmp(&st.st_mtim, &folder->polled_mtime, sizeof(st.st_mtim)) != 0;
	folder->polled_mtime = st.st_mtim;
	return changed;
}

/* How long until the next look. */
static double
next_delay(struct folder *folder)
{
	double spread = (double)rnd_between(&folder->rnd, 0, 1000) / 1e3;

	return folder->poll_s * (1 - POLL_SPREAD * spread);
}

static void
on_poll(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct folder *folder = timer->data;
	struct found found = { false, false };

	(void)revents;
	folder->is_lost = poll_folder(folder);
	table_walk(&folder->channels, poll_channel, &found);
	folder_tell(folder);
	if (folder->is_waiting && folder->is_there && !found.is_missing)
		folder->is_waiting = folder->is_polling = false;
	if (!folder->is_polling)
		return;
	folder->poll_s *= found.is_news ? 0.25 : 2;
	if (folder->poll_s < POLL_SHORTEST)
		folder->poll_s = POLL_SHORTEST;
	if (folder->poll_s > POLL_LONGEST)
		folder->poll_s = POLL_LONGEST;
	ev_timer_stop(loop, timer);
	ev_timer_set(timer, next_delay(folder), 0.);
	ev_timer_start(loop, timer);
}

static void
start_polling(struct folder *folder)
{
	folder->is_polling = true;
	folder->poll_s = POLL_SHORTEST;
	rnd_seed(&folder->rnd);
	ev_timer_init(&folder->poll, on_poll, next_delay(folder), 0.);
	folder->poll.data = folder;
	ev_timer_start(folder->loop, &folder->poll);
}

void
folder_poll(struct folder *folder, const char *why)
{
	if (folder->is_polling && !folder->is_waiting)
		return;
	log_msg(LOG_LEVEL_INFO, "event=polling spool=\"%s\" reason=\"%s\"",
	    folder->path, why);
	folder->is_waiting = false;
	if (!folder->is_polling)
		start_polling(folder);
}

void
folder_wait(struct folder *folder)
{
	if (folder->is_polling)
		return;
	folder->is_waiting = true;
	start_polling(folder);
}
