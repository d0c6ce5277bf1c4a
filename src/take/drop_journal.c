#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/own.h"
#include "spool/record.h"
#include "take/drop_journal.h"
#include "take/drop_record.h"

#define CHUNK 65536
/* How often it may be renamed while it is being opened. */
#define OPEN_TRIES 8
/* Rotations since a batch that was not finished; and missing numbers. */
#define SEGMENTS_MAX 64
#define MISSING_MAX 8
#define SEGMENT_NAME_MAX (NAME_MAX + 8)

void
drop_journal_close(struct drop_journal *journal)
{
	int saved = errno;

	if (journal->fd != -1)
		close(journal->fd);
	journal->fd = -1;
	journal->is_locked = false;
	errno = saved;
}

void
drop_journal_unlock(struct drop_journal *journal)
{
	if (journal->is_locked)
		(void)flock(journal->fd, LOCK_UN);
	journal->is_locked = false;
}

/* Return how far whole records go in the first ${size} bytes, or -1. */
static off_t
whole_size(int fd, off_t size)
{
	uint8_t *bytes = malloc(CHUNK);
	off_t end = size;

	if (bytes == NULL)
		return -1;
	while (end > 0) {
		off_t from = end > CHUNK ? end - CHUNK : 0;
		ssize_t n = pread(fd, bytes, (size_t)(end - from), from);
		size_t whole;

		if (n != end - from) {
			if (n >= 0)
				errno = EIO;
			end = -1;
			break;
		}
		whole = record_last_end(
		    RECORD_JOURNAL, bytes, (size_t)n, from == 0 ? -1 : 0);
		if (whole > 0) {
			end = from + (off_t)whole;
			break;
		}
		/* An end is two bytes: the first may be the next one's last. */
		end = from == 0 ? 0 : from + 1;
	}
	free(bytes);
	return end;
}

/* Cut off what is not a whole record.  Return the size, or -1 with errno. */
static off_t
cut(int fd)
{
	struct stat st;
	off_t whole;

	if (fstat(fd, &st) != 0 || (whole = whole_size(fd, st.st_size)) == -1)
		return -1;
	if (whole < st.st_size && ftruncate(fd, whole) != 0)
		return -1;
	return whole;
}

static int
open_newest(struct drop_journal *journal)
{
	journal->fd = own_open(journal->spool, journal->name, OWN_READERS);
	journal->size = UINT64_MAX;
	return journal->fd == -1 ? -1 : 0;
}

/* See what is in the file, which is another one, or grew, or is the same. */
static int
measure(struct drop_journal *journal)
{
	struct stat st;
	off_t size;

	if (fstat(journal->fd, &st) != 0)
		return -1;
	if ((uint64_t)st.st_size == journal->size)
		return 0;
	if ((size = cut(journal->fd)) == -1)
		return -1;
	journal->size = (uint64_t)size;
	journal->ino = st.st_ino;
	return 0;
}

int
drop_journal_open(struct drop_journal *journal)
{
	for (int i = 0; !journal->is_locked && i < OPEN_TRIES; i++) {
		if (journal->fd == -1 && open_newest(journal) != 0)
			return -1;
		if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0)
			return -1;
		/* Only now it stays what it is. */
		journal->is_locked =
		    own_is_current(journal->fd, journal->spool, journal->name);
		if (!journal->is_locked)
			drop_journal_close(journal);
	}
	if (!journal->is_locked) {
		errno = EAGAIN;
		return -1;
	}
	if (measure(journal) == 0)
		return 0;
	drop_journal_close(journal);
	return -1;
}

/* What is behind the last whole record goes again. */
static void
take_back(struct drop_journal *journal, const struct buf *records, size_t done)
{
	size_t whole = record_last_end(RECORD_JOURNAL, records->data, done, 0);

	/* Where that fails, whoever opens it next does it. */
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

/* Lines as they come, of which the first bytes are enough. */
struct lines {
	const char *token;
	struct drop_names *found;
	char line[DROP_COMMENT_MAX];
	size_t len; /* also of what is not in there */
};

static void
end_line(struct lines *lines)
{
	char file[NAME_MAX + 1];

	if (lines->len <= sizeof(lines->line) &&
	    drop_record_file(lines->line, lines->len, lines->token, file))
		drop_names_add(lines->found, file, true);
	lines->len = 0;
}

static void
feed(struct lines *lines, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			end_line(lines);
			continue;
		}
		if (lines->len < sizeof(lines->line))
			lines->line[lines->len] = bytes[i];
		lines->len++;
	}
}

/* Find what is in the segment ${fd} from ${offset} on. */
static int
find_in(int fd, off_t offset, const char *token, struct drop_names *found)
{
	struct lines lines = { .token = token, .found = found };
	char *bytes = malloc(CHUNK);
	ssize_t n = -1;

	/* Its end first: the comment of a record that is not whole is none. */
	if (bytes != NULL && cut(fd) != -1) {
		while ((n = pread(fd, bytes, CHUNK, offset)) > 0) {
			feed(&lines, bytes, (size_t)n);
			offset += n;
		}
	}
	free(bytes);
	return n == 0 ? fdatasync(fd) : -1;
}

/* Return whether ${token} is one, and if so what it says of the journal. */
static bool
read_token(const char *token, uintmax_t *ino, uintmax_t *offset)
{
	char *rest;

	*ino = strtoumax(token, &rest, 16);
	if (*rest != '-')
		return false;
	*offset = strtoumax(rest + 1, &rest, 16);
	return *rest == '-' && *offset <= INT64_MAX;
}

/*
 * Open the segments from the newest back to the one with that inode, in that
 * order; numbers only go up meanwhile.  Return how many there are, 0 if it is
 * not there, or -1 with errno.
 */
static int
open_segments(const struct drop_journal *journal, uintmax_t ino, int fds[])
{
	int folder = own_open_folder(journal->spool);
	int n = 0, missing = 0, saved;
	bool is_found = false;

	if (folder == -1)
		return -1;
	for (int i = 0; !is_found && n < SEGMENTS_MAX; i++) {
		char name[SEGMENT_NAME_MAX];
		struct stat st;

		snprintf(name, sizeof(name), i == 0 ? "%s" : "%s.%d",
		    journal->name, i);
		fds[n] = own_open_old(folder, name);
		if (fds[n] == -1) {
			if (errno != ENOENT || ++missing > MISSING_MAX)
				break;
			continue;
		}
		missing = 0;
		is_found = fstat(fds[n++], &st) == 0 && st.st_ino == ino;
	}
	saved = is_found || errno == ENOENT ? 0 : errno;
	close(folder);
	if (!is_found) {
		while (n > 0)
			close(fds[--n]);
	}
	errno = saved;
	return saved == 0 ? n : -1;
}

int
drop_journal_find(
    struct drop_journal *journal, const char *token, struct drop_names *found)
{
	int fds[SEGMENTS_MAX];
	uintmax_t ino, offset;
	int n, rc = 0, saved = 0;

	if (!read_token(token, &ino, &offset))
		return 0;
	if ((n = open_segments(journal, ino, fds)) == -1)
		return -1;
	for (int i = 0; i < n; i++) {
		/* All of those that came after it. */
		off_t from = i == n - 1 ? (off_t)offset : 0;

		if (rc == 0 && (rc = find_in(fds[i], from, token, found)) != 0)
			saved = errno;
		close(fds[i]);
	}
	errno = saved;
	return rc;
}
