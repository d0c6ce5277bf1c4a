/*
 * The ways to be a responder.  Each runs until it is told to end and returns an
 * exit code.
 */
#ifndef SPOOLCAST_CLI_SERVE_H
#define SPOOLCAST_CLI_SERVE_H

/**
 * serve_spawned(argv0):
 * Serve FastCGI on descriptor 0, a listening socket, as web servers start their
 * responders (FastCGI 1.0 section 2.2).  A configuration that is wrong is told
 * to each client and in the log, so that the web server need not start us again
 * and again.
 */
int serve_spawned(const char *argv0);

/**
 * serve_activated(argv0):
 * Do as serve_spawned, on the sockets that systemd hands over.
 */
int serve_activated(const char *argv0);

/**
 * serve_cgi(argv0):
 * Answer the one request in the environment on stdout (RFC 3875).
 */
int serve_cgi(const char *argv0);

#endif
