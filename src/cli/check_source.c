#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/check_series.h"
#include "cli/check_source.h"
#include "spool/own.h"
#include "take/drop.h"
#include "take/drop_names.h"
#include "take/take.h"

/* How many names of a drop folder are read, and how many files looked at. */
#define NAMES_MAX 100000
#define FILES_MAX 10000

/*
 * How long after the last write to it a file no longer counts as being written.
 */
#define UNFINISHED_S 3600

/* What is in a drop folder. */
struct contents {
	size_t names;
	size_t waiting;	   /* files that are going to be taken */
	size_t unfinished; /* old files that are not, because of their names */
	size_t looked_at;
	time_t now;
};

/* Count ${name}, of ${type}, or say why it is never taken. */
static void
check_entry(struct check_spool *check, const struct check_file *folder, int fd,
    struct contents *in, const char *name, mode_t type)
{
	struct stat st;

	if (!drop_names_count(name)) {
		if (type == S_IFREG && in->looked_at++ < FILES_MAX &&
		    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    in->now - st.st_mtime > UNFINISHED_S)
			in->unfinished++;
	} else if (type != S_IFREG) {
		check_spool_say(check, CHECK_NEVER,
		    "%s/%s: is never taken, because it is a %s and not a file; "
		    "remove it",
		    folder->file, name, check_spool_type(type));
	} else if (in->looked_at++ < FILES_MAX &&
	    faccessat(fd, name, R_OK, AT_EACCESS) != 0 && errno != ENOENT) {
		check_spool_say(check, CHECK_NEVER,
		    "%s/%s: is never taken, because user %ld cannot read it: "
		    "%s; chmod a+r it",
		    folder->file, name, (long)geteuid(), strerror(errno));
	} else {
		in->waiting++;
	}
}

static mode_t
type_of(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return (mode_t)DTTOIF(entry->d_type);
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_mode & S_IFMT :
	    S_IFREG;
}

static void
check_contents(
    struct check_spool *check, const struct check_file *folder, DIR *dir)
{
	struct contents in = { .now = time(NULL) };
	struct dirent *entry;

	while (in.names < NAMES_MAX && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		in.names++;
		check_entry(check, folder, dirfd(dir), &in, name,
		    type_of(dirfd(dir), entry));
	}
	if (in.waiting > 0)
		check_spool_say(check, CHECK_WAITING,
		    "%s: files that wait to be taken: %s%zu", folder->file,
		    in.names == NAMES_MAX ? "at least " : "", in.waiting);
	if (in.unfinished > 0)
		check_spool_say(check, CHECK_WAITING,
		    "%s: files that are left alone, because their names start "
		    "with a dot or end in ~ or .tmp, and that nobody has "
		    "written to for an hour: %zu; rename or remove them",
		    folder->file, in.unfinished);
}

/* Say so if files that others own cannot be removed from the folder. */
static void
check_sticky(struct check_spool *check, const struct check_file *folder)
{
	struct stat st;

	if (fstatat(folder->dir_fd, folder->file, &st, 0) == 0 &&
	    (st.st_mode & S_ISVTX) != 0 && geteuid() != 0 &&
	    st.st_uid != geteuid())
		check_spool_say(check, CHECK_SOURCE,
		    "%s: user %ld cannot remove the files of others from it, "
		    "so they are not taken; chmod -t the folder, or chown it",
		    folder->file, (long)geteuid());
}

/*
 * Return whether ${source} is a link, through which nothing is taken; say so.
 */
static bool
is_link(struct check_spool *check, const struct check_file *source)
{
	struct stat st;

	if (fstatat(source->dir_fd, source->file, &st, AT_SYMLINK_NOFOLLOW) !=
		0 ||
	    !S_ISLNK(st.st_mode))
		return false;
	check_spool_say(check, CHECK_SOURCE,
	    "%s: is a link; make the %s itself in the spool", source->file,
	    S_ISDIR(source->form->type) ? "folder" : "pipe");
	return true;
}

/* Say so if we could not use, or make, the folder ${name} in ${folder}. */
static void
check_within(struct check_spool *check, const struct check_file *folder, int fd,
    const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (!S_ISDIR(st.st_mode))
		check_spool_say(check, CHECK_SOURCE,
		    "%s/%s: is a %s, and spoolcast takes nothing where it "
		    "cannot make a folder of that name; remove it",
		    folder->file, name, check_spool_type(st.st_mode));
	else if (faccessat(fd, name, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		check_spool_say(check, CHECK_SOURCE,
		    "%s/%s: cannot be written by user %ld: %s; nothing is "
		    "taken; chown it, or remove it if it is empty",
		    folder->file, name, (long)geteuid(), strerror(errno));
}

static bool
check_folder(struct check_spool *check, const struct check_file *folder)
{
	int fd;
	DIR *dir;

	if (is_link(check, folder) ||
	    !check_spool_may(
		check, folder, R_OK | W_OK | X_OK, "read and written"))
		return false;
	check_sticky(check, folder);
	fd = openat(
	    folder->dir_fd, folder->file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		check_spool_say(check, CHECK_SOURCE, "%s: %s", folder->file,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return false;
	}
	check_within(check, folder, fd, DROP_TAKING);
	if (conf_for(check->conf, folder->channel)->keep_files)
		check_within(check, folder, fd, DROP_KEPT);
	check_contents(check, folder, dir);
	closedir(dir);
	return true;
}

static bool
check_pipe(struct check_spool *check, const struct check_file *pipe)
{
	if (is_link(check, pipe))
		return false;
	return check_spool_may(check, pipe, R_OK | W_OK, "read and written");
}

bool
check_source(struct check_spool *check, const struct check_file *file)
{
	if (++check->sources == TAKE_MAX + 1)
		findings_add(&check->problems,
		    "a process reads no more than %d pipes and drop folders: "
		    "the others are left alone; remove some, or use another "
		    "spool for them",
		    TAKE_MAX);
	return S_ISDIR(file->form->type) ? check_folder(check, file) :
					   check_pipe(check, file);
}

/* Check ${name} in spoolcast's own folder, if it is a part of a journal. */
static void
check_journal(struct check_spool *check, int own, const char *name)
{
	struct check_file file = { .dir_fd = own, .dir = OWN_FOLDER "/" };
	char source[NAME_MAX_LEN + 16];
	struct stat st;

	if (!check_spool_split(name, true, &file))
		return;
	/* An older segment is only one of a series, as with an append file. */
	if (file.number > 0) {
		check_series_older(check, &file);
		return;
	}
	if (fstatat(own, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode)) {
		check_spool_say(check, CHECK_SOURCE,
		    "%s%s: is a %s and not a journal; remove it", file.dir,
		    name, check_spool_type(st.st_mode));
		return;
	}
	if (check_spool_may(check, &file, R_OK | W_OK, "read and written"))
		(void)check_series_newest(check, &file);
	/* Nothing comes to a journal whose pipe or drop folder is gone. */
	snprintf(
	    source, sizeof(source), "%s%s", file.channel, file.form->suffix);
	if (fstatat(check->fd, source, &st, 0) == 0 || errno != ENOENT)
		return;
	check_spool_say(check, CHECK_ORPHAN,
	    "%s%s: there is no %s, so nothing comes to this journal and "
	    "patterns do not find its channel; remove the journal if there "
	    "will not be one again",
	    file.dir, name, source);
}

/*
 * Say so if ${name} in our folder ${own}, or that folder itself if it is "", is
 * of a user from whom it is not taken (see spool/own.h).
 */
static void
check_owner(struct check_spool *check, int own, const char *name)
{
	struct stat spool, st;

	if (fstat(check->fd, &spool) != 0 || !(spool.st_mode & S_ISVTX) ||
	    fstatat(own, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 ||
	    trust_is(st.st_uid, spool.st_uid))
		return;
	check_spool_say(check, CHECK_STRANGER,
	    OWN_FOLDER
	    "%s%s: belongs to user %u, who is neither root nor user "
	    "%ld nor the owner of the spool, which has the sticky bit, so "
	    "it is not believed; remove it, or chown it",
	    name[0] == '\0' ? "" : "/", name, st.st_uid, (long)geteuid());
}

static void
check_journals(struct check_spool *check, int own)
{
	int fd = openat(own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	check_owner(check, own, "");
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		check_owner(check, own, entry->d_name);
		check_journal(check, own, entry->d_name);
	}
	closedir(dir);
}

/* Return whether a process holds the lock under which sources are read. */
static bool
has_taker(int own)
{
	int fd = openat(own, "sources",
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool is_held;

	if (fd == -1)
		return errno != ENOENT;
	is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return is_held;
}

/*
 * Return whether this user could keep journals, or make the folder for them;
 * say so if not.
 */
static bool
check_own_rights(struct check_spool *check, bool has_own)
{
	if (faccessat(check->fd, has_own ? OWN_FOLDER : ".", R_OK | W_OK | X_OK,
		AT_EACCESS) == 0)
		return true;
	findings_add(&check->problems,
	    "%s%s: cannot be written by user %ld: %s; the pipes and drop "
	    "folders here, %zu of them, are not read",
	    check->path, has_own ? "/" OWN_FOLDER : "", (long)geteuid(),
	    strerror(errno), check->sources);
	return false;
}

void
check_source_own(struct check_spool *check)
{
	int own = openat(check->fd, OWN_FOLDER,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (own == -1 && errno != ENOENT) {
		findings_add(&check->problems,
		    "%s/%s: %s; it has to be a folder: remove it, and "
		    "spoolcast makes it anew",
		    check->path, OWN_FOLDER, strerror(errno));
		return;
	}
	if (check->sources > 0 && check_own_rights(check, own != -1) &&
	    (own == -1 || !has_taker(own)))
		findings_add(&check->notes,
		    "no responder takes from the pipes and drop folders now: "
		    "what is written waits until a responder runs");
	if (own == -1)
		return;
	check_journals(check, own);
	close(own);
}
