/*
 * The probe: a viewer of a channel that nobody harms.  Lines are appended to it
 * all the time; each has to come once and in order, or a gap, and soon.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_PROBE_H
#define SPOOLCAST_TESTS_DISORDER_PROBE_H

#include "fuzz/disorder/spool.h"
#include "fuzz/disorder/wire.h"

struct probe {
	const char *socket;
	struct spool *spool;
	struct rnd rnd;
	int fd; /* -1: away */
	struct wire wire;
	int64_t come_ms; /* when it comes back */
	int64_t cut_ms;	 /* when it goes by itself */
	char id[WIRE_LINE_MAX + 1];
	/* What is appended: numbers, one a line. */
	char line[24];
	size_t line_done;
	int64_t append_ms;
	unsigned n_appended;
	/* What comes. */
	unsigned next;	   /* the number that is due; 0: any */
	int64_t waits_ms;  /* since when for what was appended; 0: not */
	int64_t answer_ms; /* when anything came last */
	int64_t longest_ms;
	bool is_deaf; /* it has waited in vain */
	/* The block that has come in part. */
	unsigned block_number;
	bool block_is_gap;
	char block_id[WIRE_LINE_MAX + 1];
};

/* The responder listens; nothing was appended yet. */
void probe_begin(struct probe *probe, const struct options *options,
    struct spool *spool, const char *socket);

/* Append, read, come back.  What is wrong is told. */
void probe_turn(struct probe *probe);

/* Whether all that was appended has come. */
bool probe_has_all(const struct probe *probe);

void probe_end(struct probe *probe);

#endif
