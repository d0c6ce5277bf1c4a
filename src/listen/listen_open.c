/* This file makes listening sockets; what accepts from them is in listen.c. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "listen/address.h"
#include "listen/listen.h"

static int
complain(const char *address, const char *what, const char *remedy)
{
	fprintf(stderr, "spoolcast serve: --listen %s: %s%s\n", address, what,
	    remedy);
	return -1;
}

/*
 * Say what the system refused with errno, and what helps.  Return -1 with errno
 * preserved.
 */
static int
refused(const char *address)
{
	static const struct {
		int error;
		const char *remedy;
	} remedies[] = {
		{ EADDRINUSE,
		    "; stop what listens there, or use another address" },
		{ EEXIST, "; that is not a socket, use another path" },
		{ EADDRNOTAVAIL, "; this machine has no such address" },
		{ ENOENT, "; make the folder first" },
		{ EACCES,
		    "; use a folder that this user may write to, or a port "
		    "from 1024 on" },
	};
	const char *remedy = "";
	int saved = errno;

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].error == saved)
			remedy = remedies[i].remedy;
	}
	complain(address, strerror(saved), remedy);
	errno = saved;
	return -1;
}

/* Say that the address itself is wrong.  Return -1 with EINVAL. */
static int
misused(const char *address, const char *what)
{
	complain(address, what, "");
	errno = EINVAL;
	return -1;
}

/* Return whether a live process listens on the unix socket ${sun}. */
static bool
is_served(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers;

	if (fd == -1)
		return false;
	answers = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0;
	close(fd);
	return answers;
}

/*
 * Give the socket that was just bound to ${path} its group.  This is done by a
 * descriptor: where others may write to the folder, the path may have come to
 * mean another file, and only a socket of ours is given away.
 */
static int
give_to_group(const char *path, gid_t group)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	if (fd == -1)
		return -1;
	errno = EBUSY;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == geteuid())
		rc = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH);
	fd_close(fd);
	return rc;
}

static int
bind_unix(int fd, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t mask;
	struct stat st;
	int rc;

	/* What is no socket stays, and no message tells anyone to remove it. */
	if (lstat(sun->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode) || is_served(sun)) {
			errno = S_ISSOCK(st.st_mode) ? EADDRINUSE : EEXIST;
			return -1;
		}
		/* The process that made this socket has ended: replace it. */
		unlink(sun->sun_path);
	}
	/*
	 * Set its rights by the mask: between bind and chmod anyone could
	 * connect.
	 */
	mask = umask((mode_t)(~mode & 0777));
	rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(mask);
	return rc;
}

/*
 * Say that the system does not let us give the socket to the group.  Return -1
 * with errno preserved.
 */
static int
not_given(const char *address, gid_t group)
{
	char what[160];
	int saved = errno;

	snprintf(what, sizeof(what), "cannot give it to group %lu: %s",
	    (unsigned long)group, strerror(saved));
	complain(address, what,
	    saved == EPERM ?
		"; run this as root, or as a user who is in that group" :
		"");
	errno = saved;
	return -1;
}

static int
open_unix(
    const char *address, const char *path, const struct listen_access *access)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, saved;

	if (path[0] == '\0')
		return misused(address, "give the path after unix:");
	if (strlen(path) >= sizeof(sun.sun_path))
		return misused(
		    address, "the path is too long (107 bytes at most)");
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return refused(address);
	if (bind_unix(fd, &sun, access->mode) != 0) {
		refused(address);
		goto err1;
	}
	/* Do this before it listens: so nobody else ever gets through. */
	if (access->group != LISTEN_OWN_GROUP &&
	    give_to_group(path, access->group) != 0) {
		not_given(address, access->group);
		goto err2;
	}
	if (listen(fd, LISTEN_BACKLOG) != 0) {
		refused(address);
		goto err2;
	}
	return fd;

err2:
	/* The file that bind made is ours: do not leave it there. */
	saved = errno;
	unlink(path);
	errno = saved;
err1:
	fd_close(fd);
	return -1;
}

static int
open_inet(const char *text)
{
	struct address address;
	const char *wrong = address_read(text, &address);
	const int on = 1;
	int fd;

	if (wrong != NULL)
		return misused(text, wrong);
	fd = socket(address.sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (const struct sockaddr *)&address.sockaddr, address.len) !=
		0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		refused(text);
		fd_close(fd);
		fd = -1;
	}
	return fd;
}

int
listen_open(
    const char *address, const struct listen_access *access, const char **path)
{
	*path = NULL;
	if (!listen_is_unix(address))
		return open_inet(address);
	*path = address + strlen(LISTEN_UNIX);
	return open_unix(address, *path, access);
}
