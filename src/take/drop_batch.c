#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spool/own.h"
#include "spool/rename_free.h"
#include "take/drop_parts.h"

/* Records are written when there are so many bytes of them. */
#define WRITE_AT 65536
/* So many files are looked at between two looks at the clock. */
#define SLICE 4
/* So many names are tried in .done. */
#define NAMES_MAX 1000

static void
forget_names(struct drop_batch *batch)
{
	for (unsigned i = 0; i < batch->n; i++)
		free(batch->names[i]);
	batch->n = 0;
	batch->bytes = 0;
}

void
drop_batch_close(struct drop *drop)
{
	int saved = errno;

	forget_names(&drop->batch);
	fd_drop(&drop->batch.fd);
	fd_drop(&drop->taking);
	fd_drop(&drop->done);
	drop_journal_close(&drop->journal);
	drop->out.len = 0;
	errno = saved;
}

/* Open a folder in the drop folder, or make it. */
static int
open_within(struct drop *drop, const char *name, int *fd)
{
	struct stat st;

	if (*fd == -1)
		*fd = own_open_within(drop->dir, name);
	if (*fd == -1 || fstat(*fd, &st) != 0)
		return drop_parts_fail(drop, name, NULL);
	if (st.st_dev != drop->dev) {
		/* A file cannot be moved there. */
		errno = EXDEV;
		return drop_parts_fail(drop, name, NULL);
	}
	return 0;
}

int
drop_batch_open_kept(struct drop *drop)
{
	return open_within(drop, DROP_KEPT, &drop->done);
}

/* Make sure that the batch has a folder, and that all it takes is open. */
static int
begin(struct drop *drop)
{
	struct drop_batch *batch = &drop->batch;

	if (batch->fd != -1)
		return 0;
	/* EINPROGRESS is no failure: the search goes on in the next call. */
	if (drop_journal_open(&drop->journal, drop->until_ms) != 0)
		return errno == EINPROGRESS ?
		    -1 :
		    drop_parts_fail(drop, drop->opts.journal, NULL);
	if (drop->opts.keep_files && drop_batch_open_kept(drop) != 0)
		return -1;
	if (open_within(drop, DROP_TAKING, &drop->taking) != 0)
		return -1;
	drop_journal_token(&drop->journal, &drop->rnd, batch->token);
	batch->fd = own_open_within(drop->taking, batch->token);
	return batch->fd == -1 ? drop_parts_fail(drop, DROP_TAKING, NULL) : 0;
}

/*
 * Something has to stay in the folder of the batch: look again, but not at
 * once, and the later the longer that took.
 */
static void
put_off_recovery(struct drop *drop)
{
	int64_t now_ms = clock_mono_ms(), pause_ms = DROP_SETTLE_MS;

	if (drop->is_recovering &&
	    DROP_LOOK_SHARE * (now_ms - drop->recovery.began_ms) > pause_ms)
		pause_ms = DROP_LOOK_SHARE * (now_ms - drop->recovery.began_ms);
	drop->is_recovered = false;
	drop->recover_ms = now_ms + pause_ms;
	drop_parts_look_again(drop, pause_ms);
}

void
drop_batch_end(struct drop *drop)
{
	struct drop_batch *batch = &drop->batch;

	fd_drop(&batch->fd);
	drop_journal_unlock(&drop->journal);
	if (unlinkat(drop->taking, batch->token, AT_REMOVEDIR) != 0)
		put_off_recovery(drop);
}

/* Move the file to .done, to a name that is free. */
static int
keep(struct drop *drop, const char *name)
{
	char other[NAME_MAX + 1], when[20];
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	int n = 1;

	if (rename_free(drop->batch.fd, name, drop->done, name) == 0)
		return 0;
	if (gmtime_r(&now, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	while (errno == EEXIST && n < NAMES_MAX) {
		/*
		 * If both do not fit, the time matters more than the whole
		 * name.
		 */
		snprintf(other, sizeof(other), "%.*s.%s-%d", NAME_MAX - 48,
		    name, when, n++);
		if (rename_free(drop->batch.fd, name, drop->done, other) == 0)
			return 0;
	}
	return -1;
}

int
drop_batch_put_away(struct drop *drop, const char *name)
{
	int rc = drop->opts.keep_files ? keep(drop, name) :
					 unlinkat(drop->batch.fd, name, 0);

	if (rc == 0 || errno == ENOENT)
		return 0;
	return drop_parts_fail(
	    drop, drop->opts.keep_files ? DROP_KEPT : DROP_TAKING, name);
}

int
drop_batch_write(struct drop *drop)
{
	if (drop->out.len > 0 &&
	    drop_journal_write(&drop->journal, &drop->out) != 0)
		return drop_parts_fail(drop, drop->opts.journal, NULL);
	drop->out.len = 0;
	return 0;
}

int
drop_batch_commit(struct drop *drop)
{
	struct drop_batch *batch = &drop->batch;

	if (batch->n == 0)
		return 0;
	if (drop_batch_write(drop) != 0)
		return -1;
	if (drop_journal_sync(&drop->journal) != 0)
		return drop_parts_fail(drop, drop->opts.journal, NULL);
	for (unsigned i = 0; i < batch->n; i++) {
		if (drop_batch_put_away(drop, batch->names[i]->text) != 0)
			return -1;
	}
	forget_names(batch);
	return 0;
}

/*
 * Return whether the file that was moved is the one that we looked at, and
 * nobody opened it for writing before it was moved.
 */
static bool
is_ours(const struct drop *drop, const struct drop_file *file, const char *name)
{
	struct stat st;

	return fstatat(drop->batch.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == file->st.st_dev && st.st_ino == file->st.st_ino &&
	    (file->is_written || !drop_file_is_written(file->fd));
}

/*
 * Move the file into the folder of the batch.  Return 1, or 0 if it is left
 * alone for now, or -1.
 */
static int
claim(struct drop *drop, const struct drop_file *file, const char *name)
{
	if (begin(drop) != 0)
		return -1;
	if (renameat(drop->dir, name, drop->batch.fd, name) != 0) {
		/* Somebody else has taken it away. */
		if (errno == ENOENT)
			return 0;
		/* This file may not be moved; others may. */
		if (errno == EPERM || errno == EBUSY) {
			drop_parts_leave(drop, &drop->refused, name);
			return 0;
		}
		return drop_parts_fail(drop, drop->opts.file, name);
	}
	if (is_ours(drop, file, name))
		return 1;
	drop_parts_look_again(drop, DROP_LATER_MS);
	/*
	 * Move it back.  If another file has its name by now, it stays in the
	 * batch and is taken first, when that is recovered.
	 */
	if (rename_free(drop->batch.fd, name, drop->dir, name) != 0)
		return drop_parts_fail(drop, drop->opts.file, name);
	return 0;
}

void
drop_batch_again(struct drop *drop)
{
	while (drop->n_again > 0) {
		struct drop_name *name = drop->again[--drop->n_again];

		drop_names_add(&drop->names, name->text, true);
		free(name);
	}
}

/* Look at ${name} again later.  Return whether ${name} was taken over. */
static bool
put_off(struct drop *drop, struct drop_name *name)
{
	drop_parts_look_again(drop, DROP_LATER_MS);
	if (!name->is_told || drop->n_again == DROP_AGAIN_MAX)
		return false;
	drop->again[drop->n_again++] = name;
	return true;
}

/*
 * Take the file if it can be taken.  ${name} is freed or taken over.  Return 0
 * or -1.
 */
static int
take(struct drop *drop, struct drop_name *name)
{
	struct drop_file file;
	int rc = 0;

	switch (drop_file_open(
	    &drop->young, drop->dir, name->text, name->is_told, &file)) {
	case DROP_READY:
		/* Once its record is made, the batch has the name. */
		rc = claim(drop, &file, name->text);
		if (rc == 1 && (rc = drop_fill(drop, file.fd, name)) == 0)
			name = NULL;
		fd_drop(&file.fd);
		break;
	case DROP_GONE:
		break;
	case DROP_YOUNG:
		if (put_off(drop, name))
			name = NULL;
		break;
	case DROP_OTHER:
		drop_parts_leave(drop, &drop->others, name->text);
		break;
	case DROP_REFUSED:
		drop_parts_leave(drop, &drop->refused, name->text);
		break;
	}
	/* After an error the name still counts as it did before. */
	if (rc == -1) {
		int saved = errno;

		drop_names_add(&drop->names, name->text, name->is_told);
		errno = saved;
	}
	free(name);
	return rc;
}

bool
drop_batch_is_full(const struct drop_batch *batch)
{
	return batch->n == DROP_BATCH_FILES || batch->bytes >= DROP_BATCH_BYTES;
}

int
drop_batch_finish(struct drop *drop)
{
	if (drop_batch_commit(drop) != 0)
		return -1;
	if (drop->batch.fd != -1)
		drop_batch_end(drop);
	return 0;
}

int
drop_batch_take(struct drop *drop, int64_t until_ms)
{
	struct drop_name *name;
	unsigned n = 0;

	while (!drop_batch_is_full(&drop->batch) &&
	    (name = drop_names_take(&drop->names)) != NULL) {
		int saved;

		if (take(drop, name) != 0) {
			if (errno == EINPROGRESS)
				return 0;
			/* Files that came before it shall not wait. */
			saved = errno;
			if (drop_batch_commit(drop) == 0)
				errno = saved;
			return -1;
		}
		if (drop->out.len >= WRITE_AT && drop_batch_write(drop) != 0)
			return -1;
		/*
		 * The time is up.  Leave the batch open: the disk is not made
		 * to wait for a few files.
		 */
		if (++n % SLICE == 0 && clock_mono_ms() >= until_ms &&
		    drop->names.n > 0)
			return 0;
	}
	return drop_batch_finish(drop);
}
