/* What all files of this module need: when to look, and what to tell. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "take/drop_parts.h"

/* So many ms are between two lines in the log about the same thing. */
#define LOG_PAUSE_MS 60000
/* So many ms are between two looks at what may not be read. */
#define REFUSED_PAUSE_MS 5000

/* Copy a name for the log; a quote, which would end it there, becomes "?". */
static void
copy_name(char out[NAME_MAX + 1], const char *file)
{
	int saved = errno;

	snprintf(out, NAME_MAX + 1, "%s", file);
	for (; *out != '\0'; out++) {
		if (*out == '"')
			*out = '?';
	}
	errno = saved;
}

int
drop_parts_fail(struct drop *drop, const char *at, const char *file)
{
	drop->failed_at = at;
	copy_name(drop->failed_file, file == NULL ? "" : file);
	return -1;
}

void
drop_parts_look_again(struct drop *drop, int64_t pause_ms)
{
	int64_t when_ms = clock_mono_ms();

	when_ms += pause_ms > DROP_LOOK_SHARE * drop->pass_ms ?
	    pause_ms :
	    DROP_LOOK_SHARE * drop->pass_ms;
	if (drop->look_again_ms == 0 || when_ms < drop->look_again_ms)
		drop->look_again_ms = when_ms;
}

void
drop_parts_leave(struct drop *drop, struct drop_left *left, const char *file)
{
	if (left->n++ == 0) {
		left->error = errno;
		copy_name(left->file, file);
	}
	if (left == &drop->refused)
		drop_parts_look_again(drop, REFUSED_PAUSE_MS);
}

bool
drop_parts_may_log(int64_t *logged_ms)
{
	int64_t now_ms = clock_mono_ms();

	if (*logged_ms != 0 && now_ms - *logged_ms < LOG_PAUSE_MS)
		return false;
	*logged_ms = now_ms;
	return true;
}

static const char *
remedy_for(int error)
{
	switch (error) {
	case EACCES:
		return "let the user that spoolcast runs as write there";
	case EROFS:
		return "make it writable, or use an append file";
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room; it is tried again";
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
	case EINVAL:
	case EMLINK:
	case EPERM:
		return "something else has this name: remove that";
	case EXDEV:
		return "mount nothing there";
	}
	return "see the error; it is tried again";
}

void
drop_parts_tell_failure(struct drop *drop)
{
	int saved = errno;

	if (saved != drop->failed_errno)
		drop->failed_logged_ms = 0;
	drop->failed_errno = saved;
	/* The user that removed the folder knows. */
	if (saved != ENOENT && drop_parts_may_log(&drop->failed_logged_ms)) {
		errno = saved;
		log_errno(LOG_LEVEL_ERROR,
		    "event=drop-failed channel=%s at=\"%s%s%s\" "
		    "remedy=\"%s\"",
		    drop->opts.channel, drop->failed_at,
		    drop->failed_file[0] == '\0' ? "" : "/", drop->failed_file,
		    remedy_for(saved));
	}
	errno = saved;
}

static void
tell_refused(struct drop *drop)
{
	struct drop_left *left = &drop->refused;

	if (left->n > 0 && drop_parts_may_log(&left->logged_ms)) {
		errno = left->error;
		log_errno(LOG_LEVEL_WARN,
		    "event=drop-refused channel=%s file=\"%s\" files=%" PRIu64
		    " remedy=\"%s\"",
		    drop->opts.channel, left->file, left->n,
		    left->error == EPERM ?
			"let the user that spoolcast runs as own the folder, "
			"or take its sticky bit away" :
			left->error == EACCES ?
			"let the user that spoolcast runs as read it" :
			"see the error; it is tried again");
	}
	left->n = 0;
}

static void
tell_others(struct drop *drop)
{
	struct drop_left *left = &drop->others;

	if (left->n > 0 && drop_parts_may_log(&left->logged_ms))
		log_msg(LOG_LEVEL_WARN,
		    "event=drop-no-file channel=%s name=\"%s\" names=%" PRIu64
		    " remedy=\"put files there: links, folders and pipes are "
		    "left alone\"",
		    drop->opts.channel, left->file, left->n);
	left->n = 0;
}

void
drop_parts_tell_left(struct drop *drop)
{
	tell_refused(drop);
	tell_others(drop);
}
