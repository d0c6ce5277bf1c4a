/* spoolcast serve, and what main() does without being asked to. */
#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/serve.h"
#include "conn/listen.h"
#include "hub/hub.h"
#include "hub/viewer.h"

#define SYSTEMD_FIRST_FD 3
#define LISTEN_MAX 16
#define DEFAULT_MODE 0660

/* What serve was told to listen on. */
struct options {
	const char *addresses[LISTEN_MAX];
	size_t n_addresses;
	mode_t mode;
};

int
serve_activated_fds(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	long n;

	/* Meant for another process of the same environment? */
	if (pid == NULL || fds == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n > 0 && n <= LISTEN_MAX ? (int)n : 0;
}

static struct hub *
start_hub(const struct conn_kind *kind, enum gateway gateway,
    const struct conf_where *where, struct conf *conf)
{
	struct hub *hub = hub_new(kind, gateway, where, conf);

	if (hub == NULL)
		log_errno(LOG_LEVEL_ERROR, "event=start-failed");
	return hub;
}

/* Look for the settings and the spool now, so that the log says at once. */
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
	if ((hub = start_hub(&conn_fcgi, gateway, &where, NULL)) == NULL)
		return EXIT_SYSTEM;
	for (int fd = first; fd < first + count; fd++) {
		if (!listen_is_socket(fd))
			errno = ENOTSOCK;
		else if (hub_listen(hub, fd, NULL, gateway == GATEWAY_NONE) ==
		    0)
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
	    argv0, GATEWAY_NONE, SYSTEMD_FIRST_FD, serve_activated_fds());
}

int
serve_cgi(const char *argv0)
{
	struct conf_where where = { .argv0 = argv0 };
	struct request_vars vars = { 0 };
	struct viewer *viewer;
	struct hub *hub;

	log_open();
	if ((hub = start_hub(&conn_cgi, GATEWAY_CGI, &where, NULL)) == NULL)
		return EXIT_SYSTEM;
	for (int i = 0; i < VAR_COUNT; i++) {
		const char *name = request_var_name((enum request_var)i);
		const char *value = getenv(name);

		if (value != NULL)
			request_set_var(
			    &vars, name, strlen(name), value, strlen(value));
	}
	if ((viewer = viewer_open(hub, STDOUT_FILENO)) != NULL) {
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
read_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	int found, rc = EXIT_DONE;

	optind = 0;
	opterr = 0;
	while (rc == EXIT_DONE &&
	    (found = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (found == 'm')
			rc = read_mode(optarg, &options->mode);
		else if (found != 'l')
			rc = cli_bad_option("serve", argv, found);
		else if (options->n_addresses == LISTEN_MAX)
			rc = cli_usage_error(
			    "serve", "more than %d times --listen", LISTEN_MAX);
		else
			options->addresses[options->n_addresses++] = optarg;
	}
	if (rc == EXIT_DONE && optind < argc)
		rc = cli_usage_error(
		    "serve", "what is \"%s\" for?", argv[optind]);
	if (rc == EXIT_DONE && options->n_addresses == 0 &&
	    serve_activated_fds() == 0)
		rc = cli_usage_error("serve",
		    "nothing to listen on: give --listen unix:PATH or "
		    "--listen HOST:PORT");
	return rc;
}

static int
listen_on_all(struct hub *hub, const struct options *options)
{
	int activated = serve_activated_fds();

	for (int i = 0; i < activated; i++) {
		int fd = SYSTEMD_FIRST_FD + i;

		if (!listen_is_socket(fd))
			return cli_refuse("serve", EXIT_USAGE,
			    "descriptor %d from LISTEN_FDS is no listening "
			    "socket",
			    fd);
		if (hub_listen(hub, fd, NULL, true) != 0)
			return cli_system_error("serve", "listen");
	}
	for (size_t i = 0; i < options->n_addresses; i++) {
		const char *path;
		int fd =
		    listen_open(options->addresses[i], options->mode, &path);

		if (fd == -1)
			return errno == EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
		if (hub_listen(hub, fd, path, false) != 0) {
			close(fd);
			return cli_system_error("serve", "listen");
		}
	}
	return EXIT_DONE;
}

int
cmd_serve(const struct cli *cli, int argc, char **argv)
{
	struct options options = { .mode = DEFAULT_MODE };
	struct conf_where where = { .option_file = cli->config,
		.argv0 = cli->argv0 };
	struct conf *conf;
	struct hub *hub;
	int rc;

	if ((rc = read_options(argc, argv, &options)) != EXIT_DONE)
		return rc;
	if ((rc = cli_conf(cli, "serve", &conf)) != EXIT_DONE)
		return rc;
	log_open();
	if ((hub = start_hub(&conn_fcgi, GATEWAY_NONE, &where, conf)) == NULL)
		return EXIT_SYSTEM;
	if ((rc = listen_on_all(hub, &options)) == EXIT_DONE) {
		look_early(hub);
		hub_run(hub);
	}
	hub_free(hub);
	return rc;
}
