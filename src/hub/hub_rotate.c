/* Rotating what has become too large or too old. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "hub/hub.h"
#include "spool/rotation.h"

/* The longest and the shortest pause between two rounds. */
#define PAUSE_MAX_S 60.0
#define PAUSE_MIN_S 1.0
/* The pause while others have a lock; after so long the log names them. */
#define PAUSE_BUSY_S 5.0
#define BUSY_TELL_MS (LOCK_TELL_S * (int64_t)1000)
/* So many rounds in max_age find in time what is due by its age. */
#define ROUNDS_PER_AGE 4.0
/* A round looks at so many channels at a time, and then lets others run. */
#define STRIDE 64
#define STRIDE_S 0.02
/* How long after a failure news of the channel does not try it again. */
#define FAILED_MS 5000
/* After so many rounds the log says again that rotations fail. */
#define TELL_AGAIN 60

/* Say so when others keep the channel locked, so that it is not rotated. */
static void
note_lock(struct hub *hub, const char *name, const char *base,
    enum rotation_result result)
{
	struct hub_rotate *round = &hub->rotate;
	struct lock_holder holder = { 0, "?" };
	int64_t now_ms = clock_mono_ms();

	/* A lock that was met and is gone now is forgotten. */
	if (result != ROTATION_BUSY) {
		if (strcmp(round->busy_name, name) == 0)
			round->busy_name[0] = '\0';
		return;
	}
	/* Of several locked channels only the first is timed and told. */
	if (round->busy_name[0] == '\0') {
		snprintf(
		    round->busy_name, sizeof(round->busy_name), "%s", name);
		round->busy_ms = now_ms;
		round->is_busy_told = false;
	}
	if (round->is_busy_told || strcmp(round->busy_name, name) != 0 ||
	    now_ms - round->busy_ms < BUSY_TELL_MS)
		return;
	round->is_busy_told = true;
	(void)rotation_find_holder(hub->folder.path, base, &holder);
	log_msg(LOG_LEVEL_WARN,
	    "event=rotation-waits channel=%s file=%s pid=%ld command=\"%s\" "
	    "effect=\"it is not rotated while that process has it locked\" "
	    "remedy=\"let that process unlock it, or end that process\"",
	    name, base, (long)holder.pid, holder.command);
}

static enum rotation_result
rotate(struct hub *hub, const char *name, const struct form *form,
    struct rotation_report *report)
{
	const struct settings *settings = conf_for(hub->conf, name);
	char base[FORM_SERIES_SIZE];
	struct rotation rotation = { .base = form_series(form, name, base),
		.keep = settings->keep,
		.max_size = settings->max_size,
		.max_age_ms = settings->max_age_ms };
	enum rotation_result result;

	if (!settings_rotate(settings))
		return ROTATION_NOTHING;
	result = rotation_run(hub->folder.path, &rotation, report);
	note_lock(hub, name, base, result);
	if (result == ROTATION_DONE)
		log_msg(LOG_LEVEL_INFO,
		    "event=rotated channel=%s size=%" PRIu64, name,
		    report->size);
	return result;
}

void
hub_rotate_news(struct hub *hub, struct channel *channel)
{
	struct rotation_report report;

	if (hub->rotate.pause_s == 0. || channel->form == NULL ||
	    (channel->rotate_ms != 0 && clock_mono_ms() < channel->rotate_ms))
		return;
	channel->rotate_ms = 0;
	/* A failure is told by the next round. */
	if (rotate(hub, channel->name, channel->form, &report) ==
	    ROTATION_FAILED)
		channel->rotate_ms = clock_mono_ms() + FAILED_MS;
}

static void
look_at(struct hub *hub, const char *name)
{
	struct hub_rotate *round = &hub->rotate;
	struct rotation_report report;
	struct stat st;
	const struct form *form = folder_form(&hub->folder, name, &st);

	if (form == NULL || rotate(hub, name, form, &report) != ROTATION_FAILED)
		return;
	if (round->failed++ == 0) {
		snprintf(
		    round->failed_name, sizeof(round->failed_name), "%s", name);
		round->problem = report;
	}
}

/* Tell what fails; again only if it is more or less, or after a while. */
static void
tell(struct hub_rotate *round)
{
	bool is_old =
	    round->failed == round->told && ++round->rounds_told < TELL_AGAIN;

	if (round->failed > 0 && !is_old)
		log_msg(LOG_LEVEL_ERROR,
		    "event=rotation-failed channel=%s failed=%u problem=\"%s\"",
		    round->failed_name, round->failed, round->problem.problem);
	if (!is_old)
		round->rounds_told = 0;
	round->told = round->failed;
}

static int
add_name(void *cookie, const char *name)
{
	struct hub *hub = cookie;

	return buf_append(&hub->rotate.names, name, strlen(name) + 1);
}

static void
add_channel(void *cookie, struct table_entry *entry)
{
	(void)add_name(cookie, TABLE_OF(entry, struct channel, by_name)->name);
}

/*
 * Begin a round over all channels that exist.  In a process for one viewer, of
 * which there may be many, take only the channels that are in use.
 */
static void
begin(struct hub *hub)
{
	hub->rotate.next = 0;
	hub->rotate.failed = 0;
	if (hub->policy->holds_many)
		(void)folder_list(&hub->folder, add_name, hub);
	else
		table_walk(&hub->folder.channels, add_channel, hub);
}

static void
on_rotate(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct hub *hub = timer->data;
	struct hub_rotate *round = &hub->rotate;
	double pause_s = STRIDE_S;

	(void)revents;
	if (round->names.len == 0)
		begin(hub);
	for (unsigned i = 0; i < STRIDE && round->next < round->names.len;
	     i++) {
		const char *name =
		    (const char *)round->names.data + round->next;

		look_at(hub, name);
		round->next += strlen(name) + 1;
	}
	/* The round is over: the pause is shorter while a channel is locked. */
	if (round->next == round->names.len) {
		tell(round);
		buf_free(&round->names);
		pause_s = round->pause_s;
		if (round->busy_name[0] != '\0' && pause_s > PAUSE_BUSY_S)
			pause_s = PAUSE_BUSY_S;
	}
	ev_timer_set(timer, pause_s, 0.);
	ev_timer_start(loop, timer);
}

/* Let ${settings} of some channels shorten the pause, if they rotate at all. */
static void
consider(double *pause_s, const struct settings *settings)
{
	double age_s = (double)settings->max_age_ms / 1e3;

	if (settings->max_size > 0 && *pause_s == 0.)
		*pause_s = PAUSE_MAX_S;
	if (age_s == 0.)
		return;
	if (*pause_s == 0. || age_s / ROUNDS_PER_AGE < *pause_s)
		*pause_s = age_s / ROUNDS_PER_AGE;
	if (*pause_s > PAUSE_MAX_S)
		*pause_s = PAUSE_MAX_S;
	if (*pause_s < PAUSE_MIN_S)
		*pause_s = PAUSE_MIN_S;
}

void
hub_rotate_init(struct hub *hub)
{
	struct hub_rotate *round = &hub->rotate;
	const struct conf_section *section;

	consider(&round->pause_s, conf_base(hub->conf));
	for (size_t i = 0; (section = conf_section(hub->conf, i)) != NULL; i++)
		consider(&round->pause_s, conf_section_values(section));
	if (round->pause_s == 0.)
		return;
	ev_timer_init(&round->timer, on_rotate, PAUSE_MIN_S, 0.);
	round->timer.data = hub;
	ev_timer_start(hub->loop, &round->timer);
}
