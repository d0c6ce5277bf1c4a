#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "take/drop_parts.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Between two lines in the log about the same thing. */
#define LOG_PAUSE_MS 60000
/* Between two looks at what may not be read. */
#define REFUSED_PAUSE_MS 5000
/* Looking takes at most this part of the time. */
#define LOOK_SHARE 20
/* Memory that is kept for the next batch. */
#define OUT_KEPT 65536

static int
copy_texts(struct drop_opts *opts)
{
	const char **texts[] = { &opts->spool, &opts->file, &opts->journal,
		&opts->channel };
	int failed = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = strdup(*texts[i]);
		failed |= *texts[i] == NULL;
	}
	return failed ? -1 : 0;
}

struct drop *
drop_new(const struct drop_opts *opts)
{
	struct drop *drop = calloc(1, sizeof(*drop));

	if (drop == NULL)
		return NULL;
	drop->opts = *opts;
	drop->dir = drop->taking = drop->done = -1;
	drop->batch.fd = drop->journal.fd = -1;
	if (copy_texts(&drop->opts) != 0) {
		drop_free(drop);
		errno = ENOMEM;
		return NULL;
	}
	drop->journal.spool = drop->opts.spool;
	drop->journal.name = drop->opts.journal;
	rnd_seed(&drop->rnd);
	/* A limit of the size of files is an error, not our end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return drop;
}

void
drop_close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
close_all(struct drop *drop)
{
	int saved = errno;

	drop_batch_close(drop);
	drop_close_fd(&drop->dir);
	drop->is_recovered = false;
	errno = saved;
}

void
drop_free(struct drop *drop)
{
	if (drop == NULL)
		return;
	/* It stays where somebody has left something in it. */
	if (drop->dir != -1)
		(void)unlinkat(drop->dir, DROP_TAKING, AT_REMOVEDIR);
	close_all(drop);
	drop_batch_again(drop);
	drop_names_free(&drop->names);
	buf_free(&drop->out);
	free((char *)drop->opts.spool);
	free((char *)drop->opts.file);
	free((char *)drop->opts.journal);
	free((char *)drop->opts.channel);
	free(drop);
}

void
drop_note(struct drop *drop, const char *file)
{
	drop_names_add(&drop->names, file, true);
}

void
drop_rescan(struct drop *drop)
{
	drop->wants_pass = true;
}

/* Copy a name for the log, where a quote would end it. */
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
drop_fail(struct drop *drop, const char *at, const char *file)
{
	drop->failed_at = at;
	copy_name(drop->failed_file, file == NULL ? "" : file);
	return -1;
}

void
drop_leave(struct drop *drop, struct drop_left *left, const char *file)
{
	if (left->n++ == 0) {
		left->error = errno;
		copy_name(left->file, file);
	}
	if (left == &drop->refused)
		drop_look_again(drop, REFUSED_PAUSE_MS);
}

void
drop_look_again(struct drop *drop, int64_t pause_ms)
{
	int64_t when_ms = clock_mono_ms();

	when_ms += pause_ms > LOOK_SHARE * drop->pass_ms ?
	    pause_ms :
	    LOOK_SHARE * drop->pass_ms;
	if (drop->look_again_ms == 0 || when_ms < drop->look_again_ms)
		drop->look_again_ms = when_ms;
}

static bool
may_log(int64_t *logged_ms)
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
		return "something else has this name: remove that";
	case EXDEV:
		return "mount nothing there";
	}
	return "see the error; it is tried again";
}

/* Let go of everything: what was begun is found again. */
static enum drop_result
fail(struct drop *drop)
{
	int saved = errno;

	close_all(drop);
	drop->wants_pass = true;
	drop->is_looking = false;
	if (saved == EAGAIN)
		return DROP_BUSY;
	if (saved != drop->failed_errno)
		drop->failed_logged_ms = 0;
	drop->failed_errno = saved;
	/* Whoever removed the folder knows. */
	if (saved != ENOENT && may_log(&drop->failed_logged_ms)) {
		errno = saved;
		log_errno(LOG_LEVEL_ERROR,
		    "event=drop-failed channel=%s at=\"%s%s%s\" "
		    "remedy=\"%s\"",
		    drop->opts.channel, drop->failed_at,
		    drop->failed_file[0] == '\0' ? "" : "/", drop->failed_file,
		    remedy_for(saved));
	}
	errno = saved;
	return DROP_FAILED;
}

static void
tell_refused(struct drop *drop)
{
	struct drop_left *left = &drop->refused;

	if (left->n > 0 && may_log(&left->logged_ms)) {
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

	if (left->n > 0 && may_log(&left->logged_ms))
		log_msg(LOG_LEVEL_WARN,
		    "event=drop-no-file channel=%s name=\"%s\" names=%" PRIu64
		    " remedy=\"put files there: links, folders and pipes are "
		    "left alone\"",
		    drop->opts.channel, left->file, left->n);
	left->n = 0;
}

/* A pass through the folder found what there is. */
static void
tell_found(struct drop *drop)
{
	struct drop_names *names = &drop->names;

	/* Later passes of the same look would count some again. */
	if (names->floor[0] != '\0')
		return;
	if (names->n_others > 0) {
		drop_leave(drop, &drop->others, names->other);
		drop->others.n += names->n_others - 1;
	}
	if (names->has_more && may_log(&drop->waiting_logged_ms))
		log_msg(LOG_LEVEL_INFO,
		    "event=drop-waiting channel=%s files=%" PRIu64,
		    drop->opts.channel, names->n_found - names->n_others);
}

/* Whether to look from the start; not before the last look is over. */
static bool
begins_look(const struct drop *drop)
{
	const struct drop_names *names = &drop->names;

	/* Else what stays in the folder would be in the way of the rest. */
	if (drop->is_looking && (names->n > 0 || names->has_more))
		return false;
	return drop->wants_pass;
}

static bool
needs_pass(const struct drop *drop)
{
	const struct drop_names *names = &drop->names;

	/* First what is below the ceiling, then what is above it. */
	return names->dir != NULL || (names->n == 0 && names->has_more) ||
	    begins_look(drop);
}

static int
pass(struct drop *drop, int64_t until_ms)
{
	struct drop_names *names = &drop->names;
	int64_t from_ms = clock_mono_ms();
	enum drop_pass result;

	if (names->dir == NULL) {
		bool is_first = begins_look(drop);

		drop->pass_ms = 0;
		if (drop_names_begin(names, drop->dir, is_first) != 0)
			return drop_fail(drop, drop->opts.file, NULL);
		drop->wants_pass &= !is_first;
		drop->is_looking = true;
	}
	result = drop_names_pass(names, until_ms);
	drop->pass_ms += clock_mono_ms() - from_ms;
	if (result == DROP_PASS_ERROR)
		return drop_fail(drop, drop->opts.file, NULL);
	if (result == DROP_PASS_MORE)
		return 0;
	tell_found(drop);
	if (names->n > 0 || !names->has_more)
		return 0;
	errno = ENOMEM;
	return drop_fail(drop, drop->opts.file, NULL);
}

/* Make sure that the folder is open which has the name now. */
static int
open_folder(struct drop *drop)
{
	struct stat st;
	int spool;

	spool = open(drop->opts.spool, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spool == -1)
		return drop_fail(drop, drop->opts.spool, NULL);
	if (drop->dir != -1 &&
	    (fstatat(spool, drop->opts.file, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		st.st_dev != drop->dev || st.st_ino != drop->ino))
		close_all(drop);
	if (drop->dir == -1)
		drop->dir = openat(spool, drop->opts.file, FOLDER_FLAGS);
	close(spool);
	if (drop->dir == -1 || fstat(drop->dir, &st) != 0)
		return drop_fail(drop, drop->opts.file, NULL);
	drop->dev = st.st_dev;
	drop->ino = st.st_ino;
	return 0;
}

/* Do the next thing.  Return 1, or 0 if there is nothing to do, or -1. */
static int
step(struct drop *drop, int64_t until_ms)
{
	if (needs_pass(drop))
		return pass(drop, until_ms) == 0 ? 1 : -1;
	if (drop->names.n == 0)
		return 0;
	return drop_batch_take(drop, until_ms) == 0 ? 1 : -1;
}

/* There is nothing more for now. */
static enum drop_result
rest(struct drop *drop)
{
	drop->failed_errno = 0;
	drop->is_looking = false;
	tell_refused(drop);
	tell_others(drop);
	drop_names_free(&drop->names);
	if (drop->out.cap > OUT_KEPT)
		buf_free(&drop->out);
	return drop->look_again_ms == 0 ? DROP_DONE : DROP_LATER;
}

enum drop_result
drop_take(struct drop *drop, int64_t until_ms)
{
	int rc = 1;

	drop_batch_again(drop);
	if (drop->look_again_ms != 0 &&
	    clock_mono_ms() >= drop->look_again_ms) {
		drop->look_again_ms = 0;
		drop->wants_pass = true;
	}
	if (open_folder(drop) != 0 ||
	    (!drop->is_recovered && drop_recover(drop) != 0))
		return fail(drop);
	while (rc == 1) {
		rc = step(drop, until_ms);
		if (rc == 1 && clock_mono_ms() >= until_ms)
			break;
	}
	if (rc == -1)
		return fail(drop);
	if (needs_pass(drop) || drop->names.n > 0)
		return DROP_MORE;
	return rest(drop);
}
