/*
 * The names of the channels that exist, each with its signs: the numbers of the
 * files that show it (folder_sign_of).  They are kept so that nobody has to
 * read the folder for a request that asks for a pattern.
 *
 * They stand one after the other in one piece of memory, which costs a name's
 * length and some 8 bytes more for each.  A million is the most.
 */
#ifndef SPOOLCAST_SPOOL_NAMES_H
#define SPOOLCAST_SPOOL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct names {
	struct buf list;  /* for each name, a byte of its signs and its text */
	uint32_t *places; /* where each text is in the list, by hash; 0: free */
	size_t n_places;  /* a power of two, or 0 */
	size_t n;	  /* how many names are in the list */
	size_t n_gone;	  /* how many of them have no sign any more */
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
 * Remove the sign ${sign} of ${text}; a name that has no sign any more is gone.
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
