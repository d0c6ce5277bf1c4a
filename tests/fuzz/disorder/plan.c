#include "fuzz/disorder/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/disorder/peer.h"
#include "fuzz/disorder/spool.h"

#define STREAM_OF_PLAN 1

bool
plan_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (words != NULL && *words != '\0') {
		size_t n = strcspn(words, ",");

		if (n == len && memcmp(words, word, n) == 0)
			return true;
		words += n + (words[n] == ',');
	}
	return false;
}

static void add(struct plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct plan *plan, const char *format, ...)
{
	size_t len = strlen(plan->settings);
	va_list args;

	va_start(args, format);
	vsnprintf(
	    plan->settings + len, sizeof(plan->settings) - len, format, args);
	va_end(args);
}

/* One of ${n} numbers. */
static uint64_t
one_of(struct rnd *rnd, const uint64_t *numbers, size_t n)
{
	return numbers[draw_below(rnd, n)];
}
#define ONE_OF(rnd, ...)                                                       \
	one_of(rnd, (const uint64_t[]){ __VA_ARGS__ },                         \
	    sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void
draw_spool(struct plan *plan, struct rnd *rnd)
{
	plan->max_record = ONE_OF(rnd, 1024, 4096, 65536, 65536, 1048576);
	add(plan, "[spool]\nmax_record = %" PRIu64 "\nkeep = %" PRIu64 "\n",
	    plan->max_record, ONE_OF(rnd, 0, 1, 2, 4, 9, 1000));
	if (draw_chance(rnd, 40))
		add(plan, "max_size = %" PRIu64 "\n",
		    ONE_OF(rnd, 4096, 4096, 16384, 262144));
	if (draw_chance(rnd, 30))
		add(plan, "max_age = %" PRIu64 "s\n", ONE_OF(rnd, 1, 2, 3600));
	if (draw_chance(rnd, 30))
		add(plan, "keep_files = yes\n");
	if (draw_chance(rnd, 30))
		add(plan, "type_from_extension = yes\n");
}

static void
draw_stream(struct plan *plan, struct rnd *rnd)
{
	plan->lifetime_ms = ONE_OF(rnd, 100, 1000, 1000, 3000, 0);
	add(plan,
	    "[stream]\nlifetime = %" PRIu64 "ms\nheartbeat = %" PRIu64
	    "ms\nretry = %" PRIu64 "ms\nreconnect_rate = %" PRIu64 "\n",
	    plan->lifetime_ms, ONE_OF(rnd, 100, 1000, 15000),
	    ONE_OF(rnd, 1, 100), ONE_OF(rnd, 100, 1000000));
	add(plan,
	    "retry_overload = 100ms\nhistory = %" PRIu64
	    "\nhistory_max = %" PRIu64 "\non_gap = %s\nstall = %" PRIu64
	    "ms\ndrain = %" PRIu64 "ms\n",
	    ONE_OF(rnd, 0, 0, 1, 50), ONE_OF(rnd, 0, 10, 1000, 1000000),
	    draw_chance(rnd, 50) ? "oldest" : "newest",
	    ONE_OF(rnd, 100, 1000, 60000), ONE_OF(rnd, 0, 100, 1000));
}

static void
draw_flush(struct plan *plan, struct rnd *rnd)
{
	static const char *const modes[] = { "auto", "stream", "stream",
		"batch", "pad", "close" };

	add(plan,
	    "[flush]\nmode = %s\ninterval = %" PRIu64 "ms\nbytes = %" PRIu64
	    "\nhold = %" PRIu64 "ms\nclose_retry = 1ms\npoll_retry = 100ms\n"
	    "client_may_choose = %s\n",
	    modes[draw_below(rnd, 6)], ONE_OF(rnd, 1, 50, 500),
	    ONE_OF(rnd, 1, 1000, 16384), ONE_OF(rnd, 0, 100, 1000),
	    draw_chance(rnd, 70) ? "yes" : "no");
}

static void
draw_limits(struct plan *plan, struct rnd *rnd)
{
	plan->memory_kb = ONE_OF(rnd, 64, 256, 1024, 16384, 65536, 65536);
	plan->streams = (unsigned)ONE_OF(rnd, 0, 0, 0, 3, 20);
	plan->per_address = (unsigned)ONE_OF(rnd, 0, 0, 0, 1, 5);
	plan->nofile = (unsigned)ONE_OF(rnd, 1024, 1024, 1024, 64, 200);
	plan->has_short_limits = plan->memory_kb < 16384 ||
	    plan->streams != 0 || plan->per_address != 0 || plan->nofile < 1024;
	add(plan,
	    "[limits]\nmemory = %" PRIu64
	    "K\nstreams = %u\nstreams_per_address = %u\n",
	    plan->memory_kb, plan->streams, plan->per_address);
	if (draw_chance(rnd, 20))
		add(plan, "channels_per_stream = %" PRIu64 "\n",
		    ONE_OF(rnd, 1, 4, 1000));
}

/* Leave out most of ${n} rows, and give the others weights that differ. */
static void
draw_weights(
    struct rnd *rnd, unsigned *weights, const unsigned *usual, size_t n)
{
	bool has_all = draw_chance(rnd, 20);

	for (size_t i = 0; i < n; i++) {
		weights[i] = usual[i] << draw_below(rnd, 5);
		if (!has_all && draw_chance(rnd, 50))
			weights[i] = 0;
	}
}

static void
draw_pace(struct plan *plan, struct rnd *rnd, const struct options *options)
{
	plan->seconds = (unsigned)ONE_OF(rnd, 4, 8, 8, 12);
	plan->n_peers = (unsigned)ONE_OF(rnd, 4, 16, 50, 150);
	plan->peer_ms = (unsigned)ONE_OF(rnd, 3, 20, 20, 200, 2000);
	plan->quiet_ms = (unsigned)ONE_OF(rnd, 0, 100, 3900, 4900);
	plan->storm_ms = (unsigned)ONE_OF(rnd, 5, 50, 500, 3000);
	plan->pause_us = (unsigned)ONE_OF(rnd, 100, 1000, 10000, 50000);
	plan->id_percent = (unsigned)ONE_OF(rnd, 10, 50, 90);
	plan->bent_percent = (unsigned)ONE_OF(rnd, 20, 60, 95);
	plan->broken_percent = (unsigned)ONE_OF(rnd, 0, 3, 30);
	plan->focus_percent = (unsigned)ONE_OF(rnd, 0, 50, 80, 95);
	plan->focus = draw_below(rnd, SPOOL_N_CHANNELS);
	plan->file_bytes = (int64_t)ONE_OF(rnd, 2000, 20000, 200000, 2000000);
	plan->builds = draw_chance(rnd, 50);
	plan->has_clock = draw_chance(rnd, 30) && options->faketime != NULL &&
	    !options->is_sanitized && !plan_has_word(options->without, "clock");
	plan->disk_mb = (unsigned)ONE_OF(rnd, 0, 0, 0, 0, 1, 4, 32);
	if (!options->has_mounts || plan_has_word(options->without, "disk"))
		plan->disk_mb = 0;
}

/* What the words of the options leave of the actions. */
static void
keep_wanted(struct plan *plan, const struct options *options)
{
	const char *name;

	for (size_t i = 0; i < spool_n_actions(); i++) {
		name = spool_action_name(i);
		if (plan_has_word(options->without, name))
			plan->actions[i] = 0;
		if (options->only != NULL)
			plan->actions[i] = plan_has_word(options->only, name);
		if (!options->has_links &&
		    plan_has_word("symlinks,rights,forge", name))
			plan->actions[i] = 0;
		if (strcmp(name, "clock") == 0 && !plan->has_clock)
			plan->actions[i] = 0;
		if (strcmp(name, "disk") == 0 && plan->disk_mb == 0)
			plan->actions[i] = 0;
	}
	/* Something has to be there. */
	plan->actions[0] |= 1;
	plan->manners[0] |= 1;
}

void
plan_draw(struct plan *plan, const struct options *options, uint64_t round)
{
	unsigned usual[DRAW_ROWS_MAX];
	struct rnd rnd;

	*plan =
	    (struct plan){ .round = round, .processes = options->processes };
	draw_start(&rnd, options->seed, round, STREAM_OF_PLAN);
	draw_spool(plan, &rnd);
	draw_stream(plan, &rnd);
	draw_flush(plan, &rnd);
	draw_limits(plan, &rnd);
	draw_pace(plan, &rnd, options);
	for (size_t i = 0; i < spool_n_actions(); i++)
		usual[i] = spool_action_weight(i);
	draw_weights(&rnd, plan->actions, usual, spool_n_actions());
	for (size_t i = 0; i < peer_n_manners(); i++)
		usual[i] = peer_manner_weight(i);
	draw_weights(&rnd, plan->manners, usual, peer_n_manners());
	keep_wanted(plan, options);
}
