/* What a process that was killed, or an error, has left in ".taking". */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
		rc = drop_fail(drop, DROP_TAKING, name->text);
	} else if (!S_ISREG(st.st_mode)) {
		drop_leave(drop, &drop->others, name->text);
	} else if (drop_file_is_written(fd)) {
		/* Moved when it had just been opened: it will be closed. */
		drop_look_again(drop, DROP_LATER_MS);
	} else if ((rc = drop_fill(drop, fd, name)) == 0) {
		name = NULL;
	}
	drop_close_fd(&fd);
	free(name);
	return rc;
}

/* Take those that wait, but for those that were found in the journal. */
static int
take_all(struct drop *drop, struct drop_names *waiting,
    const struct drop_names *found)
{
	struct drop_name *name;

	while ((name = drop_names_take(waiting)) != NULL) {
		if (drop_names_have(found, name->text)) {
			int rc = drop_batch_put_away(drop, name->text);

			free(name);
			if (rc != 0)
				return -1;
			continue;
		}
		if (take(drop, name) != 0) {
			int saved = errno;

			if (drop_batch_commit(drop) == 0)
				errno = saved;
			return -1;
		}
		if (drop_batch_is_full(&drop->batch) &&
		    drop_batch_commit(drop) != 0)
			return -1;
	}
	return drop_batch_commit(drop);
}

static int
list(struct drop *drop, struct drop_names *waiting)
{
	if (drop_names_begin(waiting, drop->batch.fd, true) != 0 ||
	    drop_names_pass(waiting, INT64_MAX) != DROP_PASS_DONE)
		return drop_fail(drop, DROP_TAKING, NULL);
	if (waiting->n_others > 0)
		drop_leave(drop, &drop->others, waiting->other);
	return 0;
}

static int
find(struct drop *drop, struct drop_names *found)
{
	if (drop_journal_open(&drop->journal) != 0 ||
	    drop_journal_find(&drop->journal, drop->batch.token, found) != 0)
		return drop_fail(drop, drop->opts.journal, NULL);
	if (found->has_more) {
		/* More than a batch has: only for want of memory. */
		errno = ENOMEM;
		return drop_fail(drop, drop->opts.journal, NULL);
	}
	return 0;
}

/* Finish the batch whose folder is called ${token}. */
static int
recover(struct drop *drop, const char *token)
{
	struct drop_names waiting = { 0 }, found = { 0 };
	int rc;

	snprintf(drop->batch.token, sizeof(drop->batch.token), "%s", token);
	drop->batch.fd = openat(drop->taking, token, FOLDER_FLAGS);
	if (drop->batch.fd == -1) {
		/* It was none of ours. */
		if (errno == ENOTDIR || errno == ELOOP || errno == ENOENT)
			return 0;
		return drop_fail(drop, DROP_TAKING, NULL);
	}
	rc = list(drop, &waiting);
	if (rc == 0 && waiting.n > 0) {
		if (drop->opts.keep_files)
			rc = drop_batch_open_kept(drop);
		if (rc == 0)
			rc = find(drop, &found);
		if (rc == 0)
			rc = take_all(drop, &waiting, &found);
	}
	drop_names_free(&waiting);
	drop_names_free(&found);
	if (rc == 0)
		drop_batch_end(drop);
	return rc;
}

static bool
is_token(const char *name)
{
	size_t len = strlen(name);

	return len < DROP_TOKEN_MAX && strspn(name, "0123456789abcdef-") == len;
}

int
drop_recover(struct drop *drop)
{
	struct dirent *entry;
	DIR *dir;
	int fd, rc = 0;

	drop->is_recovered = true;
	drop->taking = openat(drop->dir, DROP_TAKING, FOLDER_FLAGS);
	if (drop->taking == -1)
		return errno == ENOENT ? 0 : drop_fail(drop, DROP_TAKING, NULL);
	fd = openat(drop->taking, ".", FOLDER_FLAGS);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		drop_close_fd(&fd);
		return drop_fail(drop, DROP_TAKING, NULL);
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (is_token(entry->d_name))
			rc = recover(drop, entry->d_name);
	}
	closedir(dir);
	return rc;
}
