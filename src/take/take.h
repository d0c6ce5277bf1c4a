/*
 * The taker: of all processes that serve a spool, the one that takes what comes
 * in by its pipes and drop folders and appends it to their journals.
 *
 * All hold the pipes open, so that writers neither wait nor get EPIPE, and what
 * was written lives until it is taken; the one that has
 * SPOOL/.spoolcast/sources locked (flock(2)) is the taker.  The kernel lets go
 * of the lock when the taker ends, however that is, and the others try about
 * twice a second.  Where nobody may lock it (a spool that cannot be written)
 * nobody holds a pipe either: its writers wait, and the log says why.
 *
 * A spool without pipes and drop folders costs nothing and is not written to.
 */
#ifndef SPOOLCAST_TAKE_TAKE_H
#define SPOOLCAST_TAKE_TAKE_H

#include <dirent.h>
#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "base/rnd.h"
#include "spool/folder.h"
#include "take/inlet.h"

/* A process holds so many pipes and drop folders at most. */
#define TAKE_MAX 1000
/*
 * The turns of all of them, and the look at which there are, may each take so
 * many ms in a turn of the loop.
 */
#define TAKE_TURN_MS 2
/* Taking what is left at the end may last so many ms in all. */
#define TAKE_DRAIN_MS 100
/* So many ms are between two tries to become the taker. */
#define TAKE_TRY_MS 500

/* What holds for one channel. */
struct take_settings {
	uint64_t max_record; /* bytes */
	bool keep_files;
	bool type_from_extension;
};

/* What the owner is asked. */
struct take_ops {
	/* Put what holds for the channel ${name} into ${out}. */
	void (*settings)(
	    void *cookie, const char *name, struct take_settings *out);
};

struct take {
	struct folder *folder; /* NULL: not started */
	const struct take_ops *ops;
	void *cookie;
	struct list inlets;
	unsigned n_inlets;
	int lock;	 /* descriptor of the file to be locked; -1: none */
	bool is_taker;	 /* we have that file locked */
	int lock_errno;	 /* why it cannot be locked, as logged; 0: it can */
	int64_t rest_ms; /* do not try before then (clock_mono_ms) */
	bool must_scan;	 /* anything may have come or gone */
	DIR *scan;	 /* the spool, while it is read for that; or NULL */
	bool is_looking; /* a look is under way */
	bool has_waited; /* another process was the taker */
	bool is_over_full;
	ev_timer soon; /* until what was noted is looked at */
	ev_timer tick;
	struct list ready;  /* inlets that wait for a turn */
	ev_timer turns;	    /* until they have one */
	unsigned iteration; /* the turn of the loop in which they had theirs, */
	int64_t until_ms;   /* and until when they may have turns in it */
	struct rnd rnd;
	struct log_quota quota;
};

/**
 * take_start(take, folder, ops, cookie):
 * Begin, for the spool ${folder}, which is used until take_end.  ${take} is
 * zeroed.  What is there is held when this returns, and is going to be taken.
 */
void take_start(struct take *take, struct folder *folder,
    const struct take_ops *ops, void *cookie);

/**
 * take_is_on(take):
 * Return whether ${take} was started and has not ended.
 */
bool take_is_on(const struct take *take);

/**
 * take_note(take, file), take_rescan(take):
 * Note that the file ${file} came to the spool, went, or has other rights now;
 * or that anything may have.
 */
void take_note(struct take *take, const char *file);
void take_rescan(struct take *take);

/**
 * take_now(take, name):
 * Take what there is for the channel ${name}, for as long as a client may be
 * kept waiting, if we are the taker.
 */
void take_now(struct take *take, const char *name);

/**
 * take_end(take):
 * Take what there is, for at most 100 ms, and let go of everything; another
 * process that waits becomes the taker then.  If ${take} was not started,
 * nothing happens.
 */
void take_end(struct take *take);

/**
 * take_descriptors(take):
 * Return how many descriptors are in use here, about.
 */
unsigned take_descriptors(const struct take *take);

#endif
