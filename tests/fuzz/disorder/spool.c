#include "fuzz/disorder/spool.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/side.h"

#define STREAM_OF_SPOOL 3
/* One action is repeated so often, at most. */
#define REPEAT_MAX 40
/* In which what was renamed last settles. */
#define STILL_MS 3200

static const struct action *const tables[] = { spool_appends, spool_rotations,
	spool_damages, spool_forgeries };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* The row of the number ${i}, of all tables; NULL: there is none. */
static const struct action *
find_action(size_t i)
{
	for (size_t t = 0; t < N_TABLES; t++)
		for (const struct action *a = tables[t]; a->name != NULL; a++)
			if (i-- == 0)
				return a;
	return NULL;
}

size_t
spool_n_actions(void)
{
	size_t n = 0;

	while (find_action(n) != NULL)
		n++;
	return n;
}

const char *
spool_action_name(size_t i)
{
	return find_action(i)->name;
}

unsigned
spool_action_weight(size_t i)
{
	return find_action(i)->weight;
}

/* Channels, and what may be in the place of their files, too. */
static const struct {
	const char *name, *base, *shadow;
} channels[SPOOL_N_CHANNELS] = {
	{ "news", "news", "news.sse" },
	{ "a", "a", "a.fifo" },
	{ "deploy", "deploy.sse", "deploy" },
	{ "jobs", ".spoolcast/jobs.d.log", "jobs.d" },
	{ "alerts", ".spoolcast/alerts.fifo.log", "alerts.fifo" },
	{ "x-1", "x-1", "x-2" },
};

const char *
spool_channel_name(size_t i)
{
	return channels[i].name;
}

const char *
spool_draw_channel(const struct plan *plan, struct rnd *rnd)
{
	size_t at = draw_below(rnd, SPOOL_N_CHANNELS);

	if (draw_chance(rnd, plan->focus_percent))
		at = plan->focus;
	return channels[at].name;
}

const char *
spool_draw_base(struct spool *spool)
{
	size_t at = draw_below(&spool->rnd, SPOOL_N_CHANNELS);

	if (draw_chance(&spool->rnd, spool->plan->focus_percent))
		at = spool->plan->focus;
	if (draw_chance(&spool->rnd, 8))
		return channels[at].shadow;
	return channels[at].base;
}

void
spool_name_of(char out[SPOOL_NAME_MAX], const char *base, unsigned number)
{
	snprintf(out, SPOOL_NAME_MAX, "%s.%u", base, number);
}

void
spool_draw_name(struct spool *spool, char out[SPOOL_NAME_MAX])
{
	const char *base = spool_draw_base(spool);

	if (draw_chance(&spool->rnd, 55))
		snprintf(out, SPOOL_NAME_MAX, "%s", base);
	else if (draw_chance(&spool->rnd, 10))
		snprintf(out, SPOOL_NAME_MAX, "jobs.d");
	else
		spool_name_of(out, base, (unsigned)draw_below(&spool->rnd, 5));
}

void
spool_clear(int fd, const char *name)
{
	int own =
	    openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = own == -1 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strncmp(entry->d_name, SPOOL_PROBE, strlen(SPOOL_PROBE)) ==
			0)
			continue;
		if (unlinkat(own, entry->d_name, 0) != 0)
			spool_clear(own, entry->d_name);
	}
	closedir(dir);
	unlinkat(fd, name, AT_REMOVEDIR);
}

static void
open_spool(struct spool *spool)
{
	int fd = openat(
	    spool->folder_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (spool->fd != -1)
		close(spool->fd);
	spool->fd = fd;
}

/* A disk of our own, small enough to be filled. */
static int
mount_disk(struct spool *spool, const struct plan *plan)
{
	char options[40];

	snprintf(options, sizeof(options), "size=%um", plan->disk_mb);
	return mount("none", spool->folder, "tmpfs", 0, options);
}

/* Devices that links may lead to, which are nobody else's. */
static void
make_devices(struct spool *spool)
{
	static const struct {
		const char *name;
		unsigned minor;
	} devices[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 } };

	for (size_t i = 0; i < 3; i++)
		if (mknodat(spool->folder_fd, devices[i].name, S_IFCHR | 0666,
			makedev(1, devices[i].minor)) != 0)
			report_note("no device %s", devices[i].name);
}

int
spool_begin(struct spool *spool, const struct options *options,
    const struct plan *plan, const char *folder)
{
	*spool = (struct spool){ .plan = plan, .options = options, .fd = -1 };
	for (size_t i = 0; i < SPOOL_LOCKS_MAX; i++)
		spool->locks[i].fd = -1;
	draw_start(&spool->rnd, options->seed, plan->round, STREAM_OF_SPOOL);
	snprintf(spool->folder, sizeof(spool->folder), "%s/disk", folder);
	snprintf(spool->clock, sizeof(spool->clock), "%s/clock", folder);
	if (mkdir(spool->folder, 0755) != 0)
		return -1;
	if (plan->disk_mb != 0 && mount_disk(spool, plan) == 0)
		spool->is_mounted = true;
	spool->folder_fd =
	    open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->folder_fd == -1 ||
	    mkdirat(spool->folder_fd, "spool", 0755) != 0)
		return -1;
	open_spool(spool);
	make_devices(spool);
	return 0;
}

/* The folder that was put aside has a successor. */
static void
come_back(struct spool *spool)
{
	char aside[SPOOL_NAME_MAX], from[SPOOL_NAME_MAX + 8];

	snprintf(aside, sizeof(aside), "old-%llu",
	    (unsigned long long)spool->n_left);
	snprintf(from, sizeof(from), "%s/" SPOOL_PROBE, aside);
	spool->back_ms = 0;
	if (draw_chance(&spool->rnd, 15)) {
		report_note("the spool comes back as it was");
		renameat(spool->folder_fd, aside, spool->folder_fd, "spool");
		return;
	}
	report_note("the spool comes back anew");
	spool->exchanged_ms = report_ms();
	/* The probe's file is there when the folder is, or right after. */
	if (mkdirat(spool->folder_fd, "next", 0755) != 0)
		report_note("no room for a spool");
	if (draw_chance(&spool->rnd, 50))
		renameat(spool->folder_fd, from, spool->folder_fd,
		    "next/" SPOOL_PROBE);
	renameat(spool->folder_fd, "next", spool->folder_fd, "spool");
	renameat(
	    spool->folder_fd, from, spool->folder_fd, "spool/" SPOOL_PROBE);
	open_spool(spool);
	if (draw_chance(&spool->rnd, 70))
		spool_clear(spool->folder_fd, aside);
}

static void
let_go(struct spool *spool, int64_t now)
{
	for (size_t i = 0; i < SPOOL_LOCKS_MAX; i++) {
		if (spool->locks[i].fd == -1 || spool->locks[i].until_ms > now)
			continue;
		close(spool->locks[i].fd);
		spool->locks[i].fd = -1;
	}
}

/*
 * Whether it may be done now.  In a calm files are left alone, and for its
 * first seconds what is not of channels, too: some of it makes others touch
 * them.
 */
static bool
is_due(const struct spool *spool, const struct action *action)
{
	int64_t left_ms = spool->turn_ms - report_ms();
	bool is_early = left_ms > spool->plan->quiet_ms - STILL_MS;

	if (spool->is_storm)
		return true;
	return action->is_soft && !(is_early && action->is_forgery);
}

static const struct action *
draw_action(struct spool *spool)
{
	const struct action *action;
	unsigned tries = 20;

	do {
		action = find_action(draw_row(
		    &spool->rnd, spool->plan->actions, spool_n_actions()));
	} while (!is_due(spool, action) && tries-- > 0);
	return action;
}

static void
act(struct spool *spool)
{
	const struct action *action = draw_action(spool);
	size_t n = draw_chance(&spool->rnd, 80) ?
	    1 :
	    1 + draw_size(&spool->rnd, REPEAT_MAX);

	if (!is_due(spool, action))
		return;
	/* Those that start a program, or are a lot by themselves, come once. */
	if (action->weight == 1)
		n = 1;
	report_count("spool", action->name, n);
	while (n-- > 0)
		action->run(spool);
}

/* A storm begins, or a calm. */
static void
turn_over(struct spool *spool, int64_t now)
{
	const struct plan *plan = spool->plan;

	spool->is_storm = !spool->is_storm || plan->quiet_ms == 0;
	spool->turn_ms = now +
	    (spool->is_storm ?
		    1 + (int64_t)draw_size(&spool->rnd, plan->storm_ms) :
		    plan->quiet_ms);
	report_note(spool->is_storm ? "a storm" : "a calm");
	/* A calm is long enough for what needs files that are left alone. */
	if (!spool->is_storm && spool->plan->builds)
		spool_build(spool);
}

void
spool_turn(struct spool *spool)
{
	int64_t now = report_ms();
	unsigned n = 0;

	let_go(spool, now);
	if (spool->back_ms != 0 && now >= spool->back_ms)
		come_back(spool);
	if (now >= spool->turn_ms)
		turn_over(spool, now);
	while (spool->due_us <= now * 1000 && n++ < 20) {
		act(spool);
		spool->due_us +=
		    1 + (int64_t)draw_size(&spool->rnd, spool->plan->pause_us);
	}
	if (spool->due_us < now * 1000)
		spool->due_us = now * 1000;
}

/* What was exchanged takes room that the probe needs. */
static void
clear_old(struct spool *spool)
{
	int own = openat(spool->folder_fd, ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = own == -1 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, "old-", 4) == 0)
			spool_clear(spool->folder_fd, entry->d_name);
	}
	closedir(dir);
}

void
spool_calm(struct spool *spool)
{
	let_go(spool, INT64_MAX);
	if (spool->back_ms != 0)
		come_back(spool);
	if (spool->is_mounted)
		unlinkat(spool->folder_fd, "ballast", 0);
	spool->is_full = false;
	spool_clear(spool->folder_fd, "spool");
	clear_old(spool);
	report_note("all is calm");
}

void
spool_end(struct spool *spool)
{
	if (spool->fd != -1)
		close(spool->fd);
	if (spool->folder_fd != -1)
		close(spool->folder_fd);
	if (spool->is_mounted)
		umount2(spool->folder, MNT_DETACH);
}

bool
spool_append_probe(struct spool *spool, const char *text, size_t *done)
{
	int fd;
	ssize_t n;

	if (spool->back_ms != 0)
		return false;
	fd = openat(spool->fd, SPOOL_PROBE,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd == -1)
		return false;
	n = write(fd, text + *done, strlen(text + *done));
	close(fd);
	if (n > 0)
		*done += (size_t)n;
	return n > 0 && text[*done] == '\0';
}

void
spool_run(struct spool *spool, const char *verb, const char *argument)
{
	(void)spool;
	side_run(verb, argument);
}
