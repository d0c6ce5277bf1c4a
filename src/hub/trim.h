/*
 * Giving memory back to the system that one use leaves and the next one does
 * not need.
 */
#ifndef SPOOLCAST_HUB_TRIM_H
#define SPOOLCAST_HUB_TRIM_H

#include <stdbool.h>
#include <stddef.h>

struct hub;

/* Zeroed at first. */
struct trim {
	size_t used;	/* most bytes from malloc since that was trimmed */
	bool has_begun; /* a response did, and what it left was trimmed */
};

/**
 * trim_init(void):
 * Let the process give large buffers back to the system as soon as they are
 * freed (mallopt(3)).
 */
void trim_init(void);

/**
 * trim_rest(hub):
 * The turn is over and nobody has anything to do: give back what is kept for
 * the next one.  Small buffers stay.
 */
void trim_rest(struct hub *hub);

#endif
