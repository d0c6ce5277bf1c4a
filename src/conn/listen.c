#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conn/address.h"
#include "conn/listen.h"

/* Connections to accept before others get their turn. */
#define ACCEPT_AT_ONCE 64
#define PAUSE_S 1.0
/* Within which others may take what is left to them. */
#define LEAVE_S 0.001
/* So many turns of the loop after it, what was left before still waits. */
#define AGAIN_TURNS 4
#define TELL_MS 60000

bool
listen_is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int listens = 0;

	/* Not by getpeername, as libfcgi does: it takes any idle socket. */
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens != 0;
}

static int
complain(const char *address, const char *what, const char *remedy)
{
	fprintf(stderr, "spoolcast serve: --listen %s: %s%s\n", address, what,
	    remedy);
	return -1;
}

/* The system has refused with errno, which stays. */
static int
refused(const char *address)
{
	static const struct {
		int error;
		const char *remedy;
	} remedies[] = {
		{ EADDRINUSE,
		    "; stop what listens there, or remove that file, or take "
		    "another address" },
		{ EADDRNOTAVAIL, "; this machine has no such address" },
		{ ENOENT, "; make the folder first" },
		{ EACCES,
		    "; take a folder that this user may write to, or a port "
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

/* The address itself is wrong. */
static int
misused(const char *address, const char *what)
{
	complain(address, what, "");
	errno = EINVAL;
	return -1;
}

/* Whether a live process listens on the unix socket ${sun}. */
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

static int
bind_unix(int fd, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t mask;
	struct stat st;
	int rc;

	if (lstat(sun->sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		if (is_served(sun)) {
			errno = EADDRINUSE;
			return -1;
		}
		unlink(sun->sun_path);
	}
	/* By the mask: between bind and chmod anyone could connect. */
	mask = umask((mode_t)(~mode & 0777));
	rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(mask);
	return rc;
}

static int
open_unix(const char *address, const char *path, mode_t mode)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, saved;

	if (path[0] == '\0')
		return misused(address, "give the path behind unix:");
	if (strlen(path) >= sizeof(sun.sun_path))
		return misused(address, "path too long (107 bytes at most)");
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return refused(address);
	if (bind_unix(fd, &sun, mode) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		refused(address);
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
open_inet(const char *text)
{
	struct address address;
	const char *wrong = address_read(text, &address);
	const int on = 1;
	int fd, saved;

	if (wrong != NULL)
		return misused(text, wrong);
	fd = socket(address.sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (const struct sockaddr *)&address.sockaddr, address.len) !=
		0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		refused(text);
		saved = errno;
		if (fd != -1)
			close(fd);
		fd = -1;
		errno = saved;
	}
	return fd;
}

int
listen_open(const char *address, mode_t mode, const char **path)
{
	*path = NULL;
	if (strncmp(address, "unix:", 5) != 0)
		return open_inet(address);
	*path = address + 5;
	return open_unix(address, address + 5, mode);
}

static void
on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct listener *listener = timer->data;

	(void)revents;
	listener->waits_for_room = false;
	listener->resumed = ev_iteration(loop);
	ev_io_start(loop, &listener->io);
}

void
listen_resume(struct listener *listener)
{
	if (!listener->waits_for_room ||
	    !listener->ops->may_accept(listener->cookie))
		return;
	ev_timer_stop(listener->loop, &listener->pause);
	on_pause_over(listener->loop, &listener->pause, 0);
}

static void
pause_for(struct listener *listener, double seconds)
{
	ev_io_stop(listener->loop, &listener->io);
	ev_timer_set(&listener->pause, seconds, 0.);
	ev_timer_start(listener->loop, &listener->pause);
}

/* Once a minute; errno is what is short. */
static void
tell_pause(struct listener *listener)
{
	int64_t now_ms = clock_mono_ms();

	listener->n_pauses++;
	if (listener->told_ms != 0 && now_ms < listener->told_ms + TELL_MS)
		return;
	log_errno(LOG_LEVEL_WARN,
	    "event=accept-paused seconds=%d count=%u remedy=\"raise the limit "
	    "of %s\"",
	    (int)PAUSE_S, listener->n_pauses,
	    errno == ENOMEM ? "memory (ulimit -v)" : "open files (ulimit -n)");
	listener->told_ms = now_ms;
	listener->n_pauses = 0;
}

/* What is short passes; spinning on it does not help. */
static void
pause_accepting(struct listener *listener)
{
	tell_pause(listener);
	pause_for(listener, PAUSE_S);
}

/* Whether the others are through, or we are to wait for them. */
static bool
is_our_turn(struct listener *listener, bool is_again)
{
	if (listener->ops->is_our_turn(listener->cookie, is_again))
		return true;
	pause_for(listener, LEAVE_S);
	return false;
}

static void
accept_some(struct listener *listener, int most, bool takes_turns)
{
	bool is_again =
	    ev_iteration(listener->loop) - listener->resumed <= AGAIN_TURNS;

	for (int i = 0; i < most; i++) {
		int fd;

		if (takes_turns && !is_our_turn(listener, i == 0 && is_again))
			return;
		if (!listener->ops->may_accept(listener->cookie)) {
			/* Memory is looked for once in a pause. */
			listener->waits_for_room = errno == EMFILE;
			pause_accepting(listener);
			return;
		}
		fd = accept4(
		    listener->io.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			listener->ops->on_accept(listener->cookie, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return;
		pause_accepting(listener);
		return;
	}
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	accept_some(io->data, ACCEPT_AT_ONCE, true);
}

void
listen_take(struct listener *listener)
{
	accept_some(listener, LISTEN_BACKLOG, false);
}

struct listener *
listen_start(int fd, const char *path, struct ev_loop *loop,
    const struct listen_ops *ops, void *cookie)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (listener == NULL)
		return NULL;
	if (path != NULL && stat(path, &st) == 0) {
		if ((listener->path = strdup(path)) == NULL) {
			free(listener);
			return NULL;
		}
		listener->dev = st.st_dev;
		listener->ino = st.st_ino;
	}
	/* Several processes may share it: another may be first to accept. */
	if (flags != -1)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	list_init(&listener->node);
	listener->loop = loop;
	listener->ops = ops;
	listener->cookie = cookie;
	ev_io_init(&listener->io, on_readable, fd, EV_READ);
	listener->io.data = listener;
	ev_timer_init(&listener->pause, on_pause_over, PAUSE_S, 0.);
	listener->pause.data = listener;
	ev_io_start(loop, &listener->io);
	return listener;
}

void
listen_stop(struct listener *listener)
{
	struct stat st;

	ev_io_stop(listener->loop, &listener->io);
	ev_timer_stop(listener->loop, &listener->pause);
	close(listener->io.fd);
	if (listener->path != NULL && stat(listener->path, &st) == 0 &&
	    st.st_dev == listener->dev && st.st_ino == listener->ino)
		unlink(listener->path);
	free(listener->path);
	free(listener);
}
