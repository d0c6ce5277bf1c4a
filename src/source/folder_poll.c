/* This file looks at the spool from time to time, where nothing wakes us. */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "source/folder_parts.h"

/*
 * So many seconds are between two looks.  A look that finds news cuts them to a
 * quarter, one that finds none doubles them: so there are about three looks for
 * each time that somebody writes, as long as that is between these limits.
 */
#define POLL_SHORTEST 0.05
#define POLL_LONGEST 1.0
/*
 * Up to this part of each pause is left out, by chance.  So hundreds of
 * processes that look at one spool at the same moment (they began together, or
 * the machine was suspended) drift apart.
 */
#define POLL_SPREAD 0.25

/* Return whether ${seg} was written to since the last poll. */
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

bool
channel_poll(struct channel *channel)
{
	bool changed = channel_look(channel);

	changed = poll_segment(channel->segment, &channel->watch) || changed;
	return poll_segment(channel->before, &channel->before_watch) || changed;
}

/* Return whether names came or went, or the folder is another one now. */
static bool
poll_folder(struct folder *folder)
{
	struct stat st;
	bool changed;

	if (stat(folder->path, &st) != 0 || !folder->is_there)
		return true;
	/* A change right after another may leave the time as it is. */
	changed = llabs(clock_wall_s() - st.st_mtim.tv_sec) < 2 ||
	    st.st_ino != folder->ino || st.st_dev != folder->dev ||
	    memcmp(&st.st_mtim, &folder->polled_mtime, sizeof(st.st_mtim)) != 0;
	folder->polled_mtime = st.st_mtim;
	return changed;
}

/* Return how many seconds there are until the next look. */
static double
next_delay(struct folder *folder)
{
	double spread = (double)rnd_between(&folder->rnd, 0, 1000) / 1e3;
	double delay_s = folder->poll_s * (1 - POLL_SPREAD * spread);
	double look_s = (double)folder->look_ms / 1e3;

	/* Looking takes half of the time at most. */
	return delay_s > look_s ? delay_s : look_s;
}

static void
on_poll(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct folder *folder = timer->data;

	(void)loop;
	(void)revents;
	folder->must_wait = folder->has_news = false;
	folder->is_polled_now = true;
	folder->look_ms = 0;
	/* If we only wait for something, the kernel tells of the rest. */
	if (folder->is_waiting) {
		folder->is_lost |= !folder_is_still_there(folder);
		folder_look_for_missing(folder);
	} else {
		folder->is_lost |= poll_folder(folder);
		folder_look_at_all(folder, true);
	}
	folder_tell(folder);
}

void
folder_poll_done(struct folder *folder)
{
	folder->is_polled_now = false;
	/* The look may have ended polling, begun it, or asked to wait. */
	if (folder->is_waiting && !folder->must_wait)
		folder_poll_end(folder);
	if (!folder->is_polling)
		return;
	folder->poll_s *= folder->has_news ? 0.25 : 2;
	if (folder->poll_s < POLL_SHORTEST)
		folder->poll_s = POLL_SHORTEST;
	if (folder->poll_s > POLL_LONGEST)
		folder->poll_s = POLL_LONGEST;
	timer_set(folder->loop, &folder->poll, next_delay(folder));
}

static void
start_polling(struct folder *folder)
{
	folder->is_polling = true;
	folder->poll_s = POLL_SHORTEST;
	timer_set(folder->loop, &folder->poll, next_delay(folder));
}

void
folder_poll_init(struct folder *folder)
{
	rnd_seed(&folder->rnd);
	timer_init(&folder->poll, on_poll, folder);
}

void
folder_poll_end(struct folder *folder)
{
	folder->is_waiting = folder->is_polling = false;
	ev_timer_stop(folder->loop, &folder->poll);
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
	folder->must_wait = true;
	if (folder->is_polling)
		return;
	folder->is_waiting = true;
	start_polling(folder);
}
