/*
 * One binary: how it was started decides what it is.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/serve.h"
#include "cli/sockets.h"
#include "listen/listen.h"

int
main(int argc, char **argv)
{
	if (listen_is_socket(STDIN_FILENO))
		return serve_spawned(argv[0]);
	/*
	 * This comes before the arguments are looked at: a web server makes
	 * some from a query without '=' (RFC 3875 section 4.4), so a client
	 * could say which verb to run.
	 */
	if (getenv("REQUEST_METHOD") != NULL)
		return serve_cgi(argv[0]);
	if (argc < 2 && sockets_activated() > 0)
		return serve_activated(argv[0]);
	return cli_run(argc, argv);
}
