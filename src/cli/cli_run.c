/* From argv to a verb. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/verbs.h"

/* An argv taken apart. */
struct command_line {
	struct cli cli;
	const struct verb *verb; /* NULL: none was given */
	int want_help;
	int want_version;
	int argc; /* what is left for the verb, itself included */
	char **argv;
};

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
				return verbs_refuse(argv[i]);
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
		return cli_system_error(NULL, CLI_CANNOT_WRITE);
	/* A write that failed earlier left no errno. */
	if (ferror(stdout))
		return cli_refuse(NULL, EXIT_SYSTEM, CLI_CANNOT_WRITE);
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
