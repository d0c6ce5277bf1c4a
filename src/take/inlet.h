/*
 * Inlets: what records come in by that is not itself a log.  A taker (take.h)
 * has one for each pipe and drop folder of its spool.  A kind of inlet is one
 * row of functions; only the taker calls them.
 */
#ifndef SPOOLCAST_TAKE_INLET_H
#define SPOOLCAST_TAKE_INLET_H

#include <sys/stat.h>

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/name.h"
#include "spool/form.h"

struct take;
struct inlet;

/* What a turn came to. */
enum inlet_result {
	INLET_DONE,   /* nothing waits; it says when something does */
	INLET_MORE,   /* more waits: soon again */
	INLET_BUSY,   /* somebody else is at its journal: in a moment */
	INLET_LATER,  /* in a second */
	INLET_FAILED, /* the same, and the log says why */
	INLET_OVER,   /* nothing will ever come: free it */
};

struct inlet_kind {
	const struct form *form;
	bool is_lasting; /* what waits in it stays there without us */
	/* Return one in memory, with only what its kind knows set, or NULL. */
	struct inlet *(*make)(void);
	/*
	 * Hold it: from now on writers can write.  Return 0, or -1 with errno
	 * and a ${remedy} for the log, which is left alone if there is none.
	 */
	int (*open)(struct inlet *inlet, const char **remedy);
	/* Whether ${st} is what is held. */
	bool (*is_same)(const struct inlet *inlet, const struct stat *st);
	/* Call inlet_run when there is something, or do so no more. */
	void (*follow)(struct inlet *inlet, bool is_on);
	/* Anything may have come unseen; NULL: that cannot be. */
	void (*look_again)(struct inlet *inlet);
	/* Take until there is nothing, or it is ${until_ms} (clock_mono_ms). */
	enum inlet_result (*turn)(struct inlet *inlet, int64_t until_ms);
	/*
	 * It is not in the spool any more.  Return whether there may be more in
	 * it, or come to it; then turns go on until INLET_OVER.
	 */
	bool (*outlive)(struct inlet *inlet);
	/* Let go of it; what it holds is not taken any more. */
	void (*close)(struct inlet *inlet);
};

/* Embedded, as the first member, in what a kind makes. */
struct inlet {
	const struct inlet_kind *kind;
	struct take *take;
	struct list node;
	char name[NAME_MAX_LEN + 1]; /* of the channel */
	bool must_check; /* what has its name may be something else now */
	bool must_hold;	 /* it was not tried to open it in this look */
	bool is_wanted;	 /* it is there, and what its channel consists of */
	bool is_open;
	bool is_shadowed; /* the log knows that it is not what is served */
	bool is_orphan;	  /* it has no name any more */
	ev_timer again;
	struct list in_ready; /* in take's list, or in none */
	int told_errno;	      /* what the log said last, and when */
	int64_t told_ms;
};

/**
 * inlet_init(inlet), inlet_rest(inlet):
 * Prepare ${inlet} for turns, once; and let it have none until that is asked
 * for again.
 */
void inlet_init(struct inlet *inlet);
void inlet_rest(struct inlet *inlet);

/**
 * inlet_run(inlet):
 * Give ${inlet} a turn, now if all together have not used up their time in this
 * turn of the loop, and see to it that there is a next one.  It, and others,
 * may be freed.
 */
void inlet_run(struct inlet *inlet);

/**
 * inlet_soon(inlet):
 * The same, when the loop comes to it.
 */
void inlet_soon(struct inlet *inlet);

/**
 * inlet_tell(inlet, event, remedy):
 * Log ${event}, which went wrong with ${inlet} because of errno, unless the log
 * has it already.  errno is preserved.
 */
void inlet_tell(struct inlet *inlet, const char *event, const char *remedy);

/**
 * inlet_tell_recovery(inlet):
 * Log that what inlet_tell told is over, if it told anything.
 */
void inlet_tell_recovery(struct inlet *inlet);

#endif
