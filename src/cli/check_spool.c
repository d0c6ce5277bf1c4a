#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/check_series.h"
#include "cli/check_source.h"
#include "cli/check_spool.h"

/* How the rest of a kind is told where there are too many to tell each. */
static const struct {
	bool is_problem;
	const char *what;
} kinds[CHECK_KINDS] = {
	[CHECK_NAME] = { false,
	    "names are ignored: they are not those of a channel" },
	[CHECK_ENDING] = { false, "names are ignored for how they end" },
	[CHECK_COMPRESSED] = { false, "compressed segments are ignored" },
	[CHECK_TYPE] = { false,
	    "are ignored: they are not what their "
	    "names say" },
	[CHECK_DATED] = { false, "look like dated segments" },
	[CHECK_ENDED] = { false, "channels have ended" },
	[CHECK_GONE] = { true, "cannot be looked at" },
	[CHECK_LINK] = { true, "are links that are not followed" },
	[CHECK_LOCK] = { false, "are locked" },
	[CHECK_STRANGER] = { true, "belong to strangers and are refused" },
	[CHECK_CLAIMED] = { true, "are not served: another form wins" },
	[CHECK_RIGHTS] = { true, "cannot be used by this user" },
	[CHECK_SEGMENT] = { true,
	    "have the name of an older segment but are "
	    "not one" },
	[CHECK_ALONE] = { false,
	    "series of older segments have no newest file" },
	[CHECK_SAME] = { true, "files are there under two numbers" },
	[CHECK_HOLE] = { false, "older segments have newer ones missing" },
	[CHECK_BEYOND] = { false, "older segments are beyond keep" },
	[CHECK_ROTATION] = { true, "are never rotated" },
	[CHECK_UNHEARD] = { true, "older segments are still written to" },
	[CHECK_ORPHAN] = { false, "journals have no pipe or drop folder" },
	[CHECK_LONG] = { false, "channels have long lines" },
	[CHECK_RESERVED] = { true, "channels have types that are reserved" },
	[CHECK_SOURCE] = { true, "pipes and drop folders do not work" },
	[CHECK_NEVER] = { true, "are in drop folders and are never taken" },
	[CHECK_WAITING] = { false, "drop folders have files that wait" },
};

void
check_spool_say(
    struct check_spool *check, enum check_kind kind, const char *format, ...)
{
	va_list args;

	if (++check->counts[kind] > FINDINGS_ALIKE)
		return;
	va_start(args, format);
	findings_vadd(kinds[kind].is_problem ? &check->problems : &check->notes,
	    format, args);
	va_end(args);
}

/* Say how many there are of what was not told one by one. */
static void
say_more(struct check_spool *check)
{
	for (size_t i = 0; i < CHECK_KINDS; i++) {
		if (check->counts[i] > FINDINGS_ALIKE)
			findings_add(kinds[i].is_problem ? &check->problems :
							   &check->notes,
			    "%zu more %s", check->counts[i] - FINDINGS_ALIKE,
			    kinds[i].what);
	}
}

bool
check_spool_may(struct check_spool *check, const struct check_file *file,
    int mode, const char *purpose)
{
	if (faccessat(file->dir_fd, file->file, mode, AT_EACCESS) == 0)
		return true;
	if (errno == EROFS)
		check_spool_say(check, CHECK_RIGHTS,
		    "%s%s: cannot be %s: %s; put the spool where it can be "
		    "written, or mount that file system for writing",
		    file->dir, file->file, purpose, strerror(errno));
	else
		check_spool_say(check, CHECK_RIGHTS,
		    "%s%s: cannot be %s by user %ld: %s; chmod a+%s%s, or give "
		    "it a group that the web server's user is in",
		    file->dir, file->file, purpose, (long)geteuid(),
		    strerror(errno), mode & W_OK ? "rw" : "r",
		    mode & X_OK ? "x" : "");
	return false;
}

enum trust_links
check_spool_links(
    const struct check_spool *check, const struct check_file *file)
{
	return folder_form_links(file->form,
	    (enum trust_links)conf_for(check->conf, file->channel)->links);
}

bool
check_spool_refuses(struct check_spool *check, const struct check_file *file)
{
	char why[NAME_MAX + 400];
	struct stat st;

	if (file->form->type != S_IFREG ||
	    trust_look(file->dir_fd, file->file, check_spool_links(check, file),
		&st) == 0 ||
	    errno != ELOOP)
		return false;
	check_spool_say(check, CHECK_LINK, "%s",
	    trust_explain(file->file, why, sizeof(why)));
	return true;
}

const char *
check_spool_type(mode_t type)
{
	switch (type & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "folder";
	case S_IFIFO:
		return "named pipe";
	case S_IFLNK:
		return "link";
	default:
		return "special file";
	}
}

/* Return whether ${text} is a dot with the number of an older segment. */
static bool
read_number(const char *text, unsigned long *number)
{
	uint64_t value;

	if (text[0] != '.' || text[1] < '1' || text[1] > '9' ||
	    strlen(text) > 10 ||
	    num_uint(text + 1, strlen(text + 1), &value) != NUM_OK)
		return false;
	*number = (unsigned long)value;
	return true;
}

bool
check_spool_split(const char *name, bool is_own, struct check_file *file)
{
	const char *suffix = name + strcspn(name, ".");

	if (!form_name_of(name, file->channel))
		return false;
	file->file = name;
	file->number = 0;
	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		size_t len;

		if (is_own && form->type == S_IFREG)
			continue;
		file->form = form;
		file->suffix = is_own ? form->log : form->suffix;
		len = strlen(file->suffix);
		if (strncmp(suffix, file->suffix, len) != 0)
			continue;
		if (suffix[len] == '\0')
			return true;
		/*
		 * The older segments of other forms are in spoolcast's own
		 * folder.
		 */
		if ((is_own || form->type == S_IFREG) &&
		    read_number(suffix + len, &file->number))
			return true;
	}
	return false;
}

/* Return whether another form wins the channel of ${file}; say so then. */
static bool
is_claimed(struct check_spool *check, const struct check_file *file)
{
	for (const struct form *form = forms; form < file->form; form++) {
		char other[NAME_MAX_LEN + 16];
		struct stat st;

		snprintf(
		    other, sizeof(other), "%s%s", file->channel, form->suffix);
		if (fstatat(check->fd, other, &st, 0) != 0 ||
		    (st.st_mode & S_IFMT) != form->type)
			continue;
		check_spool_say(check, CHECK_CLAIMED,
		    "%s: not served, because %s claims the same channel and "
		    "wins; rename or remove one of them",
		    file->file, other);
		return true;
	}
	return false;
}

/* Find out what ${file} is, or say why that cannot be told. */
static bool
look(struct check_spool *check, int dir_fd, const char *file, struct stat *st)
{
	if (fstatat(dir_fd, file, st, 0) == 0)
		return true;
	check_spool_say(check, CHECK_GONE, "%s: %s%s", file, strerror(errno),
	    errno == ENOENT ? "; it is a link that leads nowhere" : "");
	return false;
}

/* Check a file that has the name of a form. */
static void
check_form(struct check_spool *check, const struct check_file *file)
{
	const struct form *form = file->form;
	struct stat st;
	bool is_served;

	if (check_spool_refuses(check, file) ||
	    !look(check, file->dir_fd, file->file, &st))
		return;
	if ((st.st_mode & S_IFMT) != form->type) {
		check_spool_say(check, CHECK_TYPE,
		    "%s: ignored, because it is a %s and not a %s%s",
		    file->file, check_spool_type(st.st_mode),
		    form->type == S_IFREG ? "regular file" :
					    check_spool_type(form->type),
		    S_ISDIR(st.st_mode) ?
			"; the name of a drop folder ends in .d" :
			S_ISFIFO(st.st_mode) ?
			"; the name of a pipe ends in .fifo" :
			"");
		return;
	}
	if (is_claimed(check, file))
		return;
	is_served = form->type == S_IFREG ? check_series_newest(check, file) :
					    check_source(check, file);
	check->channels += is_served;
}

static bool
ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len > end && strcmp(name + len - end, ending) == 0;
}

static void
check_other(struct check_spool *check, const char *name)
{
	if (ends_in(name, ".gz") || ends_in(name, ".xz") ||
	    ends_in(name, ".bz2") || ends_in(name, ".zst"))
		check_spool_say(check, CHECK_COMPRESSED,
		    "%s: ignored, because compressed files cannot be read; if "
		    "it was a segment, set nocompress in logrotate",
		    name);
	else
		check_spool_say(check, CHECK_ENDING,
		    "%s: ignored, because the name of a channel's file has no "
		    "ending or .sse, that of a drop folder has .d, and that of "
		    "a pipe has .fifo",
		    name);
}

static void
check_end(struct check_spool *check, const char *name, size_t len)
{
	struct stat st;

	if (fstatat(check->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		check_spool_say(check, CHECK_ENDED,
		    "%s: the channel %.*s has ended; removing the file reopens "
		    "it",
		    name, (int)len, name);
}

static void
check_name(struct check_spool *check, const char *name)
{
	struct check_file file = { .dir_fd = check->fd, .dir = "" };
	size_t len = strcspn(name, ".");

	/* Files whose names start with a dot are no channel's. */
	if (len == 0)
		return;
	if (!name_is_valid(name, len))
		check_spool_say(check, CHECK_NAME,
		    "%s: ignored, because a channel name has up to %d letters, "
		    "digits, - and _, and does not start with - or _",
		    name, NAME_MAX_LEN);
	else if (strcmp(name + len, ".end") == 0)
		check_end(check, name, len);
	else if (!check_spool_split(name, false, &file))
		check_other(check, name);
	else if (file.number > 0)
		check_series_older(check, &file);
	else
		check_form(check, &file);
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
		    "%s: is not a folder; set [spool] path to one",
		    check->path);
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
		    "mod_fcgid) does not, and viewers are served by short "
		    "polls",
		    check->path, (long)geteuid());
	check_names(check);
	check_source_own(check);
	say_more(check);
	close(check->fd);
}
