#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/group.h"

/* Read the number of a group; the greatest number means none (chown(2)). */
static int
read_number(const char *text, gid_t *group)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || value >= UINT32_MAX) {
		errno = ENOENT;
		return -1;
	}
	*group = (gid_t)value;
	return 0;
}

int
group_find(const char *text, const char *path, gid_t *group)
{
	const struct group *entry;
	FILE *file;
	int saved;

	if (*text >= '0' && *text <= '9')
		return read_number(text, group);
	if ((file = fopen(path, "re")) == NULL)
		return -1;
	do {
		errno = 0;
		entry = fgetgrent(file);
	} while (entry != NULL && strcmp(entry->gr_name, text) != 0);
	saved = errno == 0 ? ENOENT : errno;
	if (entry != NULL)
		*group = entry->gr_gid;
	fclose(file);
	errno = saved;
	return entry != NULL ? 0 : -1;
}
