/*
 * The listening sockets that `spoolcast serve` works on: those it was told to
 * open, and those that systemd handed over.
 */
#ifndef SPOOLCAST_CLI_SOCKETS_H
#define SPOOLCAST_CLI_SOCKETS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct hub;
struct listen_access;

/* How many of each kind there may be. */
#define SOCKETS_MAX 16
/* The first of those that systemd hands over. */
#define SOCKETS_FIRST_FD 3

struct listening {
	int fd;		  /* -1: handed over or closed */
	const char *path; /* of a unix socket that we made, else NULL */
	dev_t dev;	  /* which file that was */
	ino_t ino;
	bool is_kept; /* by systemd, for the process after us */
};

/* All zero is an empty list. */
struct sockets {
	struct listening each[2 * SOCKETS_MAX];
	size_t n;
};

/**
 * sockets_activated(void):
 * Return how many listening sockets systemd hands over, from
 * SOCKETS_FIRST_FD on (sd_listen_fds(3)), or 0.
 */
int sockets_activated(void);

/**
 * sockets_open(sockets, addresses, n, access):
 * Open those of systemd, and one for each of the ${n} ${addresses} (borrowed,
 * SOCKETS_MAX at most), for the users that ${access} (borrowed) names; see
 * listen_open.  Return the exit code; if it is not EXIT_DONE, a message is on
 * stderr, and what was opened is for sockets_close.
 */
int sockets_open(struct sockets *sockets, const char *const *addresses,
    size_t n, const struct listen_access *access);

/**
 * sockets_hand(sockets, hub):
 * Hand all sockets to ${hub}, which in the end removes the paths that are not
 * forgotten.  Return 0, or -1 with errno; what is not handed over is for
 * sockets_close.
 */
int sockets_hand(struct sockets *sockets, struct hub *hub);

/**
 * sockets_forget_paths(sockets):
 * Forget the paths of the sockets, in a child: another process removes them.
 */
void sockets_forget_paths(struct sockets *sockets);

/**
 * sockets_close(sockets):
 * Close the sockets that were not handed over.
 */
void sockets_close(struct sockets *sockets);

/**
 * sockets_remove(sockets):
 * Remove the paths that were neither forgotten nor handed over, if they are
 * still those of the sockets that we made.
 */
void sockets_remove(struct sockets *sockets);

#endif
