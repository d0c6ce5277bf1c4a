/*
 * The spool, as everybody has a hand in it at once: programs that append and
 * rotate, people who tidy up, and whoever means harm.  The channel "probe" is
 * left alone by all of them.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_SPOOL_H
#define SPOOLCAST_TESTS_DISORDER_SPOOL_H

#include <sys/types.h>

#include "fuzz/disorder/plan.h"

#define SPOOL_PATH_MAX 400
#define SPOOL_NAME_MAX 64
#define SPOOL_PROBE "probe"
/* Locks that are held for a while, at a time. */
#define SPOOL_LOCKS_MAX 8

struct spool {
	const struct plan *plan;
	const struct options *options;
	const char *config;
	struct rnd rnd;
	char folder[SPOOL_PATH_MAX]; /* in which it is */
	int folder_fd;
	int fd;		 /* the spool itself; while it is away, as it was */
	int64_t back_ms; /* when it comes back; 0: it is there */
	int64_t due_us;	 /* of the next action */
	int64_t turn_ms; /* when a storm or a calm ends */
	bool is_storm;
	bool is_mounted;
	bool is_full;	      /* the disk */
	int64_t exchanged_ms; /* when that was last; 0: never */
	uint64_t n_left;      /* folders that were put aside */
	struct {
		int fd; /* -1: none */
		int64_t until_ms;
	} locks[SPOOL_LOCKS_MAX];
	char clock[SPOOL_PATH_MAX]; /* the file that sets it */
};

/* An action: what somebody does to the spool. */
struct action {
	const char *name;
	void (*run)(struct spool *spool);
	unsigned weight;
	bool is_soft; /* it leaves the files of channels alone */
	bool is_forgery;
};

size_t spool_n_actions(void);
const char *spool_action_name(size_t i);
unsigned spool_action_weight(size_t i);

/* The name of a channel that may be there; most are the plan's focus. */
#define SPOOL_N_CHANNELS 6
const char *spool_channel_name(size_t i);
const char *spool_draw_channel(const struct plan *plan, struct rnd *rnd);

/*
 * Make a spool in ${folder}, with the probe's file in it.  Return 0, or -1 if
 * the system refuses.
 */
int spool_begin(struct spool *spool, const struct options *options,
    const struct plan *plan, const char *folder);

/* Do what is due. */
void spool_turn(struct spool *spool);

/* Remove all but the probe's files, and let go of what is locked. */
void spool_calm(struct spool *spool);

/* Remove all. */
void spool_end(struct spool *spool);

/* Append ${text} to the probe's file; return false if there was no room. */
bool spool_append_probe(struct spool *spool, const char *text, size_t *done);

/*
 * For those who do something.  A base is the name of a channel's newest file, a
 * name that of any file of it.
 */
const char *spool_draw_base(struct spool *spool);
void spool_draw_name(struct spool *spool, char out[SPOOL_NAME_MAX]);
void spool_name_of(char out[SPOOL_NAME_MAX], const char *base, unsigned number);
off_t spool_size(struct spool *spool, const char *name);
void spool_clear(int fd, const char *name);
/* What a storm leaves. */
void spool_build(struct spool *spool);
void spool_run(struct spool *spool, const char *verb, const char *argument);

/* What spool_rotate.c, spool_damage.c, spool_own.c and spool_append.c do. */
extern const struct action spool_appends[], spool_rotations[], spool_damages[],
    spool_forgeries[];

#endif
