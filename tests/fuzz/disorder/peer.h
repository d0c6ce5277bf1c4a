/*
 * Peers: web servers that come, ask, and behave in many manners.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_PEER_H
#define SPOOLCAST_TESTS_DISORDER_PEER_H

#include "base/buf.h"
#include "fuzz/disorder/plan.h"
#include "fuzz/disorder/wire.h"

#define PEERS_MAX 150

struct peer {
	int fd; /* -1: away */
	struct buf out;
	size_t sent;	  /* of it */
	size_t piece;	  /* so much is sent at a time */
	int64_t send_ms;  /* when the next piece is due */
	int64_t read_ms;  /* nothing is read before this */
	int64_t abort_ms; /* when it says that nobody listens any more */
	int64_t end_ms;	  /* when it closes */
	size_t sip;	  /* so much is read at a time */
	bool hangs_up;	  /* it says that nothing more comes */
	bool keeps;	  /* it asks again when it has its answer */
	unsigned n_ended; /* requests, when it was looked at last */
	struct wire wire;
};

struct peers {
	const char *socket;
	const struct plan *plan;
	struct rnd rnd;
	struct peer each[PEERS_MAX];
	uint64_t n_connections; /* of all rounds */
	uint64_t n_bytes;
};

size_t peer_n_manners(void);
unsigned peer_manner_weight(size_t i);

/* A round begins: nobody is there yet. */
void peers_begin(struct peers *peers, const struct options *options,
    const struct plan *plan, const char *socket);

/* Do what is due: come, send, read, go. */
void peers_turn(struct peers *peers);

/* All go. */
void peers_leave(struct peers *peers);

#endif
