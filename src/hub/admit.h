/*
 * A request on its way to its stream, and to what it gets if there is none.
 */
#ifndef SPOOLCAST_HUB_ADMIT_H
#define SPOOLCAST_HUB_ADMIT_H

#include <stdbool.h>

#include "conf/settings.h"
#include "http/request.h"
#include "http/response.h"

struct viewer;

/* All that is known of a request; what is not known yet is zero. */
struct admission {
	struct viewer *viewer;		 /* that sent it */
	const struct request_vars *vars; /* as they came; NULL: gone again */
	struct request request;
	struct response response;
	const struct settings *settings; /* of its first channel */
	bool is_incremental; /* the head asks not to hold the stream back */
};

/**
 * admit_request(viewer, vars):
 * A request of ${viewer}, which has no response yet, has come as ${vars}: begin
 * with its response.
 */
void admit_request(struct viewer *viewer, const struct request_vars *vars);

/**
 * admit_free(admission):
 * Free what ${admission} owns.
 */
void admit_free(struct admission *admission);

#endif
