/*
 * The verbs help and version.  What help says about a verb is in the verb's row
 * of the table in verbs.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/verbs.h"
#include "conf/conf_dump.h"

static int
print_settings(void)
{
	struct buf text = { 0 };
	int status;

	if (conf_dump_sample(&text) == -1)
		status = cli_system_error("help", "cannot make the sample");
	else
		status = cli_print(&text);
	buf_free(&text);
	return status;
}

int
cmd_help(const struct cli *cli, int argc, char **argv)
{
	const struct verb *verb;
	int at = cli_operands("help", 1, argc, argv);

	if (at == -1)
		return EXIT_USAGE;
	if (cli->json)
		return cli_usage_error("help", "there is no --json of a text");
	if (at == argc) {
		verbs_list(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[at], "settings") == 0)
		return print_settings();
	verb = verbs_find(argv[at]);
	if (verb == NULL)
		return verbs_refuse(argv[at]);
	fputs(verb->usage, stdout);
	return EXIT_DONE;
}

int
cmd_version(const struct cli *cli, int argc, char **argv)
{
	struct buf text = { 0 };
	struct json json;

	if (cli_operands("version", 0, argc, argv) == -1)
		return EXIT_USAGE;
	if (!cli->json) {
		printf("spoolcast %s\n", SPOOLCAST_VERSION);
		return EXIT_DONE;
	}
	json_begin(&json, &text, JSON_COMPACT);
	json_text(&json, "name", "spoolcast");
	json_text(&json, "version", SPOOLCAST_VERSION);
	return cli_print_json("version", &json, "cannot tell");
}
