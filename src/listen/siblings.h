/*
 * Processes that accept from the same sockets, and what they know of each
 * other: one page of memory, shared by fork(2), in which each writes its own
 * line.  It serves to spread connections evenly, and to hold one limit of
 * streams for all.
 *
 * The kernel wakes all processes that wait for a connection, and the first
 * takes it.  So a process that has more than its share leaves it to the others
 * for a moment.  That must cost nobody more than a few milliseconds:
 *  a) Each process that looks at a socket notes that.  Processes to which a
 *     connection was left and that did not look for SIBLINGS_PATIENCE moments
 *     are stopped or busy, and nothing is left to them until they have looked
 *     again.
 *  b) A process that has ended has no line.
 * Nothing here fails or blocks.
 */
#ifndef SPOOLCAST_LISTEN_SIBLINGS_H
#define SPOOLCAST_LISTEN_SIBLINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SIBLINGS_MAX 64
/* A connection is left for so many moments to processes that do not look. */
#define SIBLINGS_PATIENCE 8

/* One process, on a cache line of its own. */
struct sibling {
	_Alignas(64) atomic_uint is_there;
	atomic_uint connections;
	atomic_uint streams;
	atomic_uint looks; /* how often it looked whether one has come */
};

/*
 * What one process has of the page; it is made before fork(2) and joined after
 * that.
 */
struct siblings {
	struct sibling *page;
	unsigned n;
	unsigned self;
	unsigned patience; /* used up for the connection that is left now */
	unsigned looks[SIBLINGS_MAX]; /* of each process, when we looked last */
	bool is_stuck[SIBLINGS_MAX];  /* it did not look since then */
};

/**
 * siblings_init(s, n):
 * Prepare the page for ${n} processes, SIBLINGS_MAX at most.  Return 0, or -1
 * with errno.
 */
int siblings_init(struct siblings *s, unsigned n);

/**
 * siblings_free(s):
 * Release what this process has of the page.
 */
void siblings_free(struct siblings *s);

/**
 * siblings_join(s, self):
 * Take part as process ${self} (from 0), in which this is called, with nothing
 * yet.
 */
void siblings_join(struct siblings *s, unsigned self);

/**
 * siblings_leave(s, index):
 * Note in the parent that process ${index} has ended.
 */
void siblings_leave(struct siblings *s, unsigned index);

/**
 * siblings_tell(s, connections):
 * Let the others know how many connections we have.
 */
void siblings_tell(struct siblings *s, uint64_t connections);

/**
 * siblings_may_accept(s, is_again):
 * Return whether it is for us to accept a connection; if not, it is to be asked
 * again in a millisecond, with ${is_again} if one still waits then.
 */
bool siblings_may_accept(struct siblings *s, bool is_again);

/**
 * siblings_take_stream(s, most), siblings_give_stream(s):
 * Count one more stream of ours, if then there are no more than ${most} (0: no
 * limit) in all processes; return whether that is so.  Count one less.  If
 * several processes ask for the last one at the same time, it may be that none
 * gets it.
 */
bool siblings_take_stream(struct siblings *s, uint64_t most);
void siblings_give_stream(struct siblings *s);

#endif
