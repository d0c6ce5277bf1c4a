/* This file lists the channels in the folder, from memory where it can. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/timer.h"
#include "spool/folder_parts.h"

/*
 * Return whether we are told of all changes, so that the names we keep are
 * those that there are.
 */
static bool
is_told(const struct folder *folder)
{
	return folder->is_there && folder->is_followed &&
	    watch_is_on(&folder->watch) && folder->watch.folder != -1 &&
	    (!folder->is_polling || folder->is_waiting);
}

void
folder_list_forget(struct folder *folder)
{
	names_free(&folder->kept);
	folder->has_kept = folder->keeps_now = folder->lacks_some = false;
}

/* There are more names than can be kept: read the folder each time. */
static void
refuse(struct folder *folder)
{
	folder_list_forget(folder);
	folder->keeps_names = false;
	folder->are_too_many = true;
}

void
folder_list_keep(struct folder *folder, const char *file, enum watch_name what)
{
	char name[NAME_MAX_LEN + 1];
	int sign;

	if ((!folder->has_kept && !folder->keeps_now) ||
	    what == WATCH_CHANGED || (sign = folder_sign_of(file, name)) == -1)
		return;
	folder->lacks_some = folder->lacks_some || what == WATCH_WENT;
	if (what == WATCH_WENT)
		names_remove(&folder->kept, name, (unsigned)sign);
	else if (names_add(&folder->kept, name, (unsigned)sign) != 0)
		refuse(folder);
}

void
folder_list_find(struct folder *folder, int dir_fd, const char *file)
{
	struct stat st;

	/*
	 * The name was read a moment ago.  If we were told since then that some
	 * went, see whether this file is still there.
	 */
	if (folder->keeps_now &&
	    (!folder->lacks_some ||
		fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0))
		folder_list_keep(folder, file, WATCH_CAME);
}

/* Keep the names from now on: read them first, a few at a time. */
static void
keep_names(struct folder *folder)
{
	if (folder->keeps_names || folder->are_too_many || !is_told(folder))
		return;
	folder->keeps_names = folder->must_list = true;
	timer_set_first(folder->loop, &folder->more, 0.);
}

static int
read_names(struct folder *folder, int (*visit)(void *cookie, const char *name),
    void *cookie)
{
	char name[NAME_MAX_LEN + 1];
	struct dirent *entry;
	DIR *dir = opendir(folder->path);
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (folder_sign_of(entry->d_name, name) != -1)
			rc = visit(cookie, name);
	}
	closedir(dir);
	return rc;
}

int
folder_list(struct folder *folder, int (*visit)(void *cookie, const char *name),
    void *cookie)
{
	int rc;

	if (!folder->has_kept || !is_told(folder)) {
		keep_names(folder);
		return read_names(folder, visit, cookie);
	}
	folder->is_listed = true;
	rc = names_each(&folder->kept, visit, cookie);
	folder->is_listed = false;
	return rc;
}
