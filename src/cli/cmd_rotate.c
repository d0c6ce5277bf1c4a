/*
 * The verb rotate: channels that are named, or all that are due, get a new file
 * (spool/rotation.h does it).
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/name.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "spool/folder.h"
#include "spool/rotation.h"

#define VERB "rotate"

struct job {
	const struct conf *conf;
	struct folder folder;
	bool is_json;
	bool is_named; /* channels are named: rotate them, due or not */
	char (*names)[NAME_MAX_LEN + 1];
	size_t n_names;
	int status; /* the worst so far */
};

static int
fail(struct job *job, const char *channel, const char *problem)
{
	job->status = EXIT_SYSTEM;
	return cli_refuse(VERB, EXIT_SYSTEM, "%s: %s", channel, problem);
}

static void
report(struct job *job, const char *channel, const char *result,
    const struct rotation_report *report)
{
	struct buf text = { 0 };
	struct json json;

	if (!job->is_json)
		return;
	json_begin(&json, &text, JSON_COMPACT);
	json_text(&json, "channel", channel);
	json_text(&json, "result", result);
	if (report->size > 0)
		json_number(&json, "bytes", report->size);
	if (report->problem[0] != '\0')
		json_text(&json, "problem", report->problem);
	if (cli_print_json(VERB, &json, "cannot tell") != EXIT_DONE)
		job->status = EXIT_SYSTEM;
}

/* Tell that there is nothing to rotate in a channel that was named. */
static void
say_nothing(struct job *job, const char *channel, bool is_empty)
{
	const struct rotation_report none = { 0 };

	if (job->status == EXIT_DONE)
		job->status = EXIT_NEGATIVE;
	if (job->is_json)
		report(job, channel, is_empty ? "empty" : "missing", &none);
	else
		(void)cli_refuse(VERB, EXIT_NEGATIVE,
		    is_empty ? "%s is empty, there is nothing to rotate" :
			       "there is no channel %s with a file to rotate",
		    channel);
}

static void
rotate(struct job *job, const char *channel, const struct form *form)
{
	const struct settings *settings = conf_for(job->conf, channel);
	struct rotation_report done = { 0 };
	char base[FORM_SERIES_SIZE];
	struct rotation rotation = { .base = form_series(form, channel, base),
		.keep = settings->keep,
		.may_wait = true };

	/* A channel that was not named is rotated only if it is due. */
	if (!job->is_named) {
		if (!settings_rotate(settings))
			return;
		rotation.max_size = settings->max_size;
		rotation.max_age_ms = settings->max_age_ms;
	}
	switch (rotation_run(job->folder.path, &rotation, &done)) {
	case ROTATION_DONE:
		report(job, channel, "rotated", &done);
		break;
	case ROTATION_FAILED:
		fail(job, channel, done.problem);
		report(job, channel, "failed", &done);
		break;
	case ROTATION_NOTHING:
	case ROTATION_BUSY: /* this does not occur where we wait */
		if (job->is_named)
			say_nothing(job, channel, true);
		break;
	}
}

static void
rotate_channel(struct job *job, const char *channel)
{
	struct stat st;
	const struct form *form = folder_form(&job->folder, channel, &st);

	if (form != NULL)
		rotate(job, channel, form);
	else if (errno != ENOENT)
		fail(job, channel, strerror(errno));
	else if (job->is_named)
		say_nothing(job, channel, false);
}

static int
add_name(void *cookie, const char *name)
{
	struct job *job = cookie;
	void *larger;

	/* Make room for twice as many when their number is a power of two. */
	if ((job->n_names & (job->n_names - 1)) == 0) {
		larger = realloc(
		    job->names, (2 * job->n_names + 1) * sizeof(job->names[0]));
		if (larger == NULL)
			return -1;
		job->names = larger;
	}
	snprintf(job->names[job->n_names++], sizeof(job->names[0]), "%s", name);
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/*
 * Rotate the channels in order, each once, although one may have several forms.
 */
static int
rotate_all(struct job *job)
{
	if (folder_list(&job->folder, add_name, job) != 0)
		return cli_system_error(
		    VERB, "cannot list the spool %s", job->folder.path);
	if (job->n_names > 0)
		qsort(job->names, job->n_names, sizeof(job->names[0]),
		    compare_names);
	for (size_t i = 0; i < job->n_names; i++) {
		if (i == 0 || strcmp(job->names[i - 1], job->names[i]) != 0)
			rotate_channel(job, job->names[i]);
	}
	return job->status;
}

/*
 * Complete what a killed process left, first and whether or not it is asked
 * for.
 */
static void
complete(struct job *job)
{
	struct rotation_report done;

	if (rotation_complete(job->folder.path, true, &done) ==
	    ROTATION_FAILED) {
		job->status = EXIT_SYSTEM;
		(void)cli_refuse(VERB, EXIT_SYSTEM, "%s", done.problem);
	}
}

static int
check_names(int argc, char **argv, int first)
{
	for (int i = first; i < argc; i++) {
		if (!name_is_valid(argv[i], strlen(argv[i])))
			return cli_usage_error(
			    VERB, "%s is not a channel name", argv[i]);
	}
	return EXIT_DONE;
}

static int
run(struct job *job, int argc, char **argv, int first)
{
	const char *path = conf_base(job->conf)->path;
	int status;

	if (access(path, X_OK) != 0)
		return cli_system_error(VERB, "cannot use the spool %s", path);
	if (folder_init(&job->folder, NULL, path, NULL, NULL) != 0)
		return cli_system_error(VERB, "cannot use the spool");
	job->is_named = first < argc;
	complete(job);
	for (int i = first; i < argc; i++)
		rotate_channel(job, argv[i]);
	status = job->is_named ? job->status : rotate_all(job);
	free(job->names);
	folder_free(&job->folder);
	return status;
}

int
cmd_rotate(const struct cli *cli, int argc, char **argv)
{
	struct job job = { .is_json = cli->json != 0 };
	struct conf *conf;
	int first = cli_operands(VERB, INT_MAX, argc, argv);
	int status = first == -1 ? EXIT_USAGE : check_names(argc, argv, first);

	cli_tell_waiting(VERB);
	if (status == EXIT_DONE)
		status = cli_conf(cli, VERB, &conf);
	if (status != EXIT_DONE)
		return status;
	job.conf = conf;
	status = run(&job, argc, argv, first);
	conf_free(conf);
	return status;
}
