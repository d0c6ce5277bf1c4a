#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "spool/own.h"
#include "spool/series.h"
#include "take/pipe_journal.h"

/* Return whether the file, which is not empty, ends within a line. */
static bool
is_torn(int fd, off_t end)
{
	char last;

	return pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Write to the segment before, if that is where the last line began. */
static void
turn_to_older(struct pipe_journal *journal, const char *spool, const char *name)
{
	char older[NAME_MAX + SERIES_ROOM];
	int fd, folder = own_open_folder(spool);
	struct stat st;

	if (folder == -1)
		return;
	fd = own_open_old(folder, series_name(older, sizeof(older), name, 1));
	close(folder);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && is_torn(fd, st.st_size)) {
		journal->fd = fd;
		journal->end = st.st_size;
		journal->is_older = true;
	} else {
		close(fd);
	}
}

int
pipe_journal_open(
    struct pipe_journal *journal, const char *spool, const char *name)
{
	struct stat st;

	/* While we have the lock nobody renames what we open. */
	if ((journal->lock = own_lock_journal(spool, name, false)) == -1)
		return -1;
	if ((journal->newest = own_open(spool, name, OWN_READERS)) == -1 ||
	    fstat(journal->newest, &st) != 0) {
		fd_close(journal->newest);
		fd_close(journal->lock);
		return -1;
	}
	journal->fd = journal->newest;
	journal->end = st.st_size;
	journal->is_older = false;
	if (st.st_size == 0)
		turn_to_older(journal, spool, name);
	return 0;
}

void
pipe_journal_close(struct pipe_journal *journal)
{
	if (journal->is_older)
		fd_close(journal->fd);
	fd_close(journal->newest);
	fd_close(journal->lock);
}
