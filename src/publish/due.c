#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "publish/due.h"
#include "spool/rotation.h"

static bool
is_there(const struct target *target, const char *file)
{
	struct stat st;

	return fstatat(target->spool_fd, file, &st, 0) == 0 || errno != ENOENT;
}

void
due_restore(const struct target *target)
{
	struct rotation_report report;
	char older[sizeof(target->file) + 2];

	/*
	 * The log of another form is kept by the process that reads the source.
	 */
	if (target->form->type != S_IFREG)
		return;
	snprintf(older, sizeof(older), "%s.1", target->file);
	if (!is_there(target, target->file) && is_there(target, older))
		(void)rotation_complete(target->spool, false, &report);
}

void
due_rotate(const struct target *target, const struct settings *settings)
{
	struct rotation rotation = { .base = target->file,
		.keep = settings->keep,
		.max_size = settings->max_size,
		.max_age_ms = settings->max_age_ms };
	struct rotation_report report;

	if (target->form->type != S_IFREG || !settings_rotate(settings) ||
	    rotation_run(target->spool, &rotation, &report) != ROTATION_FAILED)
		return;
	rotation.max_size *= 2;
	rotation.max_age_ms *= 2;
	if (rotation_due_ms(target->spool, &rotation) == 0)
		(void)report_tell(target->report, PUBLISH_DONE,
		    "published, but the file cannot be rotated: %s",
		    report.problem);
}
