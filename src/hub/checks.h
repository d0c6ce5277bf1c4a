/*
 * What a request has to pass before it gets a stream: a table of checks.
 */
#ifndef SPOOLCAST_HUB_CHECKS_H
#define SPOOLCAST_HUB_CHECKS_H

#include "hub/admit.h"

/**
 * checks_failed(admission):
 * Let the request of ${admission} pass all checks, one after the other.  Return
 * NULL if it does; then request and settings are there, and the viewer has its
 * flush mode and its share of the budget.  Else return the name of the first
 * check that it does not pass, which has filled the response.
 */
const char *checks_failed(struct admission *admission);

#endif
