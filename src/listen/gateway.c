#include <sys/socket.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen/gateway.h"

/* Put the last part of the path that ${fd} is bound to into ${name}. */
static bool
socket_name(int fd, char *name, size_t size)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);
	const char *slash;

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    address.sun_family != AF_UNIX ||
	    len > (socklen_t)sizeof(address) - 1)
		return false;
	slash = strrchr(address.sun_path, '/');
	return slash != NULL &&
	    (size_t)snprintf(name, size, "%s", slash + 1) < size;
}

/*
 * Return whether the environment has none of the variables that a shell or a
 * service manager sets.
 */
static bool
is_environment_bare(void)
{
	static const char *const usual[] = { "HOME", "USER", "PWD", "LANG",
		"SHLVL" };

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (getenv(usual[i]) != NULL)
			return false;
	}
	return true;
}

/*
 * mod_fcgid calls the socket of a process PID.N, by the id of the process that
 * starts all others, which is our parent unless a wrapper came between; and it
 * hands down no environment but PATH and what FcgidInitialEnv says.
 */
enum gateway
gateway_spawned(int fd)
{
	char name[64], *end;
	long pid;

	if (!socket_name(fd, name, sizeof(name)))
		return GATEWAY_SPAWNER;
	pid = strtol(name, &end, 10);
	if (end == name || *end != '.' || end[1] == '\0' ||
	    end[1 + strspn(end + 1, "0123456789")] != '\0')
		return GATEWAY_SPAWNER;
	return pid == (long)getppid() || is_environment_bare() ?
	    GATEWAY_FCGID :
	    GATEWAY_SPAWNER;
}
