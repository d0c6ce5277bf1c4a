/* Which files in the spool belong to which channel. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/folder.h"
#include "spool/own.h"

const struct form folder_forms[] = {
	{ "", "", "", S_IFREG, RECORD_LINE },
	{ ".sse", "", ".sse", S_IFREG, RECORD_BLOCK },
	{ ".d", OWN_FOLDER "/", ".d.log", S_IFDIR, RECORD_JOURNAL },
	{ ".fifo", OWN_FOLDER "/", ".fifo.log", S_IFIFO, RECORD_LINE },
};
const size_t folder_n_forms = sizeof(folder_forms) / sizeof(folder_forms[0]);

bool
folder_name_of(const char *file, char out[NAME_MAX_LEN + 1])
{
	size_t len = strcspn(file, ".");

	if (!name_is_valid(file, len))
		return false;
	memcpy(out, file, len);
	out[len] = '\0';
	return true;
}

const char *
folder_series(
    const struct form *form, const char *name, char out[FOLDER_SERIES_SIZE])
{
	snprintf(out, FOLDER_SERIES_SIZE, "%s%s%s", form->dir, name, form->log);
	return out;
}

bool
folder_is_form(const char *file)
{
	const char *suffix = file + strcspn(file, ".");

	for (size_t i = 0; i < folder_n_forms; i++) {
		if (strcmp(suffix, folder_forms[i].suffix) == 0)
			return true;
	}
	return false;
}

const struct form *
folder_form(struct folder *folder, const char *name, struct stat *st)
{
	int found_errno = ENOENT;

	for (size_t i = 0; i < folder_n_forms; i++) {
		const struct form *form = &folder_forms[i];

		if (stat(folder_file(folder, name, form->suffix), st) == 0) {
			if ((st->st_mode & S_IFMT) == form->type)
				return form;
		} else if (errno != ENOENT) {
			found_errno = errno;
		}
	}
	errno = found_errno;
	return NULL;
}

/* Whether ${file} is the segment before the newest of ${form}. */
static bool
is_older(const struct form *form, const char *file)
{
	const char *suffix = file + strcspn(file, ".");
	size_t len = strlen(form->log);

	return form->type == S_IFREG && strncmp(suffix, form->log, len) == 0 &&
	    strcmp(suffix + len, ".1") == 0;
}

/* Whether there is a channel ${name} although its newest segment is missing. */
static bool
has_older(struct folder *folder, const char *name)
{
	char file[FOLDER_SERIES_SIZE];
	struct stat st;

	for (size_t i = 0; i < folder_n_forms; i++) {
		snprintf(
		    file, sizeof(file), "%s%s.1", name, folder_forms[i].log);
		if (is_older(&folder_forms[i], file) &&
		    stat(folder_file(folder, file, ""), &st) == 0 &&
		    S_ISREG(st.st_mode))
			return true;
	}
	return false;
}

void
folder_tell_shadowed(struct log_quota *quota, const char *name,
    const char *suffix, const struct form *form)
{
	if (log_allow(quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN,
		    "event=source-shadowed channel=%s source=%s%s by=%s%s "
		    "remedy=\"rename or remove one of them\"",
		    name, name, suffix, name, form->suffix);
}

const struct form *
folder_left(struct folder *folder, const char *name)
{
	struct stat st;

	for (size_t i = 0; i < folder_n_forms; i++) {
		const struct form *form = &folder_forms[i];

		if (form->dir[0] != '\0' &&
		    stat(folder_log(folder, form, name), &st) == 0 &&
		    S_ISREG(st.st_mode))
			return form;
	}
	errno = ENOENT;
	return NULL;
}

bool
folder_has(struct folder *folder, const char *name)
{
	struct stat st;

	return folder_form(folder, name, &st) != NULL ||
	    has_older(folder, name);
}

/*
 * Whether ${file} shows that there is a channel: between two steps of a
 * rotation, only its older segment does.  Whether the newest is missing may
 * change while the folder is read, so that is not looked at.
 */
static bool
is_sign(const char *file)
{
	for (size_t i = 0; i < folder_n_forms; i++) {
		if (is_older(&folder_forms[i], file))
			return true;
	}
	return folder_is_form(file);
}

int
folder_list(struct folder *folder, int (*visit)(void *cookie, const char *name),
    void *cookie)
{
	char name[NAME_MAX_LEN + 1];
	struct dirent *entry;
	DIR *dir = opendir(folder->path);
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (is_sign(entry->d_name) &&
		    folder_name_of(entry->d_name, name))
			rc = visit(cookie, name);
	}
	closedir(dir);
	return rc;
}
