/*
 * The table of verbs.  Add a verb here; then in src/spoolcast.1, and a test in
 * tests/cli/.
 */
#include <stdint.h>
#include <string.h>

#include "base/near.h"
#include "cli/cli.h"
#include "cli/verbs.h"

static const struct verb table[] = {
	{
	    .name = "serve",
	    .run = cmd_serve,
	    .summary = "answer a web server over FastCGI",
	    .usage =
		"usage: spoolcast serve --listen unix:PATH|HOST:PORT"
		" [--listen ...]\n"
		"                       [--group GROUP] [--mode OCTAL] "
		"[--processes N]\n"
		"                       [-c FILE]\n"
		"\n"
		"Takes FastCGI connections until SIGTERM, SIGUSR1 or SIGINT.\n"
		"Sockets handed over by systemd (LISTEN_FDS) are served too;\n"
		"with them --listen may be left out.\n"
		"\n"
		"  --listen unix:PATH   a unix socket\n"
		"  --listen HOST:PORT   a TCP socket\n"
		"  --group GROUP        the group of unix sockets, by name or\n"
		"                       number: that of the web server, which\n"
		"                       may connect then\n"
		"  --mode OCTAL         permissions of unix sockets; 0660 by\n"
		"                       default\n"
		"  --processes N        this many responders, up to 64, on as\n"
		"                       many cores, and a parent that starts "
		"them\n"
		"                       again when they die; 1 by default, "
		"without\n"
		"                       a parent\n"
		"  -c FILE              the configuration\n",
	    .valued = { "--listen", "--group", "--mode", "--processes", NULL },
	},
	{
	    .name = "publish",
	    .run = cmd_publish,
	    .summary = "write one event into a channel",
	    .usage =
		"usage: spoolcast publish [-c FILE] [-e TYPE] [-f WHEN] [-i "
		"ID]\n"
		"                         [-r MS] [--ttl DURATION] [--end] "
		"[--json]\n"
		"                         CHANNEL [MESSAGE ...]\n"
		"\n"
		"The message is the arguments joined by one blank, or all of\n"
		"standard input where there are none. A line end at the end\n"
		"of it is dropped. Nothing is printed when all went well.\n"
		"\n"
		"  -e TYPE   the event's type, instead of message\n"
		"  -f WHEN   when it is written: now cuts a batch short; hold "
		"lets\n"
		"            it wait for the next one; close ends the "
		"response\n"
		"            after it\n"
		"  -i ID     an id of your own, the suffix of the event id\n"
		"  -r MS     how long browsers wait before they reconnect;\n"
		"            without a message only this is sent\n"
		"  --ttl DURATION\n"
		"            how long it is worth delivering: 30s, 5m, 2h, 7d\n"
		"  --end     the channel ends, after the message if one is "
		"given\n"
		"            as arguments; rm CHANNEL.end in the spool reopens "
		"it\n"
		"  -c FILE   the configuration\n"
		"  --json    print the channel, the file and the bytes "
		"written\n"
		"\n"
		"-e, -f, -i, -r and --ttl need a channel in block form\n"
		"(CHANNEL.sse). If a channel does not exist yet, they create\n"
		"it in that form; without them it is created in line form\n"
		"(CHANNEL). A drop folder can have -e where\n"
		"type_from_extension is set.\n",
	    .valued = { "-e", "-f", "-i", "-r", "--ttl", NULL },
	},
	{
	    .name = "check",
	    .run = cmd_check,
	    .summary = "show the settings in effect and every problem",
	    .usage = "usage: spoolcast check [-c FILE] [--json]\n"
		     "\n"
		     "Prints which configuration was used, every setting in\n"
		     "effect and every problem of it and of the spool.\n"
		     "\n"
		     "  -c FILE   the configuration\n"
		     "  --json    the same as one JSON object\n",
	    .valued = { NULL },
	},
	{
	    .name = "rotate",
	    .run = cmd_rotate,
	    .summary = "start new files, and remove the oldest",
	    .usage =
		"usage: spoolcast rotate [-c FILE] [--json] [CHANNEL ...]\n"
		"\n"
		"Makes NAME.1 of the file NAME of each CHANNEL, NAME.2 of\n"
		"NAME.1 and so on, removes files beyond [spool] keep, and\n"
		"completes what was interrupted. Without a CHANNEL it does\n"
		"so for all that are due by max_size or max_age. Nothing is\n"
		"printed when all went well.\n"
		"\n"
		"  -c FILE   the configuration\n"
		"  --json    print a line for each channel\n",
	    .valued = { NULL },
	},
	{
	    .name = "help",
	    .run = cmd_help,
	    .summary = "explain a verb, or print a sample configuration",
	    .usage =
		"usage: spoolcast help [VERB | settings]\n"
		"\n"
		"Lists the verbs, explains one, or prints a configuration\n"
		"with every setting, its default and what it is for.\n",
	    .valued = { NULL },
	},
	{
	    .name = "version",
	    .run = cmd_version,
	    .summary = "print the version",
	    .usage = "usage: spoolcast version [--json]\n",
	    .valued = { NULL },
	},
};

#define VERBS (sizeof(table) / sizeof(table[0]))

const struct verb *
verbs_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	}
	return NULL;
}

void
verbs_list(FILE *out)
{
	fputs("usage: spoolcast VERB [OPTION ...] [ARGUMENT ...]\n\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-9s %s\n", table[i].name, table[i].summary);
	fputs("\nEvery verb takes -c FILE (the configuration), --help and\n"
	      "--version; those that print data take --json.  Started by a\n"
	      "web server, spoolcast serves it instead.\n"
	      "The whole story: man spoolcast\n",
	    out);
}

static const struct verb *
near_verb(const char *name)
{
	const struct verb *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < VERBS; i++) {
		size_t distance = near_distance(name, table[i].name);

		/*
		 * A name that differs in more than half of its letters is
		 * another word.
		 */
		if (distance < least && distance <= strlen(table[i].name) / 2) {
			nearest = &table[i];
			least = distance;
		}
	}
	return nearest;
}

int
verbs_refuse(const char *name)
{
	const struct verb *near = near_verb(name);

	if (near == NULL)
		return cli_usage_error(NULL, "unknown verb %s", name);
	return cli_usage_error(
	    NULL, "unknown verb %s; did you mean %s?", name, near->name);
}
