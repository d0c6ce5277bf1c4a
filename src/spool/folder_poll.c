/* This file looks at the spool from time to time, where nothing wakes us. */
#include "base/log.h"
#include "base/timer.h"
#include "spool/folder_parts.h"

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
folder_poll_init(struct folder *folder, timer_run *on_poll)
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
folder_poll_wait(struct folder *folder)
{
	folder->must_wait = true;
	if (folder->is_polling)
		return;
	folder->is_waiting = true;
	start_polling(folder);
}
