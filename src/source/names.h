/*
 * The names of the channels that exist, each with the files that show it: so
 * that who asks for a pattern does not have the folder read.
 *
 * They stand one behind the other in one piece of memory, which costs a name's
 * length and some 8 bytes more for each.  A million is the most.
 */
#ifndef SPOOLCAST_SOURCE_NAMES_H
#define SPOOLCAST_SOURCE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct names {
	struct buf list;  /* of each: its signs, a byte, and its text */
	uint32_t *places; /* in there, behind one; by hash; 0: free */
	size_t n_places;  /* a power of two, or 0 */
	size_t n;	  /* in the list, of which */
	size_t n_gone;	  /* so many have no sign any more */
};

/**
 * names_free(names):
 * Free everything; ${names} is as if zeroed then: there are none.
 */
void names_free(struct names *names);

/**
 * names_add(names, text, sign):
 * Note the sign ${sign} (0 to 7) of ${text}.  Return 0, or -1 with errno:
 * ENOMEM, or E2BIG if there are too many.
 */
int names_add(struct names *names, const char *text, unsigned sign);

/**
 * names_remove(names, text, sign):
 * That sign is no more; without one there is no such name.
 */
void names_remove(struct names *names, const char *text, unsigned sign);

/**
 * names_each(names, visit, cookie):
 * Call ${visit} with each name; it must not change ${names}.  Stop when it
 * returns other than 0 and return that; 0 at the end.
 */
int names_each(const struct names *names,
    int (*visit)(void *cookie, const char *name), void *cookie);

#endif
