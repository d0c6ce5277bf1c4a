#include "fuzz/disorder/confine.h"

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>

static bool
is_read_only(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 && (st.f_flag & ST_RDONLY) != 0;
}

bool
confine(const char *folder)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(folder, folder, NULL, MS_BIND, NULL) != 0)
		return false;
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only,
		sizeof(read_only)) != 0 ||
	    mount_setattr(AT_FDCWD, folder, 0, &writable, sizeof(writable)) !=
		0)
		return false;
	return is_read_only("/") && is_read_only("/dev") &&
	    !is_read_only(folder);
}
