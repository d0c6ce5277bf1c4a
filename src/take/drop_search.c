#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/own.h"
#include "spool/series.h"
#include "take/drop_search.h"

#define CHUNK 65536
#define SEGMENT_NAME_MAX (NAME_MAX + SERIES_ROOM)

void
drop_search_end(struct drop_search *search)
{
	int saved = errno;

	for (int i = 0; search->is_open && i < search->n; i++) {
		if (search->fds[i] != -1)
			close(search->fds[i]);
	}
	search->is_open = false;
	errno = saved;
}

static void
end_line(struct drop_search *search, const struct drop_wanted *wanted,
    struct drop_names *found)
{
	char file[NAME_MAX + 1];

	/* Add wanted names only: of others there may be any number. */
	if (search->line_len <= sizeof(search->line) &&
	    drop_record_file(
		search->line, search->line_len, wanted->token, file) &&
	    drop_names_have(wanted->names, file))
		drop_names_add(found, file, true);
	search->line_len = 0;
}

static void
feed(struct drop_search *search, const char *bytes, size_t len,
    const struct drop_wanted *wanted, struct drop_names *found)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			end_line(search, wanted, found);
			continue;
		}
		if (search->line_len < sizeof(search->line))
			search->line[search->line_len] = bytes[i];
		search->line_len++;
	}
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
 * Open the segments from the newest back to the one with the inode ${ino}, in
 * that order; as numbers only go up meanwhile, none is missed.  Return how many
 * there are, 0 if that one is not there, or -1 with errno.
 */
static int
open_segments(const struct drop_journal *journal, uintmax_t ino, int fds[])
{
	struct series_walk walk = { .number = -1 };
	int folder = own_open_folder(journal->spool);
	int n = 0, saved;
	bool is_found = false;

	if (folder == -1)
		return -1;
	while (!is_found && n < DROP_SEGMENTS_MAX && series_walk(&walk)) {
		char name[SEGMENT_NAME_MAX];
		struct stat st;

		series_name(name, sizeof(name), journal->name, walk.number);
		fds[n] = own_open_old(folder, name);
		/* Numbers may be missing, for a while or for good. */
		if (fds[n] == -1 && errno == ENOENT)
			continue;
		if (fds[n] == -1)
			break;
		walk.missing = 0;
		is_found = fstat(fds[n++], &st) == 0 && st.st_ino == ino;
	}
	saved = is_found || errno == ENOENT ? 0 : errno;
	close(folder);
	/* Without the segment in which the batch began, search none. */
	if (!is_found) {
		while (n > 0)
			close(fds[--n]);
	}
	errno = saved;
	return saved == 0 ? n : -1;
}

/*
 * Turn to the segment ${i}.  The oldest is searched from ${offset} on, and all
 * newer ones from their start.
 */
static void
turn_to(struct drop_search *search, int i, off_t offset)
{
	search->i = i;
	search->is_cut = false;
	search->cut.is_begun = false;
	search->at = i == search->n - 1 ? offset : 0;
	search->line_len = 0;
}

static int
begin(struct drop_search *search, const struct drop_journal *journal,
    const char *token)
{
	uintmax_t ino = 0, offset = 0;

	search->n = 0;
	if (read_token(token, &ino, &offset) &&
	    (search->n = open_segments(journal, ino, search->fds)) == -1)
		return -1;
	search->is_open = true;
	if (search->n > 0)
		turn_to(search, search->n - 1, (off_t)offset);
	else
		search->i = -1;
	return 0;
}

/*
 * Search the segment whose turn it is.  Return 0 if that is done, 1 if the time
 * is up, or -1.
 */
static int
search_segment(struct drop_search *search, const struct drop_wanted *wanted,
    struct drop_names *found, int64_t until_ms)
{
	int fd = search->fds[search->i], rc;
	char *bytes;
	ssize_t n;

	/*
	 * Cut off its end first: the comment of a record that is not whole does
	 * not count.
	 */
	if (!search->is_cut &&
	    (rc = drop_journal_cut(fd, &search->cut, until_ms)) != 0)
		return rc;
	search->is_cut = true;
	if ((bytes = malloc(CHUNK)) == NULL)
		return -1;
	do {
		n = pread(fd, bytes, CHUNK, search->at);
		if (n > 0) {
			feed(search, bytes, (size_t)n, wanted, found);
			search->at += n;
		}
	} while (n > 0 && clock_mono_ms() < until_ms);
	free(bytes);
	if (n != 0)
		return n > 0 ? 1 : -1;
	/* Files whose records are found are removed: make those safe. */
	return fdatasync(fd);
}

int
drop_search(struct drop_search *search, const struct drop_journal *journal,
    const struct drop_wanted *wanted, struct drop_names *found,
    int64_t until_ms)
{
	int rc = 0;

	if (!search->is_open && begin(search, journal, wanted->token) != 0)
		return -1;
	while (search->i >= 0) {
		rc = search_segment(search, wanted, found, until_ms);
		if (rc != 0)
			break;
		close(search->fds[search->i]);
		search->fds[search->i] = -1;
		turn_to(search, search->i - 1, 0);
		if (search->i >= 0 && clock_mono_ms() >= until_ms)
			return 1;
	}
	if (rc != 1)
		drop_search_end(search);
	return rc;
}
