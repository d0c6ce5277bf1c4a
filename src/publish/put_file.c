#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "publish/put_file.h"

/* Make ${name} of the time now; return -1 with errno if it does not fit. */
static int
make_name(const char *extension, char *name, size_t size)
{
	struct timespec now;
	struct tm tm;
	char day[32];
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) == NULL)
		return -1;
	strftime(day, sizeof(day), "%Y%m%d-%H%M%S", &tm);
	len = snprintf(name, size, "%s-%09ld-%ld%s%s", day, now.tv_nsec,
	    (long)getpid(), extension != NULL ? "." : "",
	    extension != NULL ? extension : "");
	if ((size_t)len >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
write_all(int fd, const struct buf *content)
{
	size_t at = 0;

	/* A file size limit must be an error of write(2), not our end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	while (at < content->len) {
		ssize_t n = write(fd, content->data + at, content->len - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	/* After a crash of the machine an empty file would be an event. */
	return fdatasync(fd);
}

/* Create a file under a name that no other has, which is put into ${hidden}. */
static int
open_hidden(int folder_fd, char hidden[NAME_MAX + 1])
{
	int fd;

	hidden[0] = '.';
	do {
		if (make_name(NULL, hidden + 1, NAME_MAX) == -1)
			return -1;
		fd = openat(folder_fd, hidden,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

/* Give the file its final name, unless another file has it. */
static int
show(int folder_fd, const char *hidden, const char *name)
{
	if (renameat2(folder_fd, hidden, folder_fd, name, RENAME_NOREPLACE) ==
	    0)
		return 0;
	/* Not every file system knows how not to replace (rename(2)). */
	if (errno != EINVAL)
		return -1;
	if (linkat(folder_fd, hidden, folder_fd, name, 0) == -1)
		return -1;
	(void)unlinkat(folder_fd, hidden, 0);
	return 0;
}

static int
put(int folder_fd, const char *extension, const struct buf *content,
    char name[NAME_MAX + 1])
{
	char hidden[NAME_MAX + 1];
	int fd = open_hidden(folder_fd, hidden);
	int rc, saved;

	if (fd == -1)
		return -1;
	rc = write_all(fd, content);
	if (close(fd) == -1)
		rc = -1;
	if (rc == 0) {
		do {
			rc = make_name(extension, name, NAME_MAX + 1);
			if (rc == 0)
				rc = show(folder_fd, hidden, name);
			/* A moment later the time makes another name. */
		} while (rc == -1 && errno == EEXIST);
	}
	saved = errno;
	if (rc == -1)
		(void)unlinkat(folder_fd, hidden, 0);
	errno = saved;
	return rc;
}

int
put_file(int spool_fd, const char *folder, const char *extension,
    const struct buf *content, char name[NAME_MAX + 1])
{
	int fd = openat(
	    spool_fd, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd == -1)
		return -1;
	rc = put(fd, extension, content, name);
	fd_close(fd);
	return rc;
}
