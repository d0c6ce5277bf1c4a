#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/folder_parts.h"
#include "spool/remote.h"

static void
start_watching(struct folder *folder, int fd)
{
	if (!watch_is_on(&folder->watch) &&
	    (!folder->is_polling || folder->is_waiting) &&
	    watch_start(
		&folder->watch, folder->loop, folder->watch_ops, folder) != 0)
		folder_poll(folder,
		    errno == EMFILE ?
			"no inotify instance left, raise "
			"fs.inotify.max_user_instances or the limit of open "
			"files" :
			"no inotify");
	if (watch_is_on(&folder->watch) &&
	    watch_folder(&folder->watch, folder->path) != 0)
		folder_poll(folder, "the folder cannot be watched");
	if (remote_is(fd) == 1)
		folder_poll(folder, "a network file system");
}

void
folder_there_follow(struct folder *folder, int fd)
{
	start_watching(folder, fd);
	/* Our own folder may be that of another spool now. */
	folder_own_leave(folder);
	folder->follow_no++;
	folder->is_lost = true;
}

bool
folder_there_is(const struct folder *folder)
{
	bool is_polled = folder->is_polling && !folder->is_waiting;
	struct stat st;

	/* A new folder may get the inode of the old one, but not its watch. */
	return folder->is_there &&
	    (!folder->is_followed || is_polled ||
		(watch_is_on(&folder->watch) && folder->watch.folder != -1)) &&
	    stat(folder->path, &st) == 0 && st.st_ino == folder->ino &&
	    st.st_dev == folder->dev;
}

static void
log_absence(struct folder *folder)
{
	if (errno != folder->open_errno)
		log_errno(LOG_LEVEL_ERROR,
		    "event=spool-unreadable spool=\"%s\" "
		    "remedy=\"make the folder, or set [spool] path\"",
		    folder->path);
	folder->open_errno = errno;
}

int
folder_there_reopen(struct folder *folder)
{
	struct stat st;
	int fd;

	folder->is_there = false;
	fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) != 0) {
		log_absence(folder);
		if (fd != -1)
			close(fd);
		folder_poll_wait(folder);
		errno = folder->open_errno;
		return -1;
	}
	folder->is_there = true;
	folder->dev = st.st_dev;
	folder->ino = st.st_ino;
	folder->open_errno = 0;
	if (folder->is_waiting)
		folder_poll_end(folder);
	if (folder->is_followed)
		folder_there_follow(folder, fd);
	close(fd);
	return 0;
}
