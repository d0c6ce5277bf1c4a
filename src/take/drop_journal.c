#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/own.h"
#include "spool/record.h"
#include "take/drop_journal.h"
#include "take/drop_record.h"

#define CHUNK 65536

void
drop_journal_unlock(struct drop_journal *journal)
{
	if (journal->lock != -1)
		close(journal->lock);
	journal->lock = -1;
}

void
drop_journal_close(struct drop_journal *journal)
{
	int saved = errno;

	drop_journal_unlock(journal);
	if (journal->fd != -1)
		close(journal->fd);
	journal->fd = -1;
	journal->cut.is_begun = false;
	errno = saved;
}

/*
 * Search the last bytes before ${*end} for the last end of a record.  Return 1
 * with that in ${*end}, 0 with where to go on in ${*end} if there is none, or
 * -1 with errno.
 */
static int
find_end(int fd, uint8_t *bytes, off_t *end)
{
	off_t from = *end > CHUNK ? *end - CHUNK : 0;
	ssize_t n = pread(fd, bytes, (size_t)(*end - from), from);
	size_t whole;

	if (n != *end - from) {
		if (n >= 0)
			errno = EIO;
		return -1;
	}
	whole = record_last_end(
	    RECORD_JOURNAL, bytes, (size_t)n, from == 0 ? -1 : 0);
	/* An end is two bytes: the first one read here may be its second. */
	*end = whole > 0 ? from + (off_t)whole : from == 0 ? 0 : from + 1;
	return whole > 0;
}

int
drop_journal_cut(int fd, struct drop_cut *cut, int64_t until_ms)
{
	uint8_t *bytes = malloc(CHUNK);
	struct stat st;
	int found = 0;

	if (bytes == NULL || fstat(fd, &st) != 0)
		goto err0;
	/* Go on where the last call stopped, unless the file is shorter now. */
	if (!cut->is_begun || cut->end > st.st_size)
		cut->end = st.st_size;
	cut->is_begun = true;
	while (found == 0 && cut->end > 0) {
		if ((found = find_end(fd, bytes, &cut->end)) == -1)
			goto err0;
		if (found == 0 && clock_mono_ms() >= until_ms) {
			free(bytes);
			return 1;
		}
	}
	cut->is_begun = false;
	if (cut->end < st.st_size && ftruncate(fd, cut->end) != 0)
		goto err0;
	free(bytes);
	return 0;

err0:
	free(bytes);
	return -1;
}

static int
open_newest(struct drop_journal *journal)
{
	journal->fd = own_open(journal->spool, journal->name, OWN_READERS);
	journal->size = UINT64_MAX;
	return journal->fd == -1 ? -1 : 0;
}

/*
 * Find out how long the journal is, which may be another file, or have grown;
 * cut off what is not whole.
 */
static int
measure(struct drop_journal *journal, int64_t until_ms)
{
	struct stat st;
	int rc;

	if (fstat(journal->fd, &st) != 0)
		return -1;
	if ((uint64_t)st.st_size == journal->size)
		return 0;
	if ((rc = drop_journal_cut(journal->fd, &journal->cut, until_ms)) == -1)
		return -1;
	if (rc == 1) {
		errno = EINPROGRESS;
		return -1;
	}
	journal->size = (uint64_t)journal->cut.end;
	journal->ino = st.st_ino;
	return 0;
}

int
drop_journal_open(struct drop_journal *journal, int64_t until_ms)
{
	if (journal->lock == -1 &&
	    (journal->lock = own_lock_journal(
		 journal->spool, journal->name, false)) == -1)
		return -1;
	/* Only now that it is locked, the file keeps its name. */
	if (journal->fd != -1 &&
	    !own_is_current(journal->fd, journal->spool, journal->name)) {
		close(journal->fd);
		journal->fd = -1;
		journal->cut.is_begun = false;
	}
	if ((journal->fd != -1 || open_newest(journal) == 0) &&
	    measure(journal, until_ms) == 0)
		return 0;
	if (errno != EINPROGRESS)
		drop_journal_close(journal);
	return -1;
}

/* Cut off what was written of ${records} after the last whole one. */
static void
take_back(struct drop_journal *journal, const struct buf *records, size_t done)
{
	size_t whole = record_last_end(RECORD_JOURNAL, records->data, done, 0);

	/* If that fails, the process that opens it next does it. */
	if (ftruncate(journal->fd, (off_t)(journal->size + whole)) == 0)
		journal->size += whole;
	else
		drop_journal_close(journal);
}

int
drop_journal_write(struct drop_journal *journal, const struct buf *records)
{
	size_t done = 0;

	while (done < records->len) {
		ssize_t n = pwrite(journal->fd, records->data + done,
		    records->len - done, (off_t)(journal->size + done));
		int saved = n == 0 ? ENOSPC : errno;

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		take_back(journal, records, done);
		errno = saved;
		return -1;
	}
	journal->size += records->len;
	return 0;
}

int
drop_journal_sync(struct drop_journal *journal)
{
	return fdatasync(journal->fd);
}

void
drop_journal_token(
    const struct drop_journal *journal, struct rnd *rnd, char token[])
{
	snprintf(token, DROP_TOKEN_MAX, "%jx-%" PRIx64 "-%016" PRIx64,
	    (uintmax_t)journal->ino, journal->size,
	    (uint64_t)rnd_between(rnd, 0, INT64_MAX));
}
