#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "source/slots_file.h"

#define FOLDER ".spoolcast"
#define FILE_NAME "streams"
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
/* O_NONBLOCK, O_NOCTTY: it may be no file at all. */
#define FILE_FLAGS (O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int
close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/* Rights without those of the group, who get what everybody has. */
static mode_t
without_group(mode_t mode)
{
	return (mode & ~(mode_t)S_IRWXG) | (mode & S_IRWXO) << 3;
}

/*
 * Hand what was just made to the owner and the group of the spool; only when
 * the group is the same may it have the same rights.
 */
static void
share(int fd, const struct stat *spool, mode_t mode)
{
	struct stat st;

	if (fchown(fd, spool->st_uid, spool->st_gid) != 0 &&
	    fchown(fd, (uid_t)-1, spool->st_gid) != 0) {
		/* Not ours to give away: it stays with us, as it is. */
	}
	if (fstat(fd, &st) == 0 && st.st_gid == spool->st_gid)
		(void)fchmod(fd, mode);
	else
		(void)fchmod(fd, without_group(mode));
}

/* Open the folder, below the open one ${spool}. */
static int
open_folder(int spool)
{
	return openat(spool, FOLDER, FOLDER_FLAGS | O_NOFOLLOW);
}

/*
 * Whether there is nothing in it: whoever may write to the spool could put
 * another folder of ours in the place of the one that was made, to be given it.
 */
static bool
is_empty(int folder)
{
	int copy = openat(folder, ".", FOLDER_FLAGS);
	DIR *dir = copy == -1 ? NULL : fdopendir(copy);
	unsigned n = 0;

	if (dir == NULL) {
		if (copy != -1)
			close(copy);
		return false;
	}
	while (n < 3 && readdir(dir) != NULL)
		n++;
	closedir(dir);
	/* Itself and the one above it. */
	return n < 3;
}

static int
make_folder(int spool, const struct stat *st)
{
	int fd, made = mkdirat(spool, FOLDER, S_IRWXU);

	/* Somebody else was faster: his to share. */
	if (made != 0 && errno != EEXIST)
		return -1;
	fd = open_folder(spool);
	if (fd != -1 && made == 0 && is_empty(fd))
		/* Sticky, so that nobody takes away what others made. */
		share(fd, st, st->st_mode & (S_ISGID | S_ISVTX | 0777));
	return fd;
}

static int
make_file(int folder, const struct stat *st)
{
	/* Beside O_EXCL a file of another owner is not refused (proc(5)). */
	int fd = openat(folder, FILE_NAME, FILE_FLAGS | O_CREAT | O_EXCL,
	    S_IRUSR | S_IWUSR);
	mode_t may_write = st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH);

	if (fd != -1)
		share(fd, st, may_write | may_write << 1);
	return fd;
}

static int
open_file(int folder, const struct stat *spool)
{
	int fd = openat(folder, FILE_NAME, FILE_FLAGS);
	struct stat st;

	if (fd == -1 && errno == ENOENT) {
		fd = make_file(folder, spool);
		if (fd == -1 && errno == EEXIST)
			fd = openat(folder, FILE_NAME, FILE_FLAGS);
	}
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) != 0)
		return close_with(fd, errno);
	if (!S_ISREG(st.st_mode))
		return close_with(fd, EINVAL);
	/* A second name could be that of anything which we may write to. */
	if (st.st_nlink > 1)
		return close_with(fd, EMLINK);
	return fd;
}

int
slots_file_open(const char *spool)
{
	int spool_fd = open(spool, FOLDER_FLAGS);
	int folder, fd;
	struct stat st;

	if (spool_fd == -1)
		return -1;
	if (fstat(spool_fd, &st) != 0)
		return close_with(spool_fd, errno);
	folder = open_folder(spool_fd);
	if (folder == -1 && errno == ENOENT)
		folder = make_folder(spool_fd, &st);
	if (folder == -1)
		return close_with(spool_fd, errno);
	close(spool_fd);
	if ((fd = open_file(folder, &st)) == -1)
		return close_with(folder, errno);
	close(folder);
	return fd;
}

bool
slots_file_is_current(int fd, const char *spool)
{
	struct stat mine, named;
	int spool_fd, folder;
	bool is_found;

	if (fstat(fd, &mine) != 0 || mine.st_nlink != 1 ||
	    (spool_fd = open(spool, FOLDER_FLAGS)) == -1)
		return false;
	folder = open_folder(spool_fd);
	close(spool_fd);
	if (folder == -1)
		return false;
	is_found = fstatat(folder, FILE_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0;
	close(folder);
	return is_found && named.st_ino == mine.st_ino &&
	    named.st_dev == mine.st_dev;
}

/*
 * A lock of the open file, not of the process (fcntl(2)): it goes with the
 * descriptor, and closing another one of this file does not end it.
 */
static int
set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

int
slots_file_lock(int fd)
{
	long pause_ms = 1, waited_ms = 0;

	while (set_lock(fd, F_WRLCK) != 0) {
		struct timespec pause = { .tv_nsec = pause_ms * 1000000 };

		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		/* Whoever holds it is stopped, or has a slow disk. */
		if (waited_ms >= SLOTS_FILE_PATIENCE_MS) {
			errno = EAGAIN;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
		waited_ms += pause_ms;
		pause_ms *= 2;
		if (pause_ms > SLOTS_FILE_PATIENCE_MS - waited_ms)
			pause_ms = SLOTS_FILE_PATIENCE_MS - waited_ms;
	}
	return 0;
}

void
slots_file_unlock(int fd)
{
	int saved = errno;

	(void)set_lock(fd, F_UNLCK);
	errno = saved;
}
