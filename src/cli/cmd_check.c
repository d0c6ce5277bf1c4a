/*
 * The verb check: which configuration holds, and what is wrong with it, with
 * the spool, or with what the system allows.
 */
#include <sys/inotify.h>
#include <sys/resource.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/check_spool.h"
#include "cli/cli.h"
#include "conf/conf_dump.h"
#include "conf/conf_find.h"
#include "conf/conf_text.h"

#define VERB "check"

/* Below these limits the system may refuse what a site of some size needs. */
#define INSTANCES_LOW 128
#define WATCHES_LOW 1024
#define DESCRIPTORS_LOW 1024

/* How many descriptors of a process are not for streams, generously counted. */
#define DESCRIPTORS_OWN 64

/* Return the number that the file ${path} consists of, or UINT64_MAX. */
static uint64_t
read_number(const char *path)
{
	uint64_t number = UINT64_MAX;
	FILE *file = fopen(path, "re");
	char line[32];

	if (file == NULL)
		return number;
	if (fgets(line, sizeof(line), file) != NULL)
		(void)num_uint(line, strcspn(line, "\n"), &number);
	fclose(file);
	return number;
}

static void
check_inotify(struct check_spool *check)
{
	static const char folder[] = "/proc/sys/fs/inotify";
	uint64_t instances =
	    read_number("/proc/sys/fs/inotify/max_user_instances");
	uint64_t watches = read_number("/proc/sys/fs/inotify/max_user_watches");
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd >= 0)
		close(fd);
	else
		findings_add(&check->notes,
		    "inotify: %s; streams look for news from time to time "
		    "instead, which is slower; raise "
		    "fs.inotify.max_user_instances (sysctl)",
		    strerror(errno));
	if (instances < INSTANCES_LOW)
		findings_add(&check->notes,
		    "%s/max_user_instances is %" PRIu64 "; where each stream "
		    "is a process, later ones are slower; raise it to %d or "
		    "more (sysctl)",
		    folder, instances, INSTANCES_LOW);
	if (watches < WATCHES_LOW)
		findings_add(&check->notes,
		    "%s/max_user_watches is %" PRIu64 ", and each channel "
		    "needs one; raise it to %d or more (sysctl)",
		    folder, watches, WATCHES_LOW);
}

static void
check_descriptors(struct check_spool *check, const struct conf *conf)
{
	uint64_t streams = conf_base(conf)->streams;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < DESCRIPTORS_LOW)
		findings_add(&check->notes,
		    "a process may have %ju descriptors here, so a responder "
		    "could serve fewer streams than that; ulimit -n raises it",
		    (uintmax_t)limit.rlim_cur);
	if (streams > 0 && streams + DESCRIPTORS_OWN > limit.rlim_cur)
		findings_add(&check->notes,
		    "[limits] streams is %" PRIu64 ", but a process may have "
		    "%ju descriptors here; ulimit -n raises it",
		    streams, (uintmax_t)limit.rlim_cur);
}

static void
check_settings(struct check_spool *check, const struct conf *conf)
{
	const struct settings *settings = conf_base(conf);

	if (settings->history > settings->history_max)
		findings_add(&check->notes,
		    "[stream] history is %" PRIu64 ", but history_max allows "
		    "only %" PRIu64,
		    settings->history, settings->history_max);
	if (geteuid() == 0)
		findings_add(&check->notes,
		    "root may read everything; check as the user of the web "
		    "server too: sudo -u www-data spoolcast check");
}

/* Both print functions get ${conf} = NULL when the configuration is wrong. */
static int
print_json(
    const struct check_spool *check, const struct conf *conf, struct buf *out)
{
	struct json json;

	json_begin(&json, out, JSON_SPACED);
	json_bool(&json, "ok", check->problems.count == 0);
	if (conf != NULL) {
		json_text(&json, "file", conf_file(conf));
		json_text(&json, "why", conf_why(conf));
		json_number(&json, "channels_served", check->channels);
		conf_dump_json(conf, &json);
	}
	findings_json(&check->problems, "problem", &json);
	findings_json(&check->notes, "note", &json);
	return json_finish(&json);
}

static int
print_text(
    const struct check_spool *check, const struct conf *conf, struct buf *out)
{
	const char *file = conf != NULL ? conf_file(conf) : NULL;

	if (conf != NULL &&
	    (buf_puts(out, "configuration: ") != 0 ||
		(file != NULL && conf_text_plain(file, out) != 0) ||
		buf_printf(out, file != NULL ? " (%s)\n\n" : "%s\n\n",
		    conf_why(conf)) != 0 ||
		conf_dump_text(conf, out) != 0 ||
		buf_printf(out, "\nchannels served: %zu\n", check->channels) !=
		    0))
		return -1;
	if (findings_print(&check->problems, "problem", out) != 0 ||
	    findings_print(&check->notes, "note", out) != 0)
		return -1;
	return buf_puts(
	    out, check->problems.count == 0 ? "no problem found\n" : "");
}

/*
 * Find the configuration, or add what is wrong with it.  Return an exit code.
 */
static int
open_conf(const struct cli *cli, struct check_spool *check, struct conf **conf)
{
	struct conf_where where = { cli->config, cli->argv0 };
	struct conf_errors errs = { 0 };
	int status;

	if (conf_find(&where, conf, &errs) == 0)
		return EXIT_DONE;
	for (size_t i = 0; i < conf_errors_count(&errs); i++)
		findings_add(
		    &check->problems, "%s", conf_errors_line(&errs, i));
	status = errs.is_system ? EXIT_SYSTEM : EXIT_USAGE;
	conf_errors_free(&errs);
	return status;
}

int
cmd_check(const struct cli *cli, int argc, char **argv)
{
	struct check_spool check = { 0 };
	struct conf *conf = NULL;
	struct buf out = { 0 };
	int status;

	if (cli_operands(VERB, 0, argc, argv) < 0)
		return EXIT_USAGE;
	status = open_conf(cli, &check, &conf);
	if (status == EXIT_DONE) {
		check.path = conf_base(conf)->path;
		check.conf = conf;
		/*
		 * The spool comes last: it may have so many findings that no
		 * others fit in.
		 */
		check_settings(&check, conf);
		check_descriptors(&check, conf);
		check_inotify(&check);
		check_spool(&check);
		if (check.problems.count > 0)
			status = EXIT_NEGATIVE;
	}
	if ((cli->json ? print_json : print_text)(&check, conf, &out) == 0)
		fwrite(out.data, 1, out.len, stdout);
	else
		status = cli_system_error(VERB, "cannot print what was found");
	buf_free(&out);
	findings_free(&check.problems);
	findings_free(&check.notes);
	conf_free(conf);
	return status;
}
