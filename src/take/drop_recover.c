/*
 * This file finishes what a process that was killed, or an error, has left in
 * ".taking".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "take/drop_parts.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Take a file that is not in the journal.  Return 0, also if it has to stay. */
static int
take(struct drop *drop, struct drop_name *name)
{
	int fd = openat(drop->batch.fd, name->text, FILE_FLAGS);
	struct stat st;
	int rc = 0;

	if (fd == -1 || fstat(fd, &st) != 0) {
		if (fd == -1 && (errno == ENOENT || errno == ELOOP)) {
			free(name);
			return 0;
		}
		rc = drop_parts_fail(drop, DROP_TAKING, name->text);
	} else if (!S_ISREG(st.st_mode)) {
		drop_parts_leave(drop, &drop->others, name->text);
	} else if (drop_file_is_written(fd)) {
		/*
		 * It was moved just after a writer opened it: that will close
		 * it.
		 */
		drop_parts_look_again(drop, DROP_LATER_MS);
	} else if ((rc = drop_fill(drop, fd, name)) == 0) {
		name = NULL;
	}
	fd_drop(&fd);
	free(name);
	return rc;
}

/* Take the next file that waits, or put it away if its record was found. */
static int
take_next(struct drop *drop)
{
	struct drop_recovery *recovery = &drop->recovery;
	struct drop_name *name = drop_names_take(&recovery->waiting);
	int rc;

	if (drop_names_have(&recovery->found, name->text)) {
		rc = drop_batch_put_away(drop, name->text);
		free(name);
		return rc;
	}
	if (take(drop, name) != 0) {
		int saved = errno;

		if (drop_batch_commit(drop) == 0)
			errno = saved;
		return -1;
	}
	return drop_batch_is_full(&drop->batch) ? drop_batch_commit(drop) : 0;
}

/* Take those that wait, until the time is up.  Return 1 if some are left. */
static int
take_all(struct drop *drop)
{
	struct drop_names *waiting = &drop->recovery.waiting;

	while (waiting->n > 0) {
		if (take_next(drop) != 0)
			return -1;
		if (waiting->n > 0 && clock_mono_ms() >= drop->until_ms)
			return 1;
	}
	return drop_batch_commit(drop);
}

/* Find out which files the batch has.  Return 1 if the time is up. */
static int
list(struct drop *drop)
{
	struct drop_names *waiting = &drop->recovery.waiting;

	if (waiting->dir == NULL &&
	    drop_names_begin(waiting, drop->batch.fd, true) != 0)
		return drop_parts_fail(drop, DROP_TAKING, NULL);
	switch (drop_names_pass(waiting, drop->until_ms)) {
	case DROP_PASS_MORE:
		return 1;
	case DROP_PASS_ERROR:
		return drop_parts_fail(drop, DROP_TAKING, NULL);
	case DROP_PASS_DONE:
		break;
	}
	if (waiting->n_others > 0)
		drop_parts_leave(drop, &drop->others, waiting->other);
	return 0;
}

/* Find out which of them are in the journal.  Return 1 if the time is up. */
static int
find(struct drop *drop)
{
	struct drop_recovery *recovery = &drop->recovery;
	struct drop_wanted wanted = { drop->batch.token, &recovery->waiting };
	int rc;

	if (drop->opts.keep_files && drop_batch_open_kept(drop) != 0)
		return -1;
	if (drop_journal_open(&drop->journal, drop->until_ms) != 0)
		return errno == EINPROGRESS ?
		    1 :
		    drop_parts_fail(drop, drop->opts.journal, NULL);
	rc = drop_search(&recovery->search, &drop->journal, &wanted,
	    &recovery->found, drop->until_ms);
	if (rc == -1)
		return drop_parts_fail(drop, drop->opts.journal, NULL);
	if (rc == 0 && recovery->found.has_more) {
		/* There is room for all that are wanted: memory was short. */
		errno = ENOMEM;
		return drop_parts_fail(drop, drop->opts.journal, NULL);
	}
	return rc;
}

static bool
is_token(const char *name)
{
	size_t len = strlen(name);

	return len < DROP_TOKEN_MAX && strspn(name, "0123456789abcdef-") == len;
}

/* Open the next batch that was begun.  Return 1, 0 if there is none, or -1. */
static int
next_batch(struct drop *drop)
{
	struct dirent *entry;

	while ((entry = readdir(drop->recovery.tokens)) != NULL) {
		if (!is_token(entry->d_name))
			continue;
		memcpy(drop->batch.token, entry->d_name,
		    strlen(entry->d_name) + 1);
		drop->batch.fd =
		    openat(drop->taking, entry->d_name, FOLDER_FLAGS);
		if (drop->batch.fd != -1)
			return 1;
		/* Otherwise it was none of ours, or is gone. */
		if (errno != ENOTDIR && errno != ELOOP && errno != ENOENT)
			return drop_parts_fail(drop, DROP_TAKING, NULL);
	}
	return 0;
}

/* Do the next thing for the batch that is open.  Return as take_all does. */
static int
finish(struct drop *drop)
{
	struct drop_recovery *recovery = &drop->recovery;
	int rc = 0;

	switch (recovery->stage) {
	case DROP_LISTS:
		rc = list(drop);
		break;
	case DROP_FINDS:
		rc = recovery->waiting.n == 0 ? 0 : find(drop);
		break;
	case DROP_TAKES:
		rc = take_all(drop);
		break;
	}
	if (rc != 0)
		return rc;
	/* The next call begins with the next stage. */
	if (recovery->stage != DROP_TAKES) {
		recovery->stage++;
		return 1;
	}
	drop_names_free(&recovery->waiting);
	drop_names_free(&recovery->found);
	recovery->stage = DROP_LISTS;
	drop_batch_end(drop);
	return 0;
}

/* Open the folder of all batches.  Return 1, 0 if there is none, or -1. */
static int
begin(struct drop *drop)
{
	int fd;

	drop->is_recovered = true;
	drop->recovery.began_ms = clock_mono_ms();
	drop->taking = openat(drop->dir, DROP_TAKING, FOLDER_FLAGS);
	if (drop->taking == -1)
		return errno == ENOENT ?
		    0 :
		    drop_parts_fail(drop, DROP_TAKING, NULL);
	fd = openat(drop->taking, ".", FOLDER_FLAGS);
	if (fd == -1 || (drop->recovery.tokens = fdopendir(fd)) == NULL) {
		fd_drop(&fd);
		return drop_parts_fail(drop, DROP_TAKING, NULL);
	}
	return 1;
}

int
drop_recover(struct drop *drop)
{
	struct drop_recovery *recovery = &drop->recovery;
	int rc = 1;

	if (recovery->tokens == NULL)
		rc = begin(drop);
	while (rc == 1) {
		if (drop->batch.fd == -1)
			rc = next_batch(drop);
		else if (finish(drop) == -1)
			return -1;
		if (rc == 1 && clock_mono_ms() >= drop->until_ms)
			return 1;
	}
	if (rc == 0)
		drop_recover_end(drop);
	return rc;
}

void
drop_recover_end(struct drop *drop)
{
	struct drop_recovery *recovery = &drop->recovery;
	int saved = errno;

	if (recovery->tokens != NULL)
		closedir(recovery->tokens);
	recovery->tokens = NULL;
	drop_names_free(&recovery->waiting);
	drop_names_free(&recovery->found);
	drop_search_end(&recovery->search);
	recovery->stage = DROP_LISTS;
	errno = saved;
}
