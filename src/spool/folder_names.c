/* This file finds out which files in the spool belong to which channel. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/folder.h"
#include "spool/own.h"

const char *
folder_file(struct folder *folder, const char *name, const char *suffix)
{
	snprintf(folder->file, strlen(folder->path) + FOLDER_FILE_ROOM,
	    "%s/%s%s", folder->path, name, suffix);
	return folder->file;
}

char *
folder_log(struct folder *folder, const struct form *form, const char *name)
{
	snprintf(folder->file, strlen(folder->path) + FOLDER_FILE_ROOM,
	    "%s/%s%s%s", folder->path, form->dir, name, form->log);
	return folder->file;
}

struct channel *
folder_find(struct folder *folder, const char *name)
{
	struct table_entry *entry =
	    table_first(&folder->channels, table_hash(name, strlen(name)));

	for (; entry != NULL; entry = table_next(entry)) {
		struct channel *channel =
		    TABLE_OF(entry, struct channel, by_name);

		if (strcmp(channel->name, name) == 0)
			return channel;
	}
	return NULL;
}

void
folder_mark_dirty(struct channel *channel)
{
	if (list_is_empty(&channel->dirty))
		list_push(&channel->folder->dirty, &channel->dirty);
}

enum trust_links
folder_links(const struct folder *folder, const char *name)
{
	if (folder->ops == NULL || folder->ops->links == NULL)
		return TRUST_OWNER;
	return folder->ops->links(folder->cookie, name);
}

enum trust_links
folder_form_links(const struct form *form, enum trust_links links)
{
	return form->dir[0] == '\0' ? links : TRUST_OWN;
}

/*
 * Do what stat(2) does for ${path}, the file of the channel ${name} in the form
 * ${form}; a link is followed only as the channel's settings allow.
 */
static int
look(struct folder *folder, const struct form *form, const char *name,
    const char *path, struct stat *st)
{
	int rc = lstat(path, st);

	if (rc != 0 || !S_ISLNK(st->st_mode))
		return rc;
	/* See only what the link leads to: the taker refuses it. */
	if (form->type != S_IFREG)
		return stat(path, st);
	return trust_look(AT_FDCWD, path, folder_links(folder, name), st);
}

const struct form *
folder_form(struct folder *folder, const char *name, struct stat *st)
{
	int found_errno = ENOENT;

	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];

		if (look(folder, form, name,
			folder_file(folder, name, form->suffix), st) == 0) {
			if ((st->st_mode & S_IFMT) == form->type)
				return form;
		} else if (errno != ENOENT) {
			found_errno = errno;
		}
	}
	errno = found_errno;
	return NULL;
}

/* Return whether ${file} is the segment before the newest of ${form}. */
static bool
is_older(const struct form *form, const char *file)
{
	const char *suffix = file + strcspn(file, ".");
	size_t len = strlen(form->log);

	return form->type == S_IFREG && strncmp(suffix, form->log, len) == 0 &&
	    strcmp(suffix + len, ".1") == 0;
}

/*
 * Return whether there is a channel ${name} although its newest segment is
 * missing.
 */
static bool
has_older(struct folder *folder, const char *name)
{
	char file[FORM_SERIES_SIZE];
	struct stat st;

	for (size_t i = 0; i < FORMS; i++) {
		snprintf(file, sizeof(file), "%s%s.1", name, forms[i].log);
		if (is_older(&forms[i], file) &&
		    look(folder, &forms[i], name, folder_file(folder, file, ""),
			&st) == 0 &&
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

static bool
was_told(const struct folder *folder, ino_t ino)
{
	for (size_t i = 0; i < FOLDER_LINKS_TOLD; i++) {
		if (folder->links_told[i] == ino)
			return true;
	}
	return false;
}

void
folder_tell_link(struct folder *folder, const char *name)
{
	const struct trust_refusal *link = trust_refusal();

	if (was_told(folder, link->ino) ||
	    !log_allow(&folder->quota, clock_mono_ms()))
		return;
	folder->links_told[folder->next_told] = link->ino;
	folder->next_told = (folder->next_told + 1) % FOLDER_LINKS_TOLD;
	log_msg(LOG_LEVEL_ERROR,
	    "event=link-refused channel=%s path=\"%s/%s\" link=\"%s\" owner=%u "
	    "effect=\"it is not read\" remedy=\"%s\"",
	    name, folder->path, link->entry, link->link, link->owner,
	    link->is_endless	? "remove it: it leads to too many others" :
		link->is_judged ? "remove it, or let root, the user that "
				  "spoolcast runs as, or the owner of what it "
				  "leads to make it, or see [spool] links" :
				  "remove it, or see [spool] links");
}

const struct form *
folder_left(struct folder *folder, const char *name)
{
	struct stat st;

	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];

		if (form->dir[0] != '\0' &&
		    lstat(folder_log(folder, form, name), &st) == 0 &&
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
 * Between two steps of a rotation, only the older segment of a channel shows
 * that there is one.  Whether the newest is missing may change while the folder
 * is read, so that is not looked at.
 */
int
folder_sign_of(const char *file, char out[NAME_MAX_LEN + 1])
{
	const char *suffix = file + strcspn(file, ".");
	int sign = -1;

	for (size_t i = 0; i < FORMS && sign == -1; i++) {
		if (strcmp(suffix, forms[i].suffix) == 0)
			sign = (int)i;
		else if (is_older(&forms[i], file))
			sign = (int)(FORMS + i);
	}
	return sign != -1 && form_name_of(file, out) ? sign : -1;
}
