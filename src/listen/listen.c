#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "listen/listen.h"

/* So many connections are accepted before others get their turn. */
#define ACCEPT_AT_ONCE 64
#define PAUSE_S 1.0
/* Other processes have so long to take what is left to them. */
#define LEAVE_S 0.001
/*
 * A connection that waits within so many turns of the loop after a pause is
 * taken to be the one that was left to others.
 */
#define AGAIN_TURNS 4
#define TELL_MS 60000

bool
listen_is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int listens = 0;

	/* libfcgi asks getpeername, but any idle socket passes that test. */
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens != 0;
}

bool
listen_is_unix(const char *address)
{
	return strncmp(address, LISTEN_UNIX, strlen(LISTEN_UNIX)) == 0;
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

/* Log once a minute that accepting pauses; errno says what is short. */
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

/* What is short will be there again; to try on at once does not help. */
static void
pause_accepting(struct listener *listener)
{
	tell_pause(listener);
	pause_for(listener, PAUSE_S);
}

/* Return whether it is our turn; if not, wait a moment for the others. */
static bool
is_our_turn(struct listener *listener, bool is_again)
{
	if (listener->ops->is_our_turn(listener->cookie, is_again))
		return true;
	pause_for(listener, LEAVE_S);
	return false;
}

/*
 * Accept up to ${most} connections; if ${takes_turns}, stop when it is the turn
 * of another process.
 */
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
			/* Only a lack of descriptors may end it early. */
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
		/* Descriptors or memory are short, see accept(2). */
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
	/* Note which file this is, so that listen_stop removes no other. */
	if (path != NULL && stat(path, &st) == 0) {
		if ((listener->path = strdup(path)) == NULL) {
			free(listener);
			return NULL;
		}
		listener->dev = st.st_dev;
		listener->ino = st.st_ino;
	}
	/*
	 * Several processes may share it: if another accepts first, do not
	 * block.
	 */
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
