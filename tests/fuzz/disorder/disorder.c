/*
 * disorder: peer and spool at once.  See usage(), and run.sh, which starts it.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz/disorder/confine.h"
#include "fuzz/disorder/report.h"
#include "fuzz/disorder/round.h"
#include "fuzz/disorder/spool.h"

#define EXIT_USAGE 100
#define EXIT_SYSTEM 111

static void
usage(void)
{
	fputs(
	    "usage: disorder --program PATH --folder PATH [OPTION...]\n"
	    "  --program PATH   the spoolcast to try\n"
	    "  --folder PATH    for logs and spools; must be there\n"
	    "  --seconds N      in all (60)\n"
	    "  --processes N    of the responder (1)\n"
	    "  --seed N         repeats what another run has drawn\n"
	    "  --round N        begins with this round of it (1)\n"
	    "  --without A,B    what is left out of what is done to the spool\n"
	    "  --only A,B       all that is done to the spool\n"
	    "  --first          stop when something is found\n",
	    stderr);
	exit(EXIT_USAGE);
}

static uint64_t
number(const char *text, uint64_t min)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < min)
		usage();
	return n;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "program", 1, NULL, 'p' },
		{ "folder", 1, NULL, 'f' },
		{ "seconds", 1, NULL, 's' },
		{ "processes", 1, NULL, 'n' },
		{ "seed", 1, NULL, 'r' },
		{ "round", 1, NULL, 'b' },
		{ "without", 1, NULL, 'w' },
		{ "only", 1, NULL, 'o' },
		{ "first", 0, NULL, '1' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'p')
			o->program = optarg;
		else if (c == 'f')
			o->folder = optarg;
		else if (c == 's')
			o->seconds = (unsigned)number(optarg, 1);
		else if (c == 'n')
			o->processes = (unsigned)number(optarg, 1);
		else if (c == 'r')
			o->seed = number(optarg, 1);
		else if (c == 'b')
			o->first_round = number(optarg, 1);
		else if (c == 'w')
			o->without = optarg;
		else if (c == 'o')
			o->only = optarg;
		else if (c == '1')
			o->stops_at_first = true;
		else
			usage();
	}
	if (o->program == NULL || o->folder == NULL || optind < argc)
		usage();
}

/* Whether the program has AddressSanitizer in it. */
static bool
is_sanitized(const char *program)
{
	static char bytes[1 << 20];
	FILE *file = fopen(program, "re");
	bool is_so = false;
	size_t n;

	if (file == NULL) {
		perror(program);
		exit(EXIT_SYSTEM);
	}
	while (!is_so && (n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		is_so = memmem(bytes, n, "__asan_init", 11) != NULL;
	fclose(file);
	return is_so;
}

static char *
find_faketime(void)
{
	glob_t found;
	char *path = NULL;

	if (glob("/usr/lib/*/faketime/libfaketime.so.1", 0, NULL, &found) == 0)
		path = strdup(found.gl_pathv[0]);
	globfree(&found);
	return path;
}

/* Look what may be done here, and say what is left out. */
static void
look_around(struct options *o)
{
	o->is_sanitized = is_sanitized(o->program);
	o->has_mounts = confine(o->folder);
	/* Whoever may write everywhere has no business with links, then. */
	o->has_links = o->has_mounts || geteuid() != 0;
	o->faketime = find_faketime();
	if (!o->has_mounts)
		printf("left out: full disks, for nothing can be mounted\n");
	if (!o->has_links)
		printf("left out: symbolic links and rights, for we are root "
		       "and cannot be confined to our folder\n");
	if (o->is_sanitized)
		printf("left out: the clock, for AddressSanitizer and "
		       "libfaketime do not go together\n");
	else if (o->faketime == NULL)
		printf("left out: the clock, for there is no libfaketime\n");
}

static void
print_plan(const struct plan *plan)
{
	char settings[sizeof(plan->settings)];

	snprintf(settings, sizeof(settings), "%s", plan->settings);
	for (char *c = settings; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	printf("plan of round %" PRIu64
	       ": %u s, %u peers of %u ms, storms of %u ms each %u ms, an "
	       "action each %u us at most, descriptors %u, disk %u MB, "
	       "clock %s, focus %s %u %%, files of %lld bytes, ids %u %% of "
	       "which bent %u %%, broken %u %%; %s\n",
	    plan->round, plan->seconds, plan->n_peers, plan->peer_ms,
	    plan->storm_ms, plan->quiet_ms, plan->pause_us, plan->nofile,
	    plan->disk_mb, plan->has_clock ? "set" : "right",
	    spool_channel_name(plan->focus), plan->focus_percent,
	    (long long)plan->file_bytes, plan->id_percent, plan->bent_percent,
	    plan->broken_percent, settings);
	printf("  done to the spool:");
	for (size_t i = 0; i < spool_n_actions(); i++)
		if (plan->actions[i] != 0)
			printf(
			    " %s %u", spool_action_name(i), plan->actions[i]);
	printf("\n");
	fflush(stdout);
}

static int
run_rounds(const struct options *o)
{
	static struct peers peers;
	int64_t began = clock_mono_ms(), left_s = o->seconds;
	struct plan plan;

	for (uint64_t round = o->first_round; left_s > 0; round++) {
		if (o->stops_at_first && report_n_found() > 0)
			break;
		plan_draw(&plan, o, round);
		if (plan.seconds > left_s)
			plan.seconds = (unsigned)left_s;
		print_plan(&plan);
		if (round_run(o, &plan, &peers) != 0)
			return EXIT_SYSTEM;
		left_s = o->seconds - (clock_mono_ms() - began) / 1000;
	}
	printf("\nSEED=%" PRIu64 ": %.0f s, %" PRIu64
	       " connections, %.1f MB got\n",
	    o->seed, (double)(clock_mono_ms() - began) / 1e3,
	    peers.n_connections, (double)peers.n_bytes / 1e6);
	report_print();
	return report_n_found() == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct options o = { .seconds = 60, .processes = 1, .first_round = 1 };
	struct rnd rnd;

	signal(SIGPIPE, SIG_IGN);
	rnd_seed(&rnd);
	/* So that it can be typed. */
	o.seed = (uint64_t)rnd_between(&rnd, 1, 999999999);
	read_options(&o, argc, argv);
	printf("SEED=%" PRIu64 "\n", o.seed);
	look_around(&o);
	return run_rounds(&o);
}
