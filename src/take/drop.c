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
#include "base/fd.h"
#include "base/log.h"
#include "take/drop_parts.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* So much memory is kept for the next batch. */
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
	drop->batch.fd = drop->journal.fd = drop->journal.lock = -1;
	if (copy_texts(&drop->opts) != 0) {
		drop_free(drop);
		errno = ENOMEM;
		return NULL;
	}
	drop->journal.spool = drop->opts.spool;
	drop->journal.name = drop->opts.journal;
	rnd_seed(&drop->rnd);
	/* A file beyond the size limit is an error and does not kill us. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return drop;
}

static void
close_all(struct drop *drop)
{
	int saved = errno;

	drop_recover_end(drop);
	drop_batch_close(drop);
	fd_drop(&drop->dir);
	drop->is_recovered = false;
	drop->recover_ms = 0;
	errno = saved;
}

void
drop_pause(struct drop *drop)
{
	/* If that fails, the next process that takes recovers it. */
	if (drop->is_recovering ||
	    (drop->batch.fd != -1 && drop_batch_finish(drop) != 0)) {
		drop_recover_end(drop);
		drop_batch_close(drop);
		drop->is_recovering = drop->is_recovered = false;
		drop->recover_ms = 0;
	}
}

void
drop_free(struct drop *drop)
{
	if (drop == NULL)
		return;
	drop_pause(drop);
	/* The folder stays if somebody has left something in it. */
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

/* Let go of everything: the next call finds what was begun. */
static enum drop_result
fail(struct drop *drop)
{
	int saved = errno;

	close_all(drop);
	drop->wants_pass = true;
	drop->is_looking = drop->is_recovering = false;
	errno = saved;
	if (saved == EAGAIN)
		return DROP_BUSY;
	drop_parts_tell_failure(drop);
	return DROP_FAILED;
}

/* Log what a pass through the folder has found. */
static void
tell_found(struct drop *drop)
{
	struct drop_names *names = &drop->names;

	/* Later passes of the same look would count some again. */
	if (names->floor[0] != '\0')
		return;
	if (names->n_others > 0) {
		drop_parts_leave(drop, &drop->others, names->other);
		drop->others.n += names->n_others - 1;
	}
	if (names->has_more && drop_parts_may_log(&drop->waiting_logged_ms))
		log_msg(LOG_LEVEL_INFO,
		    "event=drop-waiting channel=%s files=%" PRIu64,
		    drop->opts.channel, names->n_found - names->n_others);
}

/* Return whether to look from the start; not before the last look is over. */
static bool
begins_look(const struct drop *drop)
{
	const struct drop_names *names = &drop->names;

	/* Otherwise files that have to stay would keep the rest waiting. */
	if (drop->is_looking && (names->n > 0 || names->has_more))
		return false;
	return drop->wants_pass;
}

static bool
needs_pass(const struct drop *drop)
{
	const struct drop_names *names = &drop->names;

	/* Names below the ceiling come first, then those above it. */
	return names->dir != NULL || (names->n == 0 && names->has_more) ||
	    begins_look(drop);
}

/*
 * Begin a pass through the folder, or go on with one, until it is ${until_ms}.
 * Return 0 or -1.
 */
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
			return drop_parts_fail(drop, drop->opts.file, NULL);
		drop->wants_pass &= !is_first;
		drop->is_looking = true;
	}
	result = drop_names_pass(names, until_ms);
	drop->pass_ms += clock_mono_ms() - from_ms;
	if (result == DROP_PASS_ERROR)
		return drop_parts_fail(drop, drop->opts.file, NULL);
	if (result == DROP_PASS_MORE)
		return 0;
	tell_found(drop);
	/* A whole pass that could not keep one name had no memory for it. */
	if (names->n > 0 || !names->has_more)
		return 0;
	errno = ENOMEM;
	return drop_parts_fail(drop, drop->opts.file, NULL);
}

/* Make sure that the folder that has the name now is open. */
static int
open_folder(struct drop *drop)
{
	struct stat st;
	int spool;

	spool = open(drop->opts.spool, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spool == -1)
		return drop_parts_fail(drop, drop->opts.spool, NULL);
	/* If another folder has the name, or none, be done with the old one. */
	if (drop->dir != -1 &&
	    (fstatat(spool, drop->opts.file, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		st.st_dev != drop->dev || st.st_ino != drop->ino)) {
		drop_pause(drop);
		close_all(drop);
	}
	if (drop->dir == -1)
		drop->dir = openat(spool, drop->opts.file, FOLDER_FLAGS);
	close(spool);
	if (drop->dir == -1 || fstat(drop->dir, &st) != 0)
		return drop_parts_fail(drop, drop->opts.file, NULL);
	drop->dev = st.st_dev;
	drop->ino = st.st_ino;
	return 0;
}

/* Do the next thing.  Return 1, or 0 if there is nothing to do, or -1. */
static int
step(struct drop *drop, int64_t until_ms)
{
	if (drop->is_recovering) {
		int rc = drop_recover(drop);

		drop->is_recovering = rc == 1;
		return rc == -1 ? -1 : 1;
	}
	if (drop->names.n == 0 && drop->batch.fd != -1)
		return drop_batch_finish(drop) == 0 ? 1 : -1;
	if (needs_pass(drop))
		return pass(drop, until_ms) == 0 ? 1 : -1;
	if (drop->names.n == 0)
		return 0;
	return drop_batch_take(drop, until_ms) == 0 ? 1 : -1;
}

/* There is nothing more for now: log what was left alone, and free memory. */
static enum drop_result
rest(struct drop *drop)
{
	drop->failed_errno = 0;
	drop->is_looking = false;
	drop_parts_tell_left(drop);
	drop_names_free(&drop->names);
	if (drop->out.cap > OUT_KEPT)
		buf_free(&drop->out);
	return drop->look_again_ms == 0 ? DROP_DONE : DROP_LATER;
}

enum drop_result
drop_take(struct drop *drop, int64_t until_ms)
{
	int64_t now_ms = clock_mono_ms();
	int rc = 1;

	drop_batch_again(drop);
	drop->until_ms = until_ms;
	if (drop->look_again_ms != 0 && now_ms >= drop->look_again_ms) {
		drop->look_again_ms = 0;
		drop->wants_pass = true;
	}
	if (open_folder(drop) != 0)
		return fail(drop);
	/* First finish what others began, but never amid a batch of ours. */
	if (!drop->is_recovered && now_ms >= drop->recover_ms &&
	    drop->batch.fd == -1)
		drop->is_recovering = true;
	while (rc == 1) {
		rc = step(drop, until_ms);
		if (rc == 1 && clock_mono_ms() >= until_ms)
			break;
	}
	if (rc == -1)
		return fail(drop);
	if (drop->is_recovering || drop->batch.fd != -1 || needs_pass(drop) ||
	    drop->names.n > 0)
		return DROP_MORE;
	return rest(drop);
}
