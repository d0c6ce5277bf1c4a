/*
 * A folder of one's own for the length of a test program.  temp_dir_make and
 * temp_dir_remove are for cmocka_run_group_tests.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_TEMP_DIR_H
#define SPOOLCAST_TESTS_HELPERS_TEMP_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temp_dir[4096];
static int temp_dir_fd;

static inline int
temp_dir_make(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(temp_dir, sizeof(temp_dir), "%s/spoolcast-test-XXXXXX",
	    parent == NULL ? "/tmp" : parent);
	if (mkdtemp(temp_dir) == NULL)
		return -1;
	temp_dir_fd = open(temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return temp_dir_fd == -1 ? -1 : 0;
}

/* Remove all that is in the folder ${name}, seen from the open one ${fd}. */
static inline void
temp_dir_clear(int fd, const char *name)
{
	int own = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own == -1 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(own, entry->d_name, 0) == 0)
			continue;
		temp_dir_clear(own, entry->d_name);
		unlinkat(own, entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

static inline int
temp_dir_remove(void **state)
{
	(void)state;
	temp_dir_clear(temp_dir_fd, ".");
	close(temp_dir_fd);
	return rmdir(temp_dir);
}

#endif
