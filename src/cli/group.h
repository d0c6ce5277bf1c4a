/*
 * Groups, by name or by number.
 */
#ifndef SPOOLCAST_CLI_GROUP_H
#define SPOOLCAST_CLI_GROUP_H

#include <sys/types.h>

/* The file of group(5). */
#define GROUP_FILE "/etc/group"

/**
 * group_find(text, path, group):
 * Put the number of the group that ${text} names into ${group}: the name
 * stands in the file ${path}, which has the form of group(5), or ${text} is
 * the number itself.  Nothing but that file is asked (no NSS), so the static
 * program finds what the other one finds.  Return 0; or -1 with errno, ENOENT
 * where there is no such group, and ${group} unchanged.
 */
int group_find(const char *text, const char *path, gid_t *group);

#endif
