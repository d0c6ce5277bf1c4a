/* The verb serve, and the ways to serve that need no verb (see main.c). */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/group.h"
#include "cli/processes.h"
#include "cli/serve.h"
#include "cli/sockets.h"
#include "hub/admit.h"
#include "hub/hub.h"
#include "hub/viewer.h"
#include "listen/listen.h"
#include "wire/wire.h"

#define DEFAULT_MODE 0660

/* What serve was told to listen on. */
struct options {
	const char *addresses[SOCKETS_MAX];
	size_t n_addresses;
	const char *group; /* as it was given, or NULL */
	struct listen_access access;
	unsigned processes;
};

/* What each process is started with, if there are several. */
struct parts {
	const struct conf_where *where;
	struct conf *conf;
	struct sockets sockets;
	struct siblings siblings;
};

static struct hub *
start_hub(
    enum gateway gateway, const struct conf_where *where, struct conf *conf)
{
	struct hub *hub = hub_new(gateway, where, conf);

	if (hub == NULL)
		log_errno(LOG_LEVEL_ERROR, "event=start-failed");
	return hub;
}

/* Look for the settings and the spool now, so that the log tells at once. */
static void
look_early(struct hub *hub)
{
	const char *why;

	if (hub_conf(hub, &why) == 0)
		log_msg(LOG_LEVEL_INFO,
		    "event=serving config=\"%s\" spool=\"%s\"",
		    conf_file(hub->conf) == NULL ? "(none)" :
						   conf_file(hub->conf),
		    hub->settings->path);
}

static int
serve_fds(const char *argv0, enum gateway gateway, int first, int count)
{
	struct conf_where where = { .argv0 = argv0 };
	struct hub *hub;

	log_open();
	if ((hub = start_hub(gateway, &where, NULL)) == NULL)
		return EXIT_SYSTEM;
	for (int fd = first; fd < first + count; fd++) {
		if (!listen_is_socket(fd))
			errno = ENOTSOCK;
		else if (hub_listen(hub, &wire_fcgi, fd, NULL,
			     gateway == GATEWAY_NONE) == 0)
			continue;
		log_errno(
		    LOG_LEVEL_ERROR, "event=start-failed descriptor=%d", fd);
		hub_free(hub);
		return EXIT_SYSTEM;
	}
	look_early(hub);
	hub_run(hub);
	hub_free(hub);
	return EXIT_DONE;
}

int
serve_spawned(const char *argv0)
{
	return serve_fds(argv0, gateway_spawned(STDIN_FILENO), STDIN_FILENO, 1);
}

int
serve_activated(const char *argv0)
{
	return serve_fds(
	    argv0, GATEWAY_NONE, SOCKETS_FIRST_FD, sockets_activated());
}

int
serve_cgi(const char *argv0)
{
	struct conf_where where = { .argv0 = argv0 };
	struct request_vars vars = { 0 };
	struct conn_owner *owner;
	struct viewer *viewer;
	struct hub *hub;

	log_open();
	if ((hub = start_hub(GATEWAY_CGI, &where, NULL)) == NULL)
		return EXIT_SYSTEM;
	for (int i = 0; i < VAR_COUNT; i++) {
		const char *name = request_var_name((enum request_var)i);
		const char *value = getenv(name);

		if (value != NULL)
			request_set_var(
			    &vars, name, strlen(name), value, strlen(value));
	}
	if ((owner = hub_owner(hub, &wire_cgi)) != NULL &&
	    (viewer = viewer_open(owner, STDOUT_FILENO)) != NULL) {
		admit_request(viewer, &vars);
		hub_run(hub);
	}
	hub_free(hub);
	return EXIT_DONE;
}

static int
read_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' || value > 0777)
		return cli_usage_error("serve",
		    "--mode %s: give permissions in octal, as 0660", text);
	*mode = (mode_t)value;
	return EXIT_DONE;
}

static int
read_group(const struct options *options, gid_t *group)
{
	bool is_of_use = false;

	for (size_t i = 0; i < options->n_addresses; i++)
		is_of_use |= listen_is_unix(options->addresses[i]);
	if (!is_of_use)
		return cli_usage_error("serve",
		    "--group %s: it is for unix sockets, give --listen "
		    "unix:PATH; those of systemd have their SocketGroup=, and "
		    "a TCP port has no group",
		    options->group);
	if (group_find(options->group, GROUP_FILE, group) == 0)
		return EXIT_DONE;
	if (errno != ENOENT)
		return cli_system_error(
		    "serve", "--group %s: %s", options->group, GROUP_FILE);
	return cli_usage_error("serve",
	    "--group %s: there is no such group in %s; give one of that file, "
	    "or a number",
	    options->group, GROUP_FILE);
}

static int
read_processes(const char *text, unsigned *processes)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value == 0 ||
	    value > PROCESSES_MAX)
		return cli_usage_error("serve",
		    "--processes %s: give a number from 1 to %d", text,
		    PROCESSES_MAX);
	*processes = (unsigned)value;
	return EXIT_DONE;
}

static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' },
		{ "processes", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int found, rc = EXIT_DONE;

	optind = 0;
	opterr = 0;
	while (rc == EXIT_DONE &&
	    (found = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (found == 'm')
			rc = read_mode(optarg, &options->access.mode);
		else if (found == 'g')
			options->group = optarg;
		else if (found == 'p')
			rc = read_processes(optarg, &options->processes);
		else if (found != 'l')
			rc = cli_bad_option("serve", argv, found);
		else if (options->n_addresses == SOCKETS_MAX)
			rc = cli_usage_error("serve",
			    "more than %d times --listen", SOCKETS_MAX);
		else
			options->addresses[options->n_addresses++] = optarg;
	}
	/* All options are read; now see whether they are enough. */
	if (rc == EXIT_DONE && optind < argc)
		rc = cli_usage_error(
		    "serve", "what is \"%s\" for?", argv[optind]);
	if (rc == EXIT_DONE && options->n_addresses == 0 &&
	    sockets_activated() == 0)
		rc = cli_usage_error("serve",
		    "nothing to listen on: give --listen unix:PATH or "
		    "--listen HOST:PORT");
	if (rc == EXIT_DONE && options->group != NULL)
		rc = read_group(options, &options->access.group);
	return rc;
}

static int
serve_alone(struct parts *parts)
{
	struct hub *hub = start_hub(GATEWAY_NONE, parts->where, parts->conf);

	parts->conf = NULL;
	if (hub == NULL)
		return EXIT_SYSTEM;
	if (parts->siblings.page != NULL)
		hub->siblings = &parts->siblings;
	if (sockets_hand(&parts->sockets, hub) != 0) {
		hub_free(hub);
		return cli_system_error("serve", "listen");
	}
	processes_ready();
	look_early(hub);
	hub_run(hub);
	hub_free(hub);
	return EXIT_DONE;
}

static int
on_process(void *cookie, unsigned index)
{
	struct parts *parts = cookie;

	siblings_join(&parts->siblings, index);
	/* The parent removes their paths. */
	sockets_forget_paths(&parts->sockets);
	return serve_alone(parts);
}

static void
on_end(void *cookie, unsigned index)
{
	struct parts *parts = cookie;

	siblings_leave(&parts->siblings, index);
}

static void
on_stop(void *cookie)
{
	struct parts *parts = cookie;

	/*
	 * The last responder takes all connections that wait before it closes
	 * the sockets.  If the parent still had them open, more could come, and
	 * would be reset when the parent ends.
	 */
	sockets_close(&parts->sockets);
}

static const struct processes_ops processes_ops = {
	.run = on_process,
	.on_end = on_end,
	.on_stop = on_stop,
};

static int
serve_together(struct parts *parts, unsigned processes)
{
	int rc;

	if (siblings_init(&parts->siblings, processes) != 0)
		return cli_system_error("serve", "cannot start processes");
	rc = processes_run(
	    processes, conf_base(parts->conf)->drain_ms, &processes_ops, parts);
	siblings_free(&parts->siblings);
	return rc;
}

int
cmd_serve(const struct cli *cli, int argc, char **argv)
{
	struct options options = { .access = { DEFAULT_MODE, LISTEN_OWN_GROUP },
		.processes = 1 };
	struct conf_where where = { .option_file = cli->config,
		.argv0 = cli->argv0 };
	struct parts parts = { .where = &where };
	int rc;

	if ((rc = read_options(argc, argv, &options)) != EXIT_DONE)
		return rc;
	if ((rc = cli_conf(cli, "serve", &parts.conf)) != EXIT_DONE)
		return rc;
	log_open();
	rc = sockets_open(&parts.sockets, options.addresses,
	    options.n_addresses, &options.access);
	if (rc == EXIT_DONE && options.processes == 1)
		rc = serve_alone(&parts);
	else if (rc == EXIT_DONE)
		rc = serve_together(&parts, options.processes);
	sockets_close(&parts.sockets);
	sockets_remove(&parts.sockets);
	conf_free(parts.conf);
	return rc;
}
