/*
 * Requests, good ones and all others.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_ASK_H
#define SPOOLCAST_TESTS_DISORDER_ASK_H

#include "base/buf.h"
#include "fuzz/disorder/plan.h"

/* Put the variables of a request, in FastCGI's pairs, into ${pairs}. */
void ask_pairs(struct buf *pairs, const struct plan *plan, struct rnd *rnd);

/* Append a whole request for ${pairs} of the id ${id}. */
void ask_put(struct buf *out, uint16_t id, bool keeps, const struct buf *pairs);

/* Append what is none, or has become none. */
void ask_put_broken(struct buf *out, const struct buf *pairs, struct rnd *rnd);

#endif
