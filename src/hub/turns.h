/*
 * The turns of the loop: viewers that may have something to do each get one
 * run, for some milliseconds in a row, so that one flood starves nobody:
 * accepting, heartbeats and other channels come between.
 *
 * Viewers that look for something in files of any size (where a stream begins,
 * the next record that is wanted) stand among the searches.  All of these have
 * one short part of a turn together, after the viewers that have news.
 */
#ifndef SPOOLCAST_HUB_TURNS_H
#define SPOOLCAST_HUB_TURNS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* Whom the turns are for; ${cookie} is that of struct turns. */
struct turns_ops {
	/* Run the viewer that ${node} belongs to, which is in no list now. */
	void (*run)(void *cookie, struct list *node);
	/* All had their run, and nobody uses what was closed in it. */
	void (*between)(void *cookie);
	/* Nobody has anything to do, and the loop is about to wait. */
	void (*rest)(void *cookie);
};

struct turns {
	const struct turns_ops *ops;
	void *cookie;
	struct list run;       /* viewers that may have something to do */
	struct list searches;  /* those that look for something in files */
	int64_t search_end_us; /* of their part of the turn; 0: not now */
	int64_t now_ms;	       /* the time a moment ago, while viewers run */
	uint64_t lulls;	  /* counts the times that nobody had anything to do */
	int64_t yield_ms; /* from when on the core may be given away */
	bool has_looked;  /* a batch was made since the clock was looked at */
	ev_prepare prepare;
	ev_idle idle; /* runs while anybody has something to do */
};

/**
 * turns_init(turns, loop, ops, cookie):
 * Begin to give turns in ${loop}, as ${ops} says.
 */
void turns_init(struct turns *turns, struct ev_loop *loop,
    const struct turns_ops *ops, void *cookie);

/**
 * turns_slice_us(turns):
 * Return for how many microseconds the viewer whose turn it is may look for
 * something in files.
 */
int64_t turns_slice_us(const struct turns *turns);

/**
 * turns_is_searching(turns):
 * Return whether the viewer whose turn it is stood among the searches.
 */
bool turns_is_searching(const struct turns *turns);

#endif
