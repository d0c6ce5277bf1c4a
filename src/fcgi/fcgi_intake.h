/*
 * What a connection keeps of a request until all of it is there, and how much
 * all connections of the process keep.  Most connections have no intake.
 */
#ifndef SPOOLCAST_FCGI_FCGI_INTAKE_H
#define SPOOLCAST_FCGI_FCGI_INTAKE_H

#include "base/buf.h"

enum fcgi_intake_part {
	FCGI_INTAKE_PARAMS, /* PARAMS of the active request */
	FCGI_INTAKE_RECORD, /* content of a BEGIN_REQUEST or GET_VALUES */
};

/* Callers may read it directly; only the functions below write to it. */
struct fcgi_intake {
	struct buf params;
	struct buf record;
};

/**
 * fcgi_intake_add(intake, part, bytes, len):
 * Append the ${len} bytes at ${bytes} to ${part} of ${*intake}, which is made
 * if it is NULL.  Return 0, or -1 with ENOMEM and nothing appended.
 */
int fcgi_intake_add(struct fcgi_intake **intake, enum fcgi_intake_part part,
    const uint8_t *bytes, size_t len);

/**
 * fcgi_intake_drop(intake, part):
 * Free ${part} of ${*intake}, and the whole, which is NULL then, if the other
 * part is empty.  Nothing happens if ${*intake} is NULL.
 */
void fcgi_intake_drop(struct fcgi_intake **intake, enum fcgi_intake_part part);

/**
 * fcgi_intake_free(intake):
 * Free all of ${*intake}, which is NULL then and may have been before.
 */
void fcgi_intake_free(struct fcgi_intake **intake);

/**
 * fcgi_intake_memory(void):
 * Return how many bytes all intakes of the process take.
 */
size_t fcgi_intake_memory(void);

#endif
