#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sockets.h"
#include "hub/hub.h"
#include "listen/listen.h"
#include "wire/wire.h"

int
sockets_activated(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	long n;

	/*
	 * They may be meant for another process that has the same environment.
	 */
	if (pid == NULL || fds == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n > 0 && n <= SOCKETS_MAX ? (int)n : 0;
}

static void
add(struct sockets *sockets, int fd, const char *path, bool is_kept)
{
	struct listening *l = &sockets->each[sockets->n++];
	struct stat st;

	*l = (struct listening){ .fd = fd, .is_kept = is_kept };
	if (path != NULL && stat(path, &st) == 0) {
		l->path = path;
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
}

int
sockets_open(struct sockets *sockets, const char *const *addresses, size_t n,
    const struct listen_access *access)
{
	int activated = sockets_activated();

	for (int i = 0; i < activated; i++) {
		int fd = SOCKETS_FIRST_FD + i;

		if (!listen_is_socket(fd))
			return cli_refuse("serve", EXIT_USAGE,
			    "descriptor %d from LISTEN_FDS is no listening "
			    "socket",
			    fd);
		add(sockets, fd, NULL, true);
	}
	for (size_t i = 0; i < n; i++) {
		const char *path;
		int fd = listen_open(addresses[i], access, &path);

		if (fd == -1)
			return errno == EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
		add(sockets, fd, path, false);
	}
	return EXIT_DONE;
}

int
sockets_hand(struct sockets *sockets, struct hub *hub)
{
	for (size_t i = 0; i < sockets->n; i++) {
		struct listening *l = &sockets->each[i];

		if (hub_listen(hub, &wire_fcgi, l->fd, l->path, l->is_kept) !=
		    0)
			return -1;
		l->fd = -1;
		l->path = NULL;
	}
	return 0;
}

void
sockets_forget_paths(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		sockets->each[i].path = NULL;
}

void
sockets_close(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++) {
		if (sockets->each[i].fd != -1)
			close(sockets->each[i].fd);
		sockets->each[i].fd = -1;
	}
}

void
sockets_remove(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++) {
		struct listening *l = &sockets->each[i];
		struct stat st;

		if (l->path != NULL && stat(l->path, &st) == 0 &&
		    st.st_dev == l->dev && st.st_ino == l->ino)
			unlink(l->path);
		l->path = NULL;
	}
}
