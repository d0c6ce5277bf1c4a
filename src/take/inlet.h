/*
 * Inlets: ways for records to come in that are not logs themselves.  A taker
 * (take.h) has one for each pipe and drop folder of its spool.  A kind of inlet
 * is one row of functions; only the taker calls them.
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
struct take_settings;
struct inlet;

/* What a turn came to. */
enum inlet_result {
	INLET_DONE,   /* nothing waits; it says when something does */
	INLET_MORE,   /* more waits: give it a turn again soon */
	INLET_BUSY,   /* its journal is in use: try in a moment */
	INLET_LATER,  /* try again in a second */
	INLET_FAILED, /* the same, and the log says why */
	INLET_OVER,   /* nothing will ever come: free it */
};

struct inlet_kind {
	const struct form *form;
	bool is_lasting; /* what waits in it stays there without us */
	/*
	 * Return a new one, with only those members set that its kind knows; or
	 * NULL.
	 */
	struct inlet *(*make)(void);
	/*
	 * Hold it: from now on writers can write.  Return 0, or -1 with errno
	 * and a ${remedy} for the log, which is unchanged if there is none.
	 */
	int (*open)(struct inlet *inlet, const char **remedy);
	/* Return whether ${st} is of what is held. */
	bool (*is_same)(const struct inlet *inlet, const struct stat *st);
	/*
	 * If ${is_on}, give it turns from now on when something comes, by
	 * inlet_run or inlet_soon; else do so no more.
	 */
	void (*follow)(struct inlet *inlet, bool is_on);
	/* Anything may have come unseen; NULL: that cannot happen. */
	void (*look_again)(struct inlet *inlet);
	/* Take until there is nothing, or it is ${until_ms} (clock_mono_ms). */
	enum inlet_result (*turn)(struct inlet *inlet, int64_t until_ms);
	/*
	 * It is not in the spool any more.  Return whether there may be more in
	 * it, or more may come; then turns go on until INLET_OVER.
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
	bool must_hold;	 /* this look has still to try to open it */
	bool is_wanted;	 /* it is there, and what its channel consists of */
	bool is_open;
	bool is_shadowed; /* the log knows that it is not what is served */
	bool is_orphan;	  /* it has no name any more */
	ev_timer again;
	struct list in_ready; /* in take's list, or in none */
	int told_errno;	      /* what the log was told last, and when */
	int64_t told_ms;
};

/**
 * inlet_init(inlet), inlet_rest(inlet):
 * The first prepares ${inlet} for turns, once.  The second lets it have none
 * until one is asked for again.
 */
void inlet_init(struct inlet *inlet);
void inlet_rest(struct inlet *inlet);

/**
 * inlet_run(inlet):
 * Give ${inlet} a turn: now, unless all inlets together have used up their time
 * in this turn of the loop, else later.  It gets further turns for as long as
 * it asks for them.  It, and others, may be freed.
 */
void inlet_run(struct inlet *inlet);

/**
 * inlet_soon(inlet):
 * The same, but only when the loop comes to it.
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

/**
 * inlet_drain(inlet, ms):
 * Take what is in ${inlet}, which is open, for at most ${ms}, if we are the
 * taker.  Return what the last turn came to.
 */
enum inlet_result inlet_drain(struct inlet *inlet, int64_t ms);

/**
 * inlet_end_close(inlet), inlet_end_free(inlet):
 * If ${inlet} is open, the first takes what there is, as far as that would be
 * lost otherwise and a turn allows, and lets go of it.  The second frees it,
 * too.
 */
void inlet_end_close(struct inlet *inlet);
void inlet_end_free(struct inlet *inlet);

/**
 * inlet_end(inlet, until_ms):
 * Take what is in ${inlet}, let go of it and free it.  If what is in it stays
 * there without us, it is taken only until ${until_ms} (clock_mono_ms).
 */
void inlet_end(struct inlet *inlet, int64_t until_ms);

/**
 * inlet_settings(inlet, out):
 * Put what holds for the channel of ${inlet} into ${out}.
 */
void inlet_settings(const struct inlet *inlet, struct take_settings *out);

/**
 * inlet_rescan(take):
 * Note that any inlet of ${take} may have come or gone.
 */
void inlet_rescan(struct take *take);

/**
 * inlet_turns_init(take):
 * Prepare ${take} to give turns.
 */
void inlet_turns_init(struct take *take);

#endif
