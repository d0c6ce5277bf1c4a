/* Whether a rotation may begin. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spool/rotation_steps.h"
#include "spool/series.h"
#include "spool/writers.h"

/* How often a writer is looked for, and with what pause, if we may wait. */
#define WRITER_TRIES 100
#define WRITER_PAUSE_NS 10000000L

const char *
rotation_check_older(const struct rotation_work *work, unsigned number,
    char out[ROTATION_NAME_SIZE])
{
	return series_name(out, ROTATION_NAME_SIZE, work->name, (int)number);
}

/*
 * Return whether user ${uid} may move the file ${st}: in a sticky folder only
 * root, the owner of the folder and that of the file may.
 */
static bool
may_move(uid_t uid, const struct stat *dir, const struct stat *st)
{
	return !(dir->st_mode & S_ISVTX) || uid == 0 || uid == dir->st_uid ||
	    uid == st->st_uid;
}

bool
rotation_check_is_of_series(
    const struct rotation_work *work, const struct stat *st)
{
	struct stat dir;

	return fstat(work->dir_fd, &dir) == 0 &&
	    may_move(work->st.st_uid, &dir, st);
}

static int
check_segment(
    struct rotation_work *work, const char *name, const struct stat *st)
{
	struct stat dir;

	if (!S_ISREG(st->st_mode))
		return rotation_steps_fail(work,
		    "%s is not a plain file and cannot be a segment: rename "
		    "or remove it",
		    name);
	if (st->st_nlink > 1)
		return rotation_steps_fail(work,
		    "%s also has another name (a hard link), through which a "
		    "program may write to it: remove one of the two",
		    name);
	if (fstat(work->dir_fd, &dir) == 0 && !may_move(geteuid(), &dir, st))
		return rotation_steps_fail(work,
		    "%s belongs to user %u, and only that user may rename it "
		    "in this folder (mode +t): run `spoolcast rotate` as that "
		    "user or root",
		    name, st->st_uid);
	if (rotation_check_is_of_series(work, st))
		return 0;
	return rotation_steps_fail(work,
	    "%s belongs to user %u, and in this folder (mode +t) user %u, the "
	    "owner of %s, could not rename it: chown or remove one of them",
	    name, st->st_uid, work->st.st_uid, work->base);
}

int
rotation_check_free(struct rotation_work *work, unsigned *number)
{
	char name[ROTATION_NAME_SIZE];
	struct stat st;

	for (*number = 1; *number <= work->keep; ++*number) {
		if (fstatat(work->dir_fd,
			rotation_check_older(work, *number, name), &st,
			AT_SYMLINK_NOFOLLOW) != 0)
			return errno == ENOENT ?
			    0 :
			    rotation_steps_fail(work, "cannot look at %s (%s)",
				name, strerror(errno));
		if (check_segment(work, name, &st) != 0)
			return -1;
	}
	return 0;
}

/*
 * Return whether a process has the segment ${name} open for writing.  A writer
 * that opened it a moment before it got that name is soon done; if we may wait,
 * we wait for that.
 */
static bool
has_writer(const struct rotation_work *work, const char *name)
{
	const struct timespec pause = { .tv_nsec = WRITER_PAUSE_NS };
	int tries = work->may_wait ? WRITER_TRIES : 1;
	int fd = openat(work->dir_fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool has_one;

	if (fd == -1)
		return false;
	while ((has_one = writers_find(fd) == WRITERS_SOME) && --tries > 0)
		(void)nanosleep(&pause, NULL);
	close(fd);
	return has_one;
}

/*
 * Refuse to rotate while a program still writes to the segment before the
 * newest: what it writes there is read, but nobody looks there any more once
 * there is one more segment.
 */
static int
check_writers(struct rotation_work *work)
{
	char name[ROTATION_NAME_SIZE];

	if (!has_writer(work, rotation_check_older(work, 1, name)))
		return 0;
	return rotation_steps_fail(work,
	    "a program still has %s open for writing, and once that file is "
	    "renamed again nobody reads what the program writes: let it open "
	    "%s anew",
	    name, work->base);
}

int
rotation_check(struct rotation_work *work)
{
	unsigned number;

	if (check_segment(work, work->base, &work->st) != 0 ||
	    rotation_check_free(work, &number) != 0)
		return -1;
	return number > 1 ? check_writers(work) : 0;
}

bool
rotation_check_is_begun(const struct rotation_work *work)
{
	char name[ROTATION_NAME_SIZE];
	unsigned number = 1;
	struct stat st;

	while (number < SERIES_LAST &&
	    fstatat(work->dir_fd, rotation_check_older(work, number, name), &st,
		AT_SYMLINK_NOFOLLOW) == 0)
		number++;
	return fstatat(work->dir_fd,
		   rotation_check_older(work, number + 1, name), &st,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

bool
rotation_check_is_owners(const struct rotation_work *work, uid_t owner)
{
	struct stat dir, st;

	return fstat(work->dir_fd, &dir) == 0 &&
	    fstatat(work->dir_fd, ROTATION_NEW_NAME, &st,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size == 0 &&
	    (st.st_uid == 0 || st.st_uid == dir.st_uid || st.st_uid == owner);
}
