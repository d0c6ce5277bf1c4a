#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "spool/lock.h"
#include "spool/own.h"
#include "spool/trust.h"

/* The file in which each journal is a byte that is locked. */
#define JOURNALS "journals"
/* How often a file may be exchanged while it is being locked. */
#define LOCK_TRIES 8

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
/* O_NONBLOCK, O_NOCTTY: a pipe or a terminal may have the name. */
#define FILE_FLAGS (O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int
close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/* Return ${mode} with what everybody may do in place of what the group may. */
static mode_t
without_group(mode_t mode)
{
	return (mode & ~(mode_t)S_IRWXG) | (mode & S_IRWXO) << 3;
}

/*
 * Hand what was just made to the owner and the group of the spool, and give it
 * the rights ${mode}; if it has another group, that gets what everybody gets.
 */
static void
share(int fd, const struct stat *spool, mode_t mode)
{
	struct stat st;

	if (fchown(fd, spool->st_uid, spool->st_gid) != 0 &&
	    fchown(fd, (uid_t)-1, spool->st_gid) != 0) {
		/* It is not ours to give away, so it stays with us. */
	}
	if (fstat(fd, &st) != 0 || st.st_gid != spool->st_gid)
		mode = without_group(mode);
	/*
	 * The set-group-ID bit may be forbidden (RestrictSUIDSGID of systemd).
	 */
	if (fchmod(fd, mode) != 0)
		(void)fchmod(fd, mode & ~(mode_t)S_ISGID);
}

/*
 * Return whether ${fd} belongs to a user that may remove what others have put
 * into the folder ${parent}.  Where that is not sticky, all users that may
 * write there may do so: then the owner of what is in it says nothing, and any
 * will do.
 */
static bool
is_trusted(int fd, const struct stat *parent)
{
	struct stat st;

	return !(parent->st_mode & S_ISVTX) ||
	    (fstat(fd, &st) == 0 && trust_is(st.st_uid, parent->st_uid));
}

static int
open_folder(int parent, const char *name)
{
	return openat(parent, name, FOLDER_FLAGS | O_NOFOLLOW);
}

/*
 * Return whether there is nothing in the folder.  A user that may write to the
 * spool could put another folder of ours in the place of the one that was made,
 * so that it is handed to the owner of the spool.
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
	/* Even an empty folder has itself and the one above it. */
	return n < 3;
}

static int
make_folder(int parent, const char *name, const struct stat *st)
{
	int fd, made = mkdirat(parent, name, S_IRWXU);

	/* EEXIST: another process was faster, and shares it. */
	if (made != 0 && errno != EEXIST)
		return -1;
	fd = open_folder(parent, name);
	if (fd != -1 && made == 0 && is_empty(fd))
		/*
		 * It is as sticky as the spool, so that nobody takes away what
		 * others made there.
		 */
		share(fd, st, st->st_mode & (S_ISGID | S_ISVTX | 0777));
	return fd;
}

/* Open or make the folder ${name} in ${parent}, whose state is put in ${st}. */
static int
open_or_make(int parent, const char *name, struct stat *st)
{
	int fd;

	if (fstat(parent, st) != 0)
		return -1;
	fd = open_folder(parent, name);
	return fd == -1 && errno == ENOENT ? make_folder(parent, name, st) : fd;
}

int
own_open_within(int parent, const char *name)
{
	struct stat st;
	int fd = open_or_make(parent, name, &st);

	if (fd == -1 || is_trusted(fd, &st))
		return fd;
	return close_with(fd, EPERM);
}

/* Return the rights of a file in a spool that has those of ${st}. */
static mode_t
rights_of(const struct stat *st, enum own_readers readers)
{
	mode_t may_write = st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH);
	mode_t may_read = st->st_mode & (S_IRUSR | S_IRGRP | S_IROTH);

	/*
	 * A sticky folder keeps others from removing the file, so they may not
	 * write to it, either.
	 */
	if ((st->st_mode & S_ISVTX) && readers != OWN_SHARED)
		may_write &= S_IWUSR;
	return may_write | may_write << 1 |
	    (readers == OWN_READERS ? may_read : 0);
}

/* Make the file; another may be faster (EEXIST). */
static int
make_file(int folder, const char *name, const struct stat *st, mode_t mode)
{
	/*
	 * Without O_EXCL the kernel may refuse O_CREAT of a file that another
	 * user made (protected_regular in proc(5)).
	 */
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
	/* With a second name it could be any file that we may write to. */
	if (st.st_nlink > 1)
		return close_with(fd, EMLINK);
	return fd;
}

/*
 * Take away rights to write that the file still has because the spool gave more
 * when it was made, or the version that made it did; a process that may not do
 * that leaves it.
 */
static void
narrow(int fd, mode_t rights)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & others & ~rights) != 0)
		(void)fchmod(fd, st.st_mode & 07777 & ~(others & ~rights));
}

/* Open our folder, and put the state of the spool into ${st}. */
static int
open_both(const char *spool, struct stat *st)
{
	int folder, fd = open(spool, FOLDER_FLAGS);

	if (fd == -1)
		return -1;
	folder = open_or_make(fd, OWN_FOLDER, st);
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
	if (readers != OWN_SHARED && !is_trusted(folder, &st))
		return close_with(folder, EPERM);
	fd = own_open_old(folder, name);
	if (fd == -1 && errno == ENOENT) {
		fd = make_file(folder, name, &st, rights_of(&st, readers));
		if (fd == -1 && errno == EEXIST)
			fd = own_open_old(folder, name);
	}
	if (fd == -1)
		return close_with(folder, errno);
	close(folder);
	if (readers == OWN_SHARED || is_trusted(fd, &st)) {
		if (readers != OWN_SHARED && (st.st_mode & S_ISVTX))
			narrow(fd, rights_of(&st, readers));
		return fd;
	}
	return close_with(fd, EPERM);
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

int
own_lock(const char *spool, const char *name, enum own_readers readers,
    bool may_wait)
{
	char what[NAME_MAX + 32];

	snprintf(what, sizeof(what), OWN_FOLDER "/%s", name);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = own_open(spool, name, readers);

		if (fd == -1)
			return -1;
		if (lock_get(fd, LOCK_OWN, what, may_wait) != 0)
			return close_with(fd, errno);
		/* Another process may have removed the file meanwhile. */
		if (own_is_current(fd, spool, name))
			return fd;
		close(fd);
	}
	errno = EAGAIN;
	return -1;
}

int
own_lock_journal(const char *spool, const char *name, bool may_wait)
{
	uint64_t hash = hash_bytes(HASH_START, name, strlen(name));
	int fd = own_open(spool, JOURNALS, OWN_WRITERS);
	char what[NAME_MAX + 32];

	if (fd == -1)
		return -1;
	snprintf(what, sizeof(what), OWN_FOLDER "/%s", name);
	/* Half of all offsets are enough, and none of them is negative. */
	if (lock_get_at(fd, (off_t)(hash_mix(hash) >> 2), what, may_wait) == 0)
		return fd;
	return close_with(fd, errno);
}
