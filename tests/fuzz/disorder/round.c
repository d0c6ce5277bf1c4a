#include "fuzz/disorder/round.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/probe.h"
#include "fuzz/disorder/report.h"
#include "fuzz/disorder/side.h"
#include "fuzz/disorder/spool.h"
#include "fuzz/disorder/target.h"
#include "helpers/temp_dir.h"

#define TURN_US 200
#define SAMPLE_MS 100

struct round {
	const struct options *options;
	const struct plan *plan;
	struct peers *peers;
	char folder[300];
	char socket[320];
	char config[320];
	struct target target;
	struct spool spool;
	struct probe probe;
	int64_t sample_ms; /* when memory is looked at next */
};

static int
write_config(const struct round *round)
{
	FILE *file = fopen(round->config, "we");

	if (file == NULL)
		return -1;
	/* The first section is that of the spool. */
	fprintf(file, "[spool]\npath = %s/disk/spool\n%s", round->folder,
	    strchr(round->plan->settings, '\n') + 1);
	fputs("[channel " SPOOL_PROBE "]\nkeep = 1000\n", file);
	return fclose(file);
}

/* What goes on in any case.  Return whether the responder lives. */
static bool
go_on(struct round *round)
{
	probe_turn(&round->probe);
	side_turn();
	if (report_ms() >= round->sample_ms) {
		target_sample(&round->target);
		round->sample_ms = report_ms() + SAMPLE_MS;
	}
	usleep(TURN_US);
	return target_is_alive(&round->target) && !round->probe.is_deaf;
}

static int
begin(struct round *round)
{
	const struct plan *plan = round->plan;
	const char *in = round->options->folder;

	snprintf(round->folder, sizeof(round->folder), "%s/round-%llu", in,
	    (unsigned long long)plan->round);
	snprintf(
	    round->socket, sizeof(round->socket), "%s/socket", round->folder);
	snprintf(round->config, sizeof(round->config), "%s/spoolcast.ini",
	    round->folder);
	if (mkdir(round->folder, 0755) != 0 || write_config(round) != 0)
		return -1;
	report_begin(plan->round, round->folder);
	if (spool_begin(&round->spool, round->options, plan, round->folder) !=
	    0)
		return -1;
	round->target = (struct target){ .options = round->options,
		.plan = plan,
		.folder = round->folder,
		.socket = round->socket,
		.config = round->config };
	return 0;
}

/* Wait until the probe has what was appended; return whether it came. */
static bool
await_probe(struct round *round)
{
	const unsigned since = round->probe.n_appended;
	const int64_t began = report_ms();

	while (round->probe.next <= since + 1) {
		if (!go_on(round))
			return false;
		if (round->probe.n_appended == since &&
		    report_ms() - began > REPORT_DEADLINE_MS) {
			report_found("nothing can be appended for the probe, "
				     "and all is calm");
			return false;
		}
	}
	return true;
}

/* All have left: what is still there, and does it still answer? */
static void
look_at_calm(struct round *round)
{
	int64_t began = report_ms();

	peers_leave(round->peers);
	spool_calm(&round->spool);
	while (!side_settle(began))
		if (!go_on(round))
			return;
	if (!await_probe(round))
		return;
	began = report_ms();
	while (!target_is_lean(&round->target)) {
		if (report_ms() - began > REPORT_DEADLINE_MS) {
			target_tell_fds(&round->target);
			return;
		}
		if (!go_on(round))
			return;
	}
}

static void
run(struct round *round)
{
	int64_t until;

	if (target_start(&round->target) != 0)
		return;
	probe_begin(
	    &round->probe, round->options, &round->spool, round->socket);
	if (!await_probe(round))
		return;
	target_measure(&round->target);
	until = report_ms() + round->plan->seconds * (int64_t)1000;
	while (report_ms() < until) {
		peers_turn(round->peers);
		spool_turn(&round->spool);
		if (!go_on(round))
			return;
	}
	look_at_calm(round);
}

static void
end(struct round *round)
{
	struct target *target = &round->target;
	int64_t began;

	peers_leave(round->peers);
	if (round->probe.is_deaf && target->pid > 0)
		target_abort(target);
	target_stop(target);
	probe_end(&round->probe);
	began = report_ms();
	while (!side_settle(began))
		usleep(TURN_US);
	spool_end(&round->spool);
	if (report_is_bad())
		return;
	temp_dir_clear(AT_FDCWD, round->folder);
	rmdir(round->folder);
}

int
round_run(
    const struct options *options, const struct plan *plan, struct peers *peers)
{
	struct round round = {
		.options = options, .plan = plan, .peers = peers
	};

	if (begin(&round) != 0) {
		perror(round.folder);
		return -1;
	}
	side_begin(&(struct side_opts){
	    options->program, round.config, round.folder });
	peers_begin(peers, options, plan, round.socket);
	run(&round);
	end(&round);
	printf("round %llu: %.1f s, %llu connections in all, the probe waited "
	       "%lld ms at most, memory %ld + %ld kB\n",
	    (unsigned long long)plan->round, (double)report_ms() / 1e3,
	    (unsigned long long)peers->n_connections,
	    (long long)round.probe.longest_ms, round.target.base_kb,
	    round.target.most_kb);
	fflush(stdout);
	return 0;
}
