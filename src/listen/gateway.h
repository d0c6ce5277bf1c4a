/*
 * What started the program: a process that serves one request at a time needs
 * other settings than one that serves many viewers.
 */
#ifndef SPOOLCAST_LISTEN_GATEWAY_H
#define SPOOLCAST_LISTEN_GATEWAY_H

enum gateway {
	GATEWAY_NONE,	 /* by a person or a service manager */
	GATEWAY_SPAWNER, /* by a web server, to serve many at a time */
	GATEWAY_FCGID,	 /* by Apache mod_fcgid: one request at a time */
	GATEWAY_CGI,	 /* by a web server, for one request */
};

/**
 * gateway_spawned(fd):
 * Return the gateway that started this process with the listening socket ${fd}
 * as descriptor 0: GATEWAY_FCGID where all signs say so, else GATEWAY_SPAWNER.
 */
enum gateway gateway_spawned(int fd);

#endif
