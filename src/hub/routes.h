/*
 * What a request asks for, by its method and the last part of its path (pure).
 */
#ifndef SPOOLCAST_HUB_ROUTES_H
#define SPOOLCAST_HUB_ROUTES_H

#include "hub/admit.h"

struct route {
	enum request_method method; /* METHOD_OTHER: whatever it is */
	const char *page; /* last part of the path; NULL: whatever it is */
	/* Fill the response, which is sent then, or take it and the request. */
	void (*serve)(struct admission *admission);
};

/**
 * routes_find(routes, vars):
 * Return the first of the rows at ${routes} that fits the request ${vars}.  The
 * last row has METHOD_OTHER and no page, so there is always one.
 */
const struct route *routes_find(
    const struct route *routes, const struct request_vars *vars);

#endif
