/*
 * The plan of a round: all that is drawn before it begins.  What is left out of
 * a round (most of it) gives the rest the time to meet what it needs.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_PLAN_H
#define SPOOLCAST_TESTS_DISORDER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/disorder/draw.h"

/* What is the same for all rounds. */
struct options {
	const char *program;
	const char *folder;   /* for logs and spools */
	const char *without;  /* words with commas between: never done */
	const char *only;     /* nothing else is done to the spool */
	const char *faketime; /* its library, or NULL */
	uint64_t seed;
	uint64_t first_round;
	unsigned seconds; /* in all */
	unsigned processes;
	bool is_sanitized; /* the program */
	bool stops_at_first;
	bool has_links;
	bool has_mounts; /* we may mount where nobody else sees it */
};

struct plan {
	uint64_t round;
	unsigned seconds;
	unsigned processes;
	unsigned nofile; /* limit of descriptors */
	/* Settings. */
	uint64_t memory_kb; /* 0: no limit */
	uint64_t max_record;
	uint64_t lifetime_ms;
	unsigned streams;
	unsigned per_address;
	bool has_short_limits; /* they may turn viewers away */
	char settings[1500];
	/* What happens. */
	bool has_clock;
	bool builds;		/* a storm leaves a series that was made anew */
	unsigned focus_percent; /* of all concerns one channel */
	size_t focus;
	int64_t file_bytes; /* one that has so much is left alone */
	unsigned disk_mb;   /* 0: the spool is where everything is */
	unsigned n_peers;
	unsigned peer_ms;	 /* lifetime of a peer, at most, as a rule */
	unsigned quiet_ms;	 /* how long files are left alone at a time */
	unsigned storm_ms;	 /* and how long not */
	unsigned pause_us;	 /* between two actions, at most */
	unsigned id_percent;	 /* of the requests have an id */
	unsigned bent_percent;	 /* of these are bent */
	unsigned broken_percent; /* of all requests are no good FastCGI */
	unsigned actions[DRAW_ROWS_MAX];
	unsigned manners[DRAW_ROWS_MAX];
};

/* Draw the plan of round ${round}, and say what it is. */
void plan_draw(
    struct plan *plan, const struct options *options, uint64_t round);

/* Whether ${word} is one of the ${words} with commas between; NULL: of none. */
bool plan_has_word(const char *words, const char *word);

#endif
