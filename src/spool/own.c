#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "spool/own.h"

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

static int
open_folder(int parent, const char *name)
{
	return openat(parent, name, FOLDER_FLAGS | O_NOFOLLOW);
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
make_folder(int parent, const char *name, const struct stat *st)
{
	int fd, made = mkdirat(parent, name, S_IRWXU);

	/* Somebody else was faster: his to share. */
	if (made != 0 && errno != EEXIST)
		return -1;
	fd = open_folder(parent, name);
	if (fd != -1 && made == 0 && is_empty(fd))
		/* Sticky, so that nobody takes away what others made. */
		share(fd, st, st->st_mode & (S_ISGID | S_ISVTX | 0777));
	return fd;
}

int
own_open_within(int parent, const char *name)
{
	int fd = open_folder(parent, name);
	struct stat st;

	if (fd != -1 || errno != ENOENT)
		return fd;
	return fstat(parent, &st) != 0 ? -1 : make_folder(parent, name, &st);
}

/* The rights of a file in a spool that has those of ${st}. */
static mode_t
rights_of(const struct stat *st, enum own_readers readers)
{
	mode_t may_write = st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH);
	mode_t may_read = st->st_mode & (S_IRUSR | S_IRGRP | S_IROTH);

	return may_write | may_write << 1 |
	    (readers == OWN_READERS ? may_read : 0);
}

/* Make the file; another may be faster (EEXIST). */
static int
make_file(int folder, const char *name, const struct stat *st, mode_t mode)
{
	/* Beside O_EXCL a file of another owner is not refused (proc(5)). */
	int fd = openat(
	    folder, name, FILE_FLAGS | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);

	if (fd != -1)
		share(fd, st, mode);
	return fd;
}

int
own_open_old(int folder, const char *name)
{
	int fd = openat(folder, name, FILE_FLAGS);
	struct stat st;

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

/* Open our folder, and put what is known of the spool into ${st}. */
static int
open_both(const char *spool, struct stat *st)
{
	int folder, fd = open(spool, FOLDER_FLAGS);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) != 0)
		return close_with(fd, errno);
	folder = own_open_within(fd, OWN_FOLDER);
	if (folder == -1)
		return close_with(fd, errno);
	close(fd);
	return folder;
}

int
own_open_folder(const char *spool)
{
	struct stat st;

	return open_both(spool, &st);
}

int
own_open(const char *spool, const char *name, enum own_readers readers)
{
	struct stat st;
	int fd, folder = open_both(spool, &st);

	if (folder == -1)
		return -1;
	fd = own_open_old(folder, name);
	if (fd == -1 && errno == ENOENT) {
		fd = make_file(folder, name, &st, rights_of(&st, readers));
		if (fd == -1 && errno == EEXIST)
			fd = own_open_old(folder, name);
	}
	if (fd == -1)
		return close_with(folder, errno);
	close(folder);
	return fd;
}

bool
own_is_current(int fd, const char *spool, const char *name)
{
	struct stat mine, named;
	int spool_fd, folder;
	bool is_found;

	if (fstat(fd, &mine) != 0 || mine.st_nlink != 1 ||
	    (spool_fd = open(spool, FOLDER_FLAGS)) == -1)
		return false;
	folder = open_folder(spool_fd, OWN_FOLDER);
	close(spool_fd);
	if (folder == -1)
		return false;
	is_found = fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0;
	close(folder);
	return is_found && named.st_ino == mine.st_ino &&
	    named.st_dev == mine.st_dev;
}
