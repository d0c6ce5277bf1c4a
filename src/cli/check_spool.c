#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "cli/check_spool.h"

/* Whether ${name} in the spool is there and no folder, pipe or the like. */
static int
is_file(const struct check_spool *check, const char *name)
{
	struct stat status;

	return fstatat(check->fd, name, &status, 0) == 0 &&
	    S_ISREG(status.st_mode);
}

/* Check a file that records are read from.  Return 0 if it is none. */
static int
check_file(struct check_spool *check, const char *name)
{
	struct stat status;

	if (fstatat(check->fd, name, &status, 0) != 0) {
		findings_add(&check->problems, "%s: %s", name, strerror(errno));
		return 0;
	}
	if (!S_ISREG(status.st_mode)) {
		findings_add(&check->notes,
		    "%s: ignored, it is not a regular file", name);
		return 0;
	}
	if (faccessat(check->fd, name, R_OK, AT_EACCESS) != 0)
		findings_add(&check->problems,
		    "%s: cannot be read by user %ld: %s; chmod a+r, or give it "
		    "a group that the web server's user is in",
		    name, (long)geteuid(), strerror(errno));
	return 1;
}

/* Check a channel NAME.sse, of which ${len} bytes are NAME. */
static void
check_block_file(struct check_spool *check, const char *name, size_t len)
{
	char other[NAME_MAX_LEN + 1];

	memcpy(other, name, len);
	other[len] = '\0';
	if (!check_file(check, name))
		return;
	if (is_file(check, other))
		findings_add(&check->problems,
		    "%s: not served, because %s claims the same channel and "
		    "wins; rename or remove one of them",
		    name, other);
	else
		check->channels++;
}

/* Check a form of channel that is not served yet, if it is ${is_one}. */
static void
check_later(struct check_spool *check, const char *name, size_t len, int is_one)
{
	if (!is_one)
		findings_add(&check->notes,
		    "%s: ignored, it is not what its ending "
		    "says",
		    name);
	else
		findings_add(&check->problems,
		    "%s: this version does not serve drop folders and pipes; "
		    "append to the file %.*s instead",
		    name, (int)len, name);
}

/* Whether ${suffix} is that of an older segment: ".1", ".sse.12". */
static int
is_segment(const char *suffix)
{
	if (strncmp(suffix, ".sse.", 5) == 0)
		suffix += 4;
	return suffix[0] == '.' && suffix[1] >= '1' && suffix[1] <= '9' &&
	    suffix[1 + strspn(suffix + 1, "0123456789")] == '\0';
}

static void
check_name(struct check_spool *check, const char *name)
{
	size_t len = strcspn(name, ".");
	const char *suffix = name + len;
	struct stat status = { 0 };

	/* Hidden files are ours or nobody's. */
	if (len == 0)
		return;
	(void)fstatat(check->fd, name, &status, 0);
	if (!name_is_valid(name, len))
		findings_add(&check->notes,
		    "%s: ignored, a channel name has up to %d letters, digits, "
		    "- and _, and starts with neither of these two",
		    name, NAME_MAX_LEN);
	else if (strcmp(suffix, ".end") == 0)
		return; /* the marker of a channel that has ended */
	else if (suffix[0] == '\0')
		check->channels += (size_t)check_file(check, name);
	else if (strcmp(suffix, ".sse") == 0)
		check_block_file(check, name, len);
	else if (is_segment(suffix))
		(void)check_file(check, name);
	else if (strcmp(suffix, ".d") == 0)
		check_later(check, name, len, S_ISDIR(status.st_mode));
	else if (strcmp(suffix, ".fifo") == 0)
		check_later(check, name, len, S_ISFIFO(status.st_mode));
	else
		findings_add(&check->notes,
		    "%s: ignored, a channel's file has no ending or .sse",
		    name);
}

/* Check all that is in the spool, which is open. */
static void
check_names(struct check_spool *check)
{
	struct dirent **names;
	int count = scandir(check->path, &names, NULL, alphasort);

	if (count < 0) {
		findings_add(
		    &check->problems, "%s: %s", check->path, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		check_name(check, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

/* Open the spool, or say why that is not possible. */
static int
open_spool(struct check_spool *check)
{
	check->fd = open(check->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (check->fd < 0 && errno == ENOENT) {
		findings_add(&check->problems,
		    "%s: there is no such folder; mkdir -p it, or set [spool] "
		    "path",
		    check->path);
		return -1;
	}
	if (check->fd < 0 && errno == ENOTDIR) {
		findings_add(&check->problems,
		    "%s: not a folder; set [spool] path to one", check->path);
		return -1;
	}
	if (check->fd >= 0 && faccessat(check->fd, ".", X_OK, AT_EACCESS) == 0)
		return 0;
	findings_add(&check->problems,
	    "%s: cannot be read by user %ld: %s; chmod a+rx it and the folders "
	    "above, or give it a group that the web server's user is in",
	    check->path, (long)geteuid(), strerror(errno));
	if (check->fd >= 0)
		close(check->fd);
	return -1;
}

void
check_spool(struct check_spool *check)
{
	if (open_spool(check) != 0)
		return;
	if (faccessat(check->fd, ".", W_OK, AT_EACCESS) != 0)
		findings_add(&check->notes,
		    "%s: cannot be written by user %ld; append files still "
		    "work, but [limits] streams across processes (CGI, "
		    "mod_fcgid) does not, and viewers poll",
		    check->path, (long)geteuid());
	check_names(check);
	close(check->fd);
}
