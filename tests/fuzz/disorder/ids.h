/*
 * Event ids: those that the responder sent, and what becomes of them when they
 * are bent.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_IDS_H
#define SPOOLCAST_TESTS_DISORDER_IDS_H

#include "base/buf.h"
#include "fuzz/disorder/plan.h"

/* Forget all. */
void ids_clear(void);

/* Keep ${id}, of ${len} bytes, for a while.  Return whether it is sealed. */
bool ids_keep(const char *id, size_t len);

/* Append one that was sent, if there is any. */
void ids_put(struct buf *out, struct rnd *rnd);

/* Append one that nobody sent; most of them are sealed. */
void ids_put_bent(struct buf *out, const struct plan *plan, struct rnd *rnd);

#endif
