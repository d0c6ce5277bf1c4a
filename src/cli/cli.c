/*
 * From argv to a verb: the options that all verbs share, and the few things
 * that each of them would otherwise repeat.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/verbs.h"
#include "conf/conf_find.h"
#include "spool/lock.h"

#define CANNOT_WRITE "cannot write to standard output"

/* An argv taken apart. */
struct command_line {
	struct cli cli;
	const struct verb *verb; /* NULL: none was given */
	int want_help;
	int want_version;
	int argc; /* what is left for the verb, itself included */
	char **argv;
};

static void __attribute__((format(printf, 2, 0)))
complain(const char *verb, const char *format, va_list ap)
{
	struct shown shown;
	char *text;
	int len = vasprintf(&text, format, ap);

	fprintf(stderr, "spoolcast%s%s: ", verb != NULL ? " " : "",
	    verb != NULL ? verb : "");
	if (len < 0) {
		fputs("out of memory", stderr);
		return;
	}
	/* The text may have names that others gave to files. */
	for (size_t at = 0; at < (size_t)len; at += shown.used) {
		shown_next(text + at, (size_t)len - at, &shown);
		fputs(shown.text, stderr);
	}
	free(text);
}

int
cli_usage_error(const char *verb, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(verb, format, ap);
	va_end(ap);
	fprintf(stderr, "\n`spoolcast help%s%s` tells how it is used.\n",
	    verb != NULL ? " " : "", verb != NULL ? verb : "");
	return EXIT_USAGE;
}

int
cli_refuse(const char *verb, int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(verb, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int
cli_system_error(const char *verb, const char *format, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, format);
	complain(verb, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	return EXIT_SYSTEM;
}

int
cli_bad_option(const char *verb, char **argv, int found)
{
	const char *given = argv[optind - 1];
	int is_long = strncmp(given, "--", 2) == 0;

	if (found == ':' && is_long)
		return cli_usage_error(verb, "%s needs a value", given);
	if (found == ':')
		return cli_usage_error(verb, "-%c needs a value", optopt);
	if (is_long || optopt == 0)
		return cli_usage_error(verb, "unknown option %s", given);
	return cli_usage_error(verb, "unknown option -%c", optopt);
}

int
cli_operands(const char *verb, int most, int argc, char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	int found;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	found = getopt_long(argc, argv, ":", none, NULL);
	if (found != -1) {
		cli_bad_option(verb, argv, found);
		return -1;
	}
	if (argc - optind > most) {
		cli_usage_error(verb, "too many arguments, from %s on",
		    argv[optind + most]);
		return -1;
	}
	return optind;
}

static const char *waiting_verb;

static void
tell_waiting(const char *what, const struct lock_holder *holder)
{
	(void)cli_refuse(waiting_verb, EXIT_DONE,
	    "waiting for process %ld (%s), which has %s locked; not longer "
	    "than %d s",
	    (long)holder->pid, holder->command, what, LOCK_GIVE_UP_S);
}

void
cli_tell_waiting(const char *verb)
{
	waiting_verb = verb;
	lock_set_teller(tell_waiting);
}

int
cli_conf(const struct cli *cli, const char *verb, struct conf **conf)
{
	struct conf_where where = { cli->config, cli->argv0 };
	struct conf_errors errs = { 0 };
	int status;

	if (conf_find(&where, conf, &errs) == 0)
		return EXIT_DONE;
	status = errs.is_system ? EXIT_SYSTEM : EXIT_USAGE;
	for (size_t i = 0; i < conf_errors_count(&errs); i++)
		cli_refuse(verb, status, "%s", conf_errors_line(&errs, i));
	conf_errors_free(&errs);
	return status;
}

int
cli_print(const struct buf *text)
{
	if (fwrite(text->data, 1, text->len, stdout) == text->len)
		return EXIT_DONE;
	return cli_system_error(NULL, CANNOT_WRITE);
}

int
cli_unknown_verb(const char *name)
{
	const struct verb *near = verbs_near(name);

	if (near == NULL)
		return cli_usage_error(NULL, "unknown verb %s", name);
	return cli_usage_error(
	    NULL, "unknown verb %s; did you mean %s?", name, near->name);
}

/*
 * A descriptor 0, 1 or 2 that is closed would be given to the next file that is
 * opened, and a message meant for the terminal would land in the spool.  As
 * /dev/null is opened for the wrong direction, each still fails with EBADF, as
 * a closed one does.
 */
static int
occupy_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		if (open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	}
	return 0;
}

static int
takes_value(const struct verb *verb, const char *arg)
{
	if (verb == NULL)
		return 0;
	for (size_t i = 0; verb->valued[i] != NULL; i++) {
		if (strcmp(verb->valued[i], arg) == 0)
			return 1;
	}
	return 0;
}

/*
 * Take one of the options that all verbs share, at argv[at], into ${line}.
 * Return how many arguments it was, 0 if it is none of them, -1 if it lacks its
 * value.
 */
static int
take_common(struct command_line *line, char **argv, int at)
{
	const char *arg = argv[at];

	if (strcmp(arg, "--json") == 0)
		line->cli.json = 1;
	else if (strcmp(arg, "--help") == 0)
		line->want_help = 1;
	else if (strcmp(arg, "--version") == 0)
		line->want_version = 1;
	else if (strncmp(arg, "-c", 2) != 0)
		return 0;
	else if (arg[2] != '\0')
		line->cli.config = arg + 2;
	else if (argv[at + 1] == NULL)
		return -1;
	else {
		line->cli.config = argv[at + 1];
		return 2;
	}
	return 1;
}

/*
 * Sort ${argv} into ${line}, whose argv has room for all of it.  Return
 * EXIT_DONE, or EXIT_USAGE with a message printed.
 */
static int
split(struct command_line *line, int argc, char **argv)
{
	int i = 1;

	/* Before "--" the common options may stand anywhere. */
	while (i < argc && strcmp(argv[i], "--") != 0) {
		int taken = take_common(line, argv, i);

		if (taken < 0)
			return cli_usage_error(
			    line->verb != NULL ? line->verb->name : NULL,
			    "-c needs a value");
		i += taken;
		if (taken > 0)
			continue;
		/*
		 * The first other argument is the verb.  After it, the value of
		 * an option is passed on unseen, as it may look like a common
		 * option.
		 */
		if (line->verb == NULL) {
			if (argv[i][0] == '-')
				return cli_usage_error(
				    NULL, "unknown option %s", argv[i]);
			line->verb = verbs_find(argv[i]);
			if (line->verb == NULL)
				return cli_unknown_verb(argv[i]);
		} else if (takes_value(line->verb, argv[i]) && i + 1 < argc)
			line->argv[line->argc++] = argv[i++];
		line->argv[line->argc++] = argv[i++];
	}
	while (i < argc)
		line->argv[line->argc++] = argv[i++];
	line->argv[line->argc] = NULL;
	return EXIT_DONE;
}

static int
run_verb(struct command_line *line)
{
	char help[] = "help";
	char *ask[] = { help, NULL, NULL };

	if (line->want_version)
		return cmd_version(&line->cli, 1, ask);
	if (line->want_help) {
		line->cli.json = 0;
		ask[1] = line->verb != NULL ? line->argv[0] : NULL;
		return cmd_help(&line->cli, ask[1] != NULL ? 2 : 1, ask);
	}
	if (line->verb == NULL) {
		verbs_list(stderr);
		return EXIT_USAGE;
	}
	return line->verb->run(&line->cli, line->argc, line->argv);
}

/* Return ${status}, or EXIT_SYSTEM if not all output got to stdout. */
static int
finish_output(int status)
{
	if (status == EXIT_SYSTEM)
		return status;
	if (fflush(stdout) == -1)
		return cli_system_error(NULL, CANNOT_WRITE);
	/* A write that failed earlier left no errno. */
	if (ferror(stdout))
		return cli_refuse(NULL, EXIT_SYSTEM, CANNOT_WRITE);
	return status;
}

int
cli_run(int argc, char **argv)
{
	struct command_line line = { .cli = { .argv0 = argv[0] } };
	int status;

	if (occupy_standard_fds() == -1)
		return cli_system_error(NULL, "cannot open /dev/null");
	line.argv = calloc((size_t)argc + 1, sizeof(*line.argv));
	if (line.argv == NULL)
		return cli_system_error(NULL, "cannot start");
	status = split(&line, argc, argv);
	if (status == EXIT_DONE)
		status = finish_output(run_verb(&line));
	free(line.argv);
	return status;
}
