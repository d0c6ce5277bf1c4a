#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "spool/twin.h"

#define FLAGS (O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
#define RIGHTS 0777

/* The access list as the kernel keeps it (acl(5)); the mode is part of it. */
#define ACL "system.posix_acl_access"
#define ACL_MAX 4096 /* hundreds of entries */

/*
 * Return whether all users that could read or write the file ${old} can do the
 * same, and no more, with a file of the same mode that has the owner and the
 * group of ${now}, which may be ours.
 */
static bool
keeps_rights(const struct stat *old, const struct stat *now)
{
	mode_t user = old->st_mode >> 6 & 6;
	mode_t group = old->st_mode >> 3 & 6;
	mode_t other = old->st_mode & 6;

	if (now->st_gid != old->st_gid && group != other)
		return false;
	if (now->st_uid == old->st_uid)
		return true;
	/* Root needs no right, and we must not lose ours, either. */
	return (old->st_uid == 0 || (user & ~group) == 0) &&
	    ((group | other) & ~user) == 0;
}

/* Copy the access list, if there is one, or else the lack of one. */
static int
copy_acl(int fd, int model_fd, bool is_same_owner)
{
	char acl[ACL_MAX];
	ssize_t len = fgetxattr(model_fd, ACL, acl, sizeof(acl));

	if (len > 0 && !is_same_owner) {
		errno = EPERM;
		return -1;
	}
	if (len > 0)
		return fsetxattr(fd, ACL, acl, (size_t)len, 0);
	if (len == -1 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	/* The folder may have a default list, which new files get. */
	if (fremovexattr(fd, ACL) == 0 || errno == ENODATA || errno == ENOTSUP)
		return 0;
	return -1;
}

/*
 * Give the file all that the model has.  The mode comes last: until then nobody
 * but us can do anything with the file.
 */
static int
make_alike(int fd, int model_fd)
{
	struct stat model, st;

	if (fstat(model_fd, &model) != 0)
		return -1;
	if (fchown(fd, model.st_uid, model.st_gid) != 0 &&
	    fchown(fd, (uid_t)-1, model.st_gid) != 0) {
		/*
		 * Neither is ours to give; keeps_rights judges whether that
		 * does.
		 */
	}
	if (fstat(fd, &st) != 0)
		return -1;
	if (!keeps_rights(&model, &st)) {
		errno = EPERM;
		return -1;
	}
	if (copy_acl(fd, model_fd,
		st.st_uid == model.st_uid && st.st_gid == model.st_gid) != 0)
		return -1;
	return fchmod(fd, model.st_mode & RIGHTS);
}

bool
twin_is_made(int dir_fd, const char *name, int model_fd)
{
	struct stat model, st;

	/* A twin that was not finished has another mode. */
	return fstat(model_fd, &model) == 0 &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size == 0 &&
	    st.st_uid == model.st_uid && st.st_gid == model.st_gid &&
	    (st.st_mode & RIGHTS) == (model.st_mode & RIGHTS);
}

int
twin_make(int dir_fd, const char *name, int model_fd)
{
	int fd, rc, saved;

	if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
		return -1;
	fd = openat(dir_fd, name, FLAGS | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
	if (fd == -1)
		return -1;
	rc = make_alike(fd, model_fd);
	saved = errno;
	close(fd);
	if (rc != 0)
		(void)unlinkat(dir_fd, name, 0);
	errno = saved;
	return rc;
}
