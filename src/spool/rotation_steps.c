#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/lock.h"
#include "spool/own.h"
#include "spool/rename_free.h"
#include "spool/rotation_steps.h"
#include "spool/series.h"
#include "spool/twin.h"

/* O_NONBLOCK, O_NOCTTY: a pipe or a terminal may have the name. */
#define FLAGS (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int
rotation_steps_fail(struct rotation_work *work, const char *format, ...)
{
	struct rotation_report *report = work->report;
	va_list args;

	va_start(args, format);
	vsnprintf(report->problem, sizeof(report->problem), format, args);
	va_end(args);
	return -1;
}

/*
 * Open a segment to lock it, for writing if we may: NFS lets no other process
 * lock it.
 */
static int
open_segment(const struct rotation_work *work, const char *name)
{
	int fd = openat(work->dir_fd, name, O_RDWR | O_APPEND | FLAGS);

	if (fd == -1 && (errno == EACCES || errno == EROFS || errno == EISDIR))
		fd = openat(work->dir_fd, name, O_RDONLY | FLAGS);
	if (fd == -1 && errno == EACCES)
		fd = openat(work->dir_fd, name, O_WRONLY | O_APPEND | FLAGS);
	return fd;
}

enum rotation_result
rotation_steps_give_up(struct rotation_report *report, const char *what)
{
	const struct lock_holder *holder = lock_last_holder();

	snprintf(report->problem, sizeof(report->problem),
	    "%s has been locked for %d s by process %ld (%s): let that process "
	    "unlock it, or end that process",
	    what, LOCK_GIVE_UP_S, (long)holder->pid, holder->command);
	return ROTATION_FAILED;
}

static enum rotation_result
refuse(struct rotation_work *work)
{
	if (errno == EWOULDBLOCK)
		return ROTATION_BUSY;
	if (errno == ETIMEDOUT)
		return rotation_steps_give_up(work->report, work->base);
	if (errno == ELOOP)
		rotation_steps_fail(work,
		    "%s is a link: rotate the file that it leads to",
		    work->base);
	else
		rotation_steps_fail(work,
		    "cannot lock %s (%s): run `spoolcast "
		    "rotate` as the user who writes to it",
		    work->base, strerror(errno));
	return ROTATION_FAILED;
}

/* Lock the newest segment, whichever that is once we have the lock. */
static enum rotation_result
lock_newest(struct rotation_work *work)
{
	struct stat named;

	for (;;) {
		if ((work->fd = open_segment(work, work->name)) == -1)
			return errno == ENOENT ? ROTATION_NOTHING :
						 refuse(work);
		/*
		 * A process that writes a journal takes work->lock, not the
		 * lock of the file.
		 */
		if ((work->lock == -1 &&
			lock_get(work->fd, LOCK_APPEND, work->base,
			    work->may_wait) != 0) ||
		    fstat(work->fd, &work->st) != 0)
			return refuse(work);
		if (fstatat(work->dir_fd, work->name, &named,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    named.st_ino == work->st.st_ino &&
		    named.st_dev == work->st.st_dev)
			return ROTATION_DONE;
		close(work->fd);
	}
}

enum rotation_result
rotation_steps_open(
    struct rotation_work *work, const char *spool, const char *base)
{
	const char *slash;

	snprintf(work->base, sizeof(work->base), "%s", base);
	slash = strchr(work->base, '/');
	work->name = slash == NULL ? work->base : slash + 1;
	work->fd = work->lock = -1;
	work->dir_fd = slash == NULL ?
	    open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
	    own_open_folder(spool);
	if (work->dir_fd == -1) {
		rotation_steps_fail(work, "cannot open the folder of %s (%s)",
		    work->base, strerror(errno));
		return ROTATION_FAILED;
	}
	if (slash != NULL &&
	    (work->lock =
		    own_lock_journal(spool, work->name, work->may_wait)) == -1)
		return refuse(work);
	return lock_newest(work);
}

void
rotation_steps_close(struct rotation_work *work)
{
	/* This lets go of the lock. */
	if (work->fd != -1)
		close(work->fd);
	if (work->lock != -1)
		close(work->lock);
	if (work->dir_fd != -1)
		close(work->dir_fd);
	work->fd = work->lock = work->dir_fd = -1;
}

static int
refuse_twin(struct rotation_work *work)
{
	if (errno == EPERM)
		return rotation_steps_fail(work,
		    "a new %s would not have the rights of the old one, which "
		    "belongs to user %u and group %u: run `spoolcast rotate` "
		    "as that user, who must be in that group, or as root; or "
		    "give user and group the same rights",
		    work->base, work->st.st_uid, work->st.st_gid);
	return rotation_steps_fail(work, "cannot make a new %s (%s)%s",
	    work->base, strerror(errno),
	    errno == EACCES ? ": run `spoolcast rotate` as a user who may "
			      "write to the folder" :
		errno == ENOSPC || errno == EDQUOT ? ": make room" :
						     "");
}

int
rotation_steps_make(struct rotation_work *work)
{
	if (twin_make(work->dir_fd, ROTATION_NEW_NAME, work->fd) != 0)
		return refuse_twin(work);
	return 0;
}

static int
remove_older(struct rotation_work *work, unsigned number)
{
	char name[ROTATION_NAME_SIZE];
	struct stat st;

	rotation_check_older(work, number, name);
	/* It may be the file of another user that only has such a name. */
	if (fstatat(work->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !rotation_check_is_of_series(work, &st))
		return 0;
	if (unlinkat(work->dir_fd, name, 0) == 0)
		work->has_moved = true;
	else if (errno != ENOENT && errno != EISDIR)
		return rotation_steps_fail(
		    work, "cannot remove %s (%s)", name, strerror(errno));
	return 0;
}

/* Return the highest number in the series, as its readers see it. */
static unsigned
find_oldest(const struct rotation_work *work)
{
	struct series_walk walk = { .number = (int)work->keep };
	unsigned oldest = work->keep;
	char name[ROTATION_NAME_SIZE];
	struct stat st;

	while (series_walk(&walk)) {
		rotation_check_older(work, (unsigned)walk.number, name);
		if (fstatat(work->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    !S_ISREG(st.st_mode))
			continue;
		oldest = (unsigned)walk.number;
		walk.missing = 0;
	}
	return oldest;
}

/*
 * Remove the segments above those that are kept, the oldest first, so that no
 * number is missing between them.
 */
static int
trim(struct rotation_work *work)
{
	for (unsigned number = find_oldest(work); number > work->keep;
	     number--) {
		if (remove_older(work, number) != 0)
			return -1;
	}
	return 0;
}

static int
rename_segment(struct rotation_work *work, const char *from, const char *to)
{
	if (rename_free(work->dir_fd, from, work->dir_fd, to) == 0) {
		work->has_moved = true;
		return 0;
	}
	return rotation_steps_fail(work, "cannot rename %s to %s (%s)%s", from,
	    to, strerror(errno),
	    errno == EEXIST || errno == ENOENT ?
		": somebody else rotates it at the same time" :
		"");
}

int
rotation_steps_move(struct rotation_work *work)
{
	char from[ROTATION_NAME_SIZE], to[ROTATION_NAME_SIZE];
	unsigned number;

	if (trim(work) != 0)
		return -1;
	/* If the newest is not kept, rotation_steps_renew replaces it in one
	 * step. */
	if (work->keep == 0)
		return 0;
	if (rotation_check_free(work, &number) != 0)
		return -1;
	if (number > work->keep && remove_older(work, --number) != 0)
		return -1;
	for (; number > 1; number--) {
		if (rename_segment(work,
			rotation_check_older(work, number - 1, from),
			rotation_check_older(work, number, to)) != 0)
			return -1;
	}
	return rename_segment(
	    work, work->name, rotation_check_older(work, 1, to));
}

int
rotation_steps_renew(struct rotation_work *work)
{
	int rc = work->keep == 0 ? renameat(work->dir_fd, ROTATION_NEW_NAME,
				       work->dir_fd, work->name) :
				   rename_free(work->dir_fd, ROTATION_NEW_NAME,
				       work->dir_fd, work->name);

	if (rc == 0) {
		work->has_moved = true;
		return 0;
	}
	/* A writer made a new file between the two steps. */
	if (errno == EEXIST)
		return unlinkat(work->dir_fd, ROTATION_NEW_NAME, 0);
	return rotation_steps_fail(
	    work, "cannot make a new %s (%s)", work->base, strerror(errno));
}

/* Open BASE.1 as the newest, if it has the inode ${ino}. */
static bool
open_moved(struct rotation_work *work, ino_t ino)
{
	char name[ROTATION_NAME_SIZE];

	work->fd = open_segment(work, rotation_check_older(work, 1, name));
	return work->fd != -1 && fstat(work->fd, &work->st) == 0 &&
	    work->st.st_ino == ino;
}

bool
rotation_steps_is_moved(struct rotation_work *work, ino_t ino)
{
	return work->fd == -1 && open_moved(work, ino);
}

int
rotation_steps_restore(struct rotation_work *work, bool is_moved)
{

	/*
	 * A new file that is there is taken: we might not be free to make one
	 * like it.
	 */
	if (is_moved &&
	    !twin_is_made(work->dir_fd, ROTATION_NEW_NAME, work->fd) &&
	    rotation_steps_make(work) != 0)
		return -1;
	if (is_moved)
		return rotation_steps_renew(work);
	/* Other processes have completed it, or removed all of the series. */
	(void)unlinkat(work->dir_fd, ROTATION_NEW_NAME, 0);
	return 0;
}

void
rotation_steps_abandon(struct rotation_work *work)
{
	(void)unlinkat(work->dir_fd, ROTATION_NEW_NAME, 0);
}
