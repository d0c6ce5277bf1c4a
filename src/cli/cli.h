/*
 * The command line: `spoolcast VERB ...`.  A verb is one file cmd_VERB.c and
 * one row of the table in verbs.c, which also holds what help says about it.
 *
 * Data goes to stdout, everything else to stderr.  A verb returns its exit
 * code and leaves stdout to cli_run, which flushes it and turns output that
 * could not be written into EXIT_SYSTEM.
 */
#ifndef SPOOLCAST_CLI_CLI_H
#define SPOOLCAST_CLI_CLI_H

struct buf;
struct conf;
struct json;

enum {
	EXIT_DONE = 0,
	EXIT_NEGATIVE = 1, /* a negative answer: a check failed, ended */
	EXIT_USAGE = 100,  /* wrong usage or configuration */
	EXIT_SYSTEM = 111, /* the system refused; the message has errno */
};

/*
 * What every verb takes.  These options are already out of the argv that a
 * verb gets, wherever they stood before "--"; --help and --version never reach
 * it.
 */
struct cli {
	const char *argv0;  /* how the program was called */
	const char *config; /* the FILE of -c, or NULL */
	int json;	    /* --json was given */
};

/* What is said where output cannot be written. */
#define CLI_CANNOT_WRITE "cannot write to standard output"

/**
 * cli_usage_error(verb, format, ...):
 * Print "spoolcast VERB: message" and where to read how it is used to stderr;
 * ${verb} may be NULL where none is known yet.  Return EXIT_USAGE.
 */
int cli_usage_error(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * cli_refuse(verb, status, format, ...):
 * Print "spoolcast VERB: message" to stderr.  Return ${status}.
 */
int cli_refuse(const char *verb, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * cli_system_error(verb, format, ...):
 * Print "spoolcast VERB: message: the text of errno" to stderr.  Return
 * EXIT_SYSTEM.
 */
int cli_system_error(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * cli_tell_waiting(verb):
 * From now on, print to stderr which process we wait for when a lock takes
 * long.
 */
void cli_tell_waiting(const char *verb);

/**
 * cli_bad_option(verb, argv, found):
 * Report what getopt_long(3) returned as ${found} ('?' or ':', so it was given
 * a leading ':' in its options) while it read ${argv}.  Return EXIT_USAGE.
 */
int cli_bad_option(const char *verb, char **argv, int found);

/**
 * cli_operands(verb, most, argc, argv):
 * For a verb without options of its own: move the operands to the end of
 * ${argv} and return the index of the first.  Return -1 with a message printed
 * if there is an option, or more than ${most} operands.
 */
int cli_operands(const char *verb, int most, int argc, char **argv);

/**
 * cli_conf(cli, verb, conf):
 * Find and load the configuration for ${verb}; the caller frees ${*conf} with
 * conf_free.  Return EXIT_DONE; or another exit code with every problem printed
 * to stderr and ${*conf} = NULL.
 */
int cli_conf(const struct cli *cli, const char *verb, struct conf **conf);

/**
 * cli_print(text):
 * Write ${text}, which is not empty, to stdout.  Return EXIT_DONE, or
 * EXIT_SYSTEM with a message printed.
 */
int cli_print(const struct buf *text);

/**
 * cli_print_json(verb, json, problem):
 * Finish ${json}, write it to stdout and free its buffer.  Return EXIT_DONE, or
 * EXIT_SYSTEM with a message printed, which is ${problem} if there is no memory
 * for it.
 */
int cli_print_json(const char *verb, struct json *json, const char *problem);

/**
 * cli_run(argc, argv):
 * Do what the command line asks.  Return the exit code.  Without a verb, print
 * help to stderr and return EXIT_USAGE.
 */
int cli_run(int argc, char **argv);

/*
 * The verbs: ${argc} and ${argv} begin with the verb itself.  Each returns the
 * exit code.
 */
int cmd_serve(const struct cli *cli, int argc, char **argv);
int cmd_publish(const struct cli *cli, int argc, char **argv);
int cmd_check(const struct cli *cli, int argc, char **argv);
int cmd_rotate(const struct cli *cli, int argc, char **argv);
int cmd_help(const struct cli *cli, int argc, char **argv);
int cmd_version(const struct cli *cli, int argc, char **argv);

#endif
