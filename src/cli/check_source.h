/*
 * What is wrong with pipes and drop folders, and with the folder that their
 * journals are in.
 */
#ifndef SPOOLCAST_CLI_CHECK_SOURCE_H
#define SPOOLCAST_CLI_CHECK_SOURCE_H

#include "cli/check_spool.h"

/**
 * check_source(check, file):
 * Check the pipe or drop folder ${file}.  Return whether it is served.
 */
bool check_source(struct check_spool *check, const struct check_file *file);

/**
 * check_source_own(check):
 * Check spoolcast's own folder in the spool and the journals in it, once all
 * sources are known.
 */
void check_source_own(struct check_spool *check);

#endif
