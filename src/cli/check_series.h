/*
 * What is wrong with the segments that a channel's log consists of.
 */
#ifndef SPOOLCAST_CLI_CHECK_SERIES_H
#define SPOOLCAST_CLI_CHECK_SERIES_H

#include "cli/check_spool.h"

/**
 * check_series_newest(check, file):
 * Check the newest segment of a log, ${file}, a regular file.  Return whether
 * it can be read.
 */
bool check_series_newest(
    struct check_spool *check, const struct check_file *file);

/**
 * check_series_older(check, file):
 * Check the older segment ${file}, and that the one before it is there.
 */
void check_series_older(
    struct check_spool *check, const struct check_file *file);

#endif
