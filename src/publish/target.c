#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "publish/target.h"

enum publish_result
target_open(struct target *target)
{
	snprintf(target->end, sizeof(target->end), "%s.end", target->channel);
	target->spool_fd =
	    open(target->spool, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target->spool_fd != -1)
		return PUBLISH_DONE;
	if (errno == ENOENT)
		return report_error(target->report, PUBLISH_FAILED,
		    "there is no spool folder (`mkdir -p %s` makes it)",
		    target->spool);
	return report_error(target->report, PUBLISH_FAILED,
	    "cannot use the spool %s", target->spool);
}

enum publish_result
target_refuse_link(const struct target *target)
{
	char path[PATH_MAX], why[PATH_MAX + 300];
	struct stat st, led;

	/*
	 * Look once more at what was refused, to say which of its reasons
	 * holds.
	 */
	snprintf(path, sizeof(path), "%s/%s", target->spool, target->file);
	if (fstatat(target->spool_fd, target->file, &st, AT_SYMLINK_NOFOLLOW) !=
	    0)
		snprintf(why, sizeof(why),
		    "%s was a link, and is gone now: try again", path);
	else if (target->form->type != S_IFREG)
		snprintf(why, sizeof(why),
		    "%s is a link of user %u, and pipes and drop folders are "
		    "never used through one: remove it, and make the %s itself "
		    "there",
		    path, st.st_uid,
		    target->form->type == S_IFDIR ? "folder" : "pipe");
	else if (trust_look(target->spool_fd, target->file, target->links,
		     &led) == -1 &&
	    errno == ELOOP)
		(void)trust_explain(path, why, sizeof(why));
	else
		snprintf(why, sizeof(why),
		    "%s is a link of user %u that leads nowhere, and nothing "
		    "is made through a link: make the file that it leads to, "
		    "or remove it",
		    path, st.st_uid);
	return report_tell(target->report, PUBLISH_FAILED, "%s", why);
}

/*
 * Make target->file the channel's name with ${first} and ${second} after it,
 * and ${type} what that is in the spool, 0 if it is not there.
 */
static enum publish_result
look(struct target *target, const char *first, const char *second, mode_t *type)
{
	struct stat st = { 0 };

	*type = 0;
	snprintf(target->file, sizeof(target->file), "%s%s%s", target->channel,
	    first, second);
	if (fstatat(target->spool_fd, target->file, &st, AT_SYMLINK_NOFOLLOW) ==
		-1 &&
	    errno != ENOENT)
		return report_error(target->report, PUBLISH_FAILED,
		    "cannot look at %s/%s", target->spool, target->file);
	*type = st.st_mode & S_IFMT;
	return PUBLISH_DONE;
}

/*
 * Find out of what ${type} the channel's file of ${form} is.  Where it is a
 * link, that is what it leads to, or S_IFLNK if it is not followed, or 0 if it
 * leads nowhere.
 */
static enum publish_result
look_at_form(struct target *target, const struct form *form, mode_t *type)
{
	enum publish_result result = look(target, form->suffix, "", type);
	struct stat st = { 0 };

	if (result != PUBLISH_DONE || *type != S_IFLNK || form->type != S_IFREG)
		return result;
	if (trust_look(target->spool_fd, target->file, target->links, &st) !=
	    0) {
		if (errno == ELOOP)
			return PUBLISH_DONE;
		if (errno != ENOENT)
			return report_error(target->report, PUBLISH_FAILED,
			    "cannot look at %s/%s", target->spool,
			    target->file);
	}
	*type = st.st_mode & S_IFMT;
	return PUBLISH_DONE;
}

static const char *
type_name(mode_t type)
{
	return type == S_IFREG ? "file" :
	    type == S_IFDIR    ? "folder" :
	    type == S_IFIFO    ? "named pipe" :
				 "special file";
}

/*
 * Report that what has the channel's name and the suffix of ${form} is of
 * ${type}, and no form of a channel.
 */
static enum publish_result
refuse_type(struct target *target, const struct form *form, mode_t type)
{
	return report_tell(target->report, PUBLISH_REFUSED,
	    "%s/%s%s is a %s, and no form of a channel: rename it, or choose "
	    "another channel",
	    target->spool, target->channel, form->suffix, type_name(type));
}

static void
choose(struct target *target, const struct form *form)
{
	target->form = form;
	snprintf(target->file, sizeof(target->file), "%s%s", target->channel,
	    form->suffix);
}

/* Nothing holds the channel now: choose the file to create. */
static enum publish_result
choose_new(struct target *target, bool wants_block)
{
	const struct form *picked = forms;
	mode_t type;

	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		enum publish_result result;

		if (form->type != S_IFREG)
			continue;
		if (wants_block && form->record == RECORD_BLOCK)
			picked = form;
		/*
		 * Between two steps of a rotation the form is that of the older
		 * segments.
		 */
		result = look(target, form->suffix, ".1", &type);
		if (result != PUBLISH_DONE)
			return result;
		if (type != 0) {
			picked = form;
			break;
		}
	}
	choose(target, picked);
	return PUBLISH_DONE;
}

enum publish_result
target_find(struct target *target, bool wants_block)
{
	const struct form *wrong = NULL;
	mode_t type, wrong_type = 0;

	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		enum publish_result result = look_at_form(target, form, &type);

		if (result != PUBLISH_DONE)
			return result;
		if (type == form->type) {
			choose(target, form);
			return PUBLISH_DONE;
		}
		if (type != 0 && wrong == NULL) {
			wrong = form;
			wrong_type = type;
		}
	}
	if (wrong_type == S_IFLNK) {
		choose(target, wrong);
		return target_refuse_link(target);
	}
	if (wrong != NULL)
		return refuse_type(target, wrong, wrong_type);
	return choose_new(target, wants_block);
}

enum publish_result
target_refuse_ended(const struct target *target)
{
	return report_tell(target->report, PUBLISH_ENDED,
	    "channel %s has ended; to reopen it remove %s/%s", target->channel,
	    target->spool, target->end);
}

enum publish_result
target_has_ended(const struct target *target, bool *ended)
{
	struct stat st;

	*ended = fstatat(target->spool_fd, target->end, &st,
		     AT_SYMLINK_NOFOLLOW) == 0;
	if (!*ended && errno != ENOENT)
		return report_error(target->report, PUBLISH_FAILED,
		    "cannot look at %s/%s", target->spool, target->end);
	return PUBLISH_DONE;
}
