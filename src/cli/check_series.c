#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_series.h"
#include "spool/series.h"
#include "spool/writers.h"

/* How much of the end of a log is searched for long lines, and of all. */
#define LINES_TAIL 65536
#define LINES_ALL ((size_t)16 << 20)

/* For the name of a segment. */
#define NAME_ROOM (NAME_MAX_LEN + 32)

/* Return the length of the longest line that ends in ${text}. */
static size_t
longest_line(const char *text, size_t len)
{
	const char *end;
	size_t longest = 0;

	while ((end = memchr(text, '\n', len)) != NULL) {
		size_t line = (size_t)(end - text);

		if (line > longest)
			longest = line;
		len -= line + 1;
		text = end + 1;
	}
	return longest;
}

/*
 * Look for lines that may have been mixed: a shell writes what is longer in
 * pieces.
 */
static void
check_lines(struct check_spool *check, const struct check_file *file)
{
	char *tail;
	size_t longest;
	struct stat st;
	ssize_t n;
	int fd;

	if (check->lines_read >= LINES_ALL ||
	    (fd = openat(file->dir_fd, file->file,
		 O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return;
	tail = malloc(LINES_TAIL);
	if (tail != NULL && fstat(fd, &st) == 0 &&
	    st.st_size > RECORD_LONG_LINE) {
		n = pread(fd, tail, LINES_TAIL,
		    st.st_size > LINES_TAIL ? st.st_size - LINES_TAIL : 0);
		check->lines_read += LINES_TAIL;
		longest = n > 0 ? longest_line(tail, (size_t)n) : 0;
		if (longest >= RECORD_LONG_LINE)
			check_spool_say(check, CHECK_LONG,
			    "%s%s: has a line of %zu bytes; where several "
			    "write lines of %d and more without a lock they "
			    "can get mixed, so let them use spoolcast publish "
			    "or flock(1)",
			    file->dir, file->file, longest, RECORD_LONG_LINE);
	}
	free(tail);
	close(fd);
}

/* Say so if ${file} is what logrotate's dateext makes of another channel. */
static void
check_dated(struct check_spool *check, const struct check_file *file)
{
	char base[NAME_MAX_LEN + 1];
	size_t len = strlen(file->channel);
	struct stat st;

	/* NAME-YYYYMMDD */
	if (len < 10 || file->channel[len - 9] != '-')
		return;
	for (size_t i = len - 8; i < len; i++) {
		if (!isdigit((unsigned char)file->channel[i]))
			return;
	}
	snprintf(base, sizeof(base), "%.*s", (int)(len - 9), file->channel);
	if (fstatat(file->dir_fd, base, &st, 0) == 0 && S_ISREG(st.st_mode))
		check_spool_say(check, CHECK_DATED,
		    "%s: is a channel of its own, no older segment of %s; if "
		    "logrotate made it, set nodateext there",
		    file->file, base);
}

/* Say so if it is to be rotated and never can be (see spool/rotation.h). */
static void
check_limits(struct check_spool *check, const struct check_file *file)
{
	struct stat st;

	if (!settings_rotate(conf_for(check->conf, file->channel)) ||
	    fstatat(file->dir_fd, file->file, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISLNK(st.st_mode))
		check_spool_say(check, CHECK_ROTATION,
		    "%s%s: is never rotated, because it is a link; rotate what "
		    "it leads to, or set no max_size and max_age for it",
		    file->dir, file->file);
	else if (st.st_nlink > 1)
		check_spool_say(check, CHECK_ROTATION,
		    "%s%s: is never rotated, because it has another name, too "
		    "(a hard link); remove one of them",
		    file->dir, file->file);
	else if (faccessat(file->dir_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		check_spool_say(check, CHECK_ROTATION,
		    "%s%s: is never rotated, because user %ld cannot write to "
		    "the folder: %s; chmod a+w that, or let cron run spoolcast "
		    "rotate as a user who can",
		    file->dir, file->file, (long)geteuid(), strerror(errno));
}

bool
check_series_newest(struct check_spool *check, const struct check_file *file)
{
	if (!check_spool_may(check, file, R_OK, "read"))
		return false;
	if (file->form->record == RECORD_LINE)
		check_lines(check, file);
	if (file->suffix[0] == '\0')
		check_dated(check, file);
	check_limits(check, file);
	return true;
}

/* Whether the segment ${number} of the series of ${file} is there. */
static bool
is_there(
    const struct check_file *file, unsigned long number, char name[NAME_ROOM])
{
	struct stat st;
	int len =
	    snprintf(name, NAME_ROOM, "%s%s", file->channel, file->suffix);

	if (number > 0)
		snprintf(name + len, NAME_ROOM - (size_t)len, ".%lu", number);
	return fstatat(file->dir_fd, name, &st, 0) == 0 || errno != ENOENT;
}

/* Say so if newer segments are missing. */
static void
check_before(struct check_spool *check, const struct check_file *file)
{
	char before[NAME_ROOM], other[NAME_ROOM];
	unsigned long missing = 1;

	if (is_there(file, file->number - 1, before))
		return;
	if (file->number == 1) {
		check_spool_say(check, CHECK_ALONE,
		    "%s%s: there is no %s; touch it if the channel is to go "
		    "on, else remove the older segments, too",
		    file->dir, file->file, before);
		return;
	}
	while (missing <= SERIES_MISSING && missing < file->number &&
	    !is_there(file, file->number - 1 - missing, other))
		missing++;
	check_spool_say(check, CHECK_HOLE, "%s%s: there is no %s; %s",
	    file->dir, file->file, before,
	    missing > SERIES_MISSING ? "so many numbers are missing that it is "
				       "not read" :
				       "who has read no further than here is "
				       "told of a gap");
}

/* Say so if somebody writes to a segment that nobody reads any more. */
static void
check_unheard(struct check_spool *check, const struct check_file *file)
{
	int fd;

	/* The one right before the newest is still listened to. */
	if (file->number < 2)
		return;
	fd = openat(file->dir_fd, file->file,
	    O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	if (writers_find(fd) == WRITERS_SOME)
		check_spool_say(check, CHECK_UNHEARD,
		    "%s%s: a program has it open for writing, and what it "
		    "writes there reaches nobody; let it open %s%s anew after "
		    "a rotation",
		    file->dir, file->file, file->channel, file->suffix);
	close(fd);
}

void
check_series_older(struct check_spool *check, const struct check_file *file)
{
	const struct settings *settings = conf_for(check->conf, file->channel);
	struct stat st;

	if (fstatat(file->dir_fd, file->file, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (!S_ISREG(st.st_mode)) {
		check_spool_say(check, CHECK_SEGMENT,
		    "%s%s: is a %s and no older segment, and rotation cannot "
		    "get past it; rename or remove it",
		    file->dir, file->file, check_spool_type(st.st_mode));
		return;
	}
	(void)check_spool_may(check, file, R_OK, "read");
	if (file->number > SERIES_LAST) {
		check_spool_say(check, CHECK_HOLE,
		    "%s%s: is not read, because its number is over %d",
		    file->dir, file->file, SERIES_LAST);
		return;
	}
	check_before(check, file);
	check_unheard(check, file);
	if (settings_rotate(settings) && file->number > settings->keep)
		check_spool_say(check, CHECK_BEYOND,
		    "%s%s: is beyond keep = %" PRIu64
		    ", and removed by the next rotation",
		    file->dir, file->file, settings->keep);
}
