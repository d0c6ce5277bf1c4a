#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/shown.h"
#include "cli/cli.h"
#include "conf/conf_find.h"
#include "spool/lock.h"

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
	return cli_system_error(NULL, CLI_CANNOT_WRITE);
}

int
cli_print_json(const char *verb, struct json *json, const char *problem)
{
	int status = json_finish(json) == 0 ?
	    cli_print(json->out) :
	    cli_system_error(verb, "%s", problem);

	buf_free(json->out);
	return status;
}
