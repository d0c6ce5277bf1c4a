/*
 * Links lead anywhere, and what is tried here writes through some of them: so
 * nothing outside of one folder can be written, by us or by what we start.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_CONFINE_H
#define SPOOLCAST_TESTS_DISORDER_CONFINE_H

#include <stdbool.h>

/*
 * Make all mounts read-only but for ${folder}, where nobody else sees that.
 * Return whether it is so; if not, nothing may be mounted, either.
 */
bool confine(const char *folder);

#endif
