/*
 * Listening sockets: this makes them, takes over those we are given, and
 * accepts.
 */
#ifndef SPOOLCAST_LISTEN_LISTEN_H
#define SPOOLCAST_LISTEN_LISTEN_H

#include <sys/types.h>

#include <ev.h>
#include <stdbool.h>

#include "base/list.h"

/*
 * So many connections may wait; nginx answers 502 at once when there is no
 * room.
 */
#define LISTEN_BACKLOG 4096

/* How the address of a unix socket begins. */
#define LISTEN_UNIX "unix:"

/* Which users may connect to a unix socket that we make. */
struct listen_access {
	mode_t mode; /* the permissions of its file */
	gid_t group; /* the group of its file; LISTEN_OWN_GROUP: as it comes */
};

#define LISTEN_OWN_GROUP ((gid_t)-1)

/* What the owner of a listening socket is asked and told. */
struct listen_ops {
	/*
	 * Return whether there is room for one more connection; if not, errno
	 * says what is short.
	 */
	bool (*may_accept)(void *cookie);
	/*
	 * Return whether a connection that waits is for us rather than for
	 * another process that has the socket; ${is_again}: one that waited a
	 * moment ago was not for us.
	 */
	bool (*is_our_turn)(void *cookie, bool is_again);
	/* A connection came; its descriptor ${fd} is the owner's now. */
	void (*on_accept)(void *cookie, int fd);
};

struct listener {
	ev_io io;
	ev_timer pause;
	unsigned resumed; /* ev_iteration in which the last pause was over */
	struct list node; /* for the owner */
	struct ev_loop *loop;
	const struct listen_ops *ops;
	void *cookie;
	int64_t told_ms;     /* when the log was told of a pause; 0: never */
	unsigned n_pauses;   /* how many there were since then */
	bool waits_for_room; /* listen_resume may end this pause */
	bool is_shared;	     /* others have it, too, and go on when we end */
	char *path;	     /* of a unix socket that we made, else NULL */
	dev_t dev;	     /* which file that was */
	ino_t ino;
};

/**
 * listen_is_socket(fd):
 * Return whether ${fd} is a socket that listens.
 */
bool listen_is_socket(int fd);

/**
 * listen_is_unix(address):
 * Return whether ${address} is that of a unix socket, "unix:PATH".
 */
bool listen_is_unix(const char *address);

/**
 * listen_open(address, access, path):
 * Make a socket that listens on ${address}: "unix:PATH", to which the users
 * that ${access} (borrowed) names may connect, or "HOST:PORT" ("[::1]:9000",
 * ":9000").  A unix socket that nobody listens on any more is replaced.  It has
 * its group before it listens, so nobody else ever gets through.  Return the
 * descriptor, with the path of a unix socket in ${path} (borrowed from
 * ${address}; else NULL), or -1 with errno (EINVAL: there is no such address)
 * and a message on stderr; then no file of ours is left at the path.
 */
int listen_open(
    const char *address, const struct listen_access *access, const char **path);

/**
 * listen_start(fd, path, loop, ops, cookie):
 * Take ${fd}, a listening socket, and hand every connection to ${ops}.  When it
 * says that there is no room, or descriptors run out, accepting pauses for a
 * second; when it says that it is not our turn, for a millisecond.  ${path}
 * (may be NULL) is removed by listen_stop.  Return the listener, or NULL with
 * ENOMEM and ${fd} still the caller's.
 */
struct listener *listen_start(int fd, const char *path, struct ev_loop *loop,
    const struct listen_ops *ops, void *cookie);

/**
 * listen_resume(listener):
 * A connection may have ended.  If accepting pauses for want of descriptors,
 * and there is room again, go on at once.
 */
void listen_resume(struct listener *listener);

/**
 * listen_take(listener):
 * Accept all connections that wait now, even if it is the turn of another
 * process.
 */
void listen_take(struct listener *listener);

/**
 * listen_stop(listener):
 * Close the socket, remove its path if it is still ours, free ${listener}.
 */
void listen_stop(struct listener *listener);

#endif
