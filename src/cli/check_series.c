#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_series.h"
#include "spool/lock.h"
#include "spool/series_list.h"
#include "spool/writers.h"

/*
 * How many bytes of the end of one log are searched, and how many of all logs.
 */
#define LINES_TAIL 65536
#define LINES_ALL ((size_t)16 << 20)

/* Room for the name of a segment. */
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
 * Read the end of ${file}, LINES_TAIL bytes at most, unless LINES_ALL bytes
 * were read of all files or ${file} cannot have what is looked for.  Return the
 * end, for the caller to free, with its length in ${len}, and with whether it
 * is the whole file in ${is_whole}; or NULL.
 */
static char *
read_tail(struct check_spool *check, const struct check_file *file, size_t *len,
    bool *is_whole)
{
	/* Only a long file can have a long line. */
	off_t least = file->form->record == RECORD_LINE ? RECORD_LONG_LINE : 0;
	char *tail = NULL;
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (check->lines_read >= LINES_ALL ||
	    (fd = trust_open(file->dir_fd, file->file,
		 O_RDONLY | O_NOCTTY | O_NONBLOCK,
		 check_spool_links(check, file))) == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size > least &&
	    (tail = malloc(LINES_TAIL)) != NULL) {
		*is_whole = st.st_size <= LINES_TAIL;
		n = pread(fd, tail, LINES_TAIL,
		    *is_whole ? 0 : st.st_size - LINES_TAIL);
	}
	close(fd);
	if (n <= 0) {
		free(tail);
		return NULL;
	}
	*len = (size_t)n;
	check->lines_read += LINES_TAIL;
	return tail;
}

/*
 * Say so if lines of ${file} may have been mixed: a shell writes long ones in
 * pieces.
 */
static void
check_lines(
    struct check_spool *check, const struct check_file *file, size_t longest)
{
	if (longest >= RECORD_LONG_LINE)
		check_spool_say(check, CHECK_LONG,
		    "%s%s: has a line of %zu bytes; where several programs "
		    "write lines of %d bytes and more without a lock, these "
		    "can get mixed, so let the programs use spoolcast publish "
		    "or flock(1)",
		    file->dir, file->file, longest, RECORD_LONG_LINE);
}

/* Return whether a record that is whole in ${text} has a reserved type. */
static bool
has_reserved_type(
    enum record_form form, const char *text, size_t len, bool is_whole)
{
	const uint8_t *bytes = (const uint8_t *)text;
	bool is_first = is_whole;
	struct record rec;
	size_t n;

	/*
	 * If the text is a part of the file, it may begin with a part of a
	 * record.
	 */
	n = is_whole ? 0 : record_find_end(form, bytes, len, 'x', 0);
	while (n > 0 || is_first) {
		bytes += n;
		len -= n;
		n = record_find_end(form, bytes, len, is_first ? -1 : '\n', 0);
		if (n > 0 && record_parse(form, bytes, n, is_first, &rec) &&
		    rec.has_reserved_type)
			return true;
		is_first = false;
	}
	return false;
}

/* Look at what is written at the end of ${file}. */
static void
check_records(struct check_spool *check, const struct check_file *file)
{
	enum record_form form = file->form->record;
	bool is_whole;
	size_t len;
	char *tail = read_tail(check, file, &len, &is_whole);

	if (tail == NULL)
		return;
	if (form == RECORD_LINE)
		check_lines(check, file, longest_line(tail, len));
	else if (has_reserved_type(form, tail, len, is_whole))
		check_spool_say(check, CHECK_RESERVED,
		    "%s%s: has an event of a type that begins "
		    "with " RECORD_RESERVED
		    ", which is delivered as a message; use other types",
		    file->dir, file->file);
	free(tail);
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
		    "%s: is a channel of its own, and not an older segment of "
		    "%s; if logrotate made it, set nodateext there",
		    file->file, base);
}

/* Say so if ${file} is to be rotated and never can be (spool/rotation.h). */
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
		    "%s%s: is never rotated, because it also has another name "
		    "(a hard link); remove one of the two",
		    file->dir, file->file);
	else if (faccessat(file->dir_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		check_spool_say(check, CHECK_ROTATION,
		    "%s%s: is never rotated, because user %ld cannot write to "
		    "the folder: %s; chmod a+w the folder, or let cron run "
		    "spoolcast rotate as a user who can",
		    file->dir, file->file, (long)geteuid(), strerror(errno));
}

/* Say so if one file has two numbers of the series of ${file}. */
static void
check_same(struct check_spool *check, const struct check_file *file)
{
	char path[PATH_MAX + SERIES_ROOM], first[SERIES_ROOM] = "";
	struct series_list list = { 0 };
	struct series series = { .path = path,
		.form = file->form->record,
		.links = check_spool_links(check, file) };
	int len = snprintf(path, PATH_MAX, "%s/%s%s%s", check->path, file->dir,
	    file->channel, file->suffix);

	if (len < 0 || len >= PATH_MAX)
		return;
	series.len = (size_t)len;
	if (series_list_make(&series, &list) == 0 && list.same[1] > 0) {
		if (list.same[0] > 0)
			snprintf(first, sizeof(first), ".%d", list.same[0]);
		check_spool_say(check, CHECK_SAME,
		    "%s%s%s%s and %s%s.%d are one file, which is read once; "
		    "remove the link",
		    file->dir, file->channel, file->suffix, first,
		    file->channel, file->suffix, list.same[1]);
	}
	series_list_free(&list);
}

/*
 * Say so if a process keeps others from appending to ${file} and rotating it.
 */
static void
check_lock(struct check_spool *check, const struct check_file *file)
{
	struct lock_holder holder;
	int fd;

	/* A lock of a journal's file means nothing (see spool/own.h). */
	if (file->form->type != S_IFREG ||
	    (fd = trust_open(file->dir_fd, file->file,
		 O_RDONLY | O_NOCTTY | O_NONBLOCK,
		 check_spool_links(check, file))) == -1)
		return;
	if (lock_find_holder(fd, &holder))
		check_spool_say(check, CHECK_LOCK,
		    "%s%s: is locked now by process %ld (%s); if that lasts, "
		    "nothing is published there, and it is not rotated",
		    file->dir, file->file, (long)holder.pid, holder.command);
	close(fd);
}

bool
check_series_newest(struct check_spool *check, const struct check_file *file)
{
	if (!check_spool_may(check, file, R_OK, "read"))
		return false;
	check_records(check, file);
	if (file->suffix[0] == '\0')
		check_dated(check, file);
	check_same(check, file);
	check_limits(check, file);
	check_lock(check, file);
	return true;
}

/*
 * Return whether the segment ${number} of the series of ${file} is there; put
 * its name into ${name}.
 */
static bool
is_there(
    const struct check_file *file, unsigned long number, char name[NAME_ROOM])
{
	char newest[NAME_ROOM];
	struct stat st;

	snprintf(newest, sizeof(newest), "%s%s", file->channel, file->suffix);
	series_name(name, NAME_ROOM, newest, (int)number);
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
	    missing > SERIES_MISSING ? "so many numbers are missing that this "
				       "segment is not read" :
				       "a viewer that has read no further than "
				       "here is told of a gap");
}

/* Say so if a program writes to a segment that nobody reads any more. */
static void
check_unheard(struct check_spool *check, const struct check_file *file)
{
	int fd;

	/* The segment right before the newest is still read. */
	if (file->number < 2)
		return;
	fd = openat(file->dir_fd, file->file,
	    O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	if (writers_find(fd) == WRITERS_SOME)
		check_spool_say(check, CHECK_UNHEARD,
		    "%s%s: a program has it open for writing, and what the "
		    "program writes there reaches nobody; let the program open "
		    "%s%s anew after a rotation",
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
	if (S_ISLNK(st.st_mode) && check_spool_refuses(check, file))
		return;
	if (!S_ISREG(st.st_mode)) {
		check_spool_say(check, CHECK_SEGMENT,
		    "%s%s: is a %s and not an older segment, and rotation "
		    "cannot get past it; rename or remove it",
		    file->dir, file->file, check_spool_type(st.st_mode));
		return;
	}
	/* From here on it is a file that can be a segment. */
	(void)check_spool_may(check, file, R_OK, "read");
	if (file->number > SERIES_LAST) {
		check_spool_say(check, CHECK_HOLE,
		    "%s%s: is not read, because its number is over %d",
		    file->dir, file->file, SERIES_LAST);
		return;
	}
	/* Readers may come here, so it matters what they miss. */
	check_before(check, file);
	check_unheard(check, file);
	if (settings_rotate(settings) && file->number > settings->keep)
		check_spool_say(check, CHECK_BEYOND,
		    "%s%s: is beyond keep = %" PRIu64
		    ", and the next rotation removes it",
		    file->dir, file->file, settings->keep);
}
