#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "spool/series.h"

/* A hole that nobody has closed for so many seconds stays. */
#define SETTLED_S 2
/*
 * If files are renamed this often while we look, they are renamed all the time.
 */
#define TRIES 8

bool
series_walk(struct series_walk *walk)
{
	return ++walk->number <= SERIES_LAST &&
	    walk->missing++ <= SERIES_MISSING;
}

const char *
series_name(char *out, size_t size, const char *base, int number)
{
	snprintf(out, size, number == 0 ? "%s" : "%s.%d", base, number);
	return out;
}

const char *
series_path(const struct series *series, int number)
{
	char *end = series->path + series->len;

	*end = '\0';
	if (number > 0)
		snprintf(end, SERIES_ROOM, ".%d", number);
	return series->path;
}

int
series_look(const struct series *series, int number, struct segment_id *out)
{
	return segment_look(
	    AT_FDCWD, series_path(series, number), series->links, out, NULL);
}

struct segment *
series_open(const struct series *series, int number)
{
	struct segment *seg = segment_open(
	    AT_FDCWD, series_path(series, number), series->form, series->links);

	if (seg != NULL)
		seg->number = number;
	return seg;
}

int
series_higher(const struct series *series, int number)
{
	struct series_walk walk = { .number = number };
	struct segment_id id;

	while (series_walk(&walk)) {
		if (series_look(series, walk.number, &id) == 0)
			return walk.number;
		if (errno != ENOENT)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

/* Return the number that ${id} has from ${from} on and below ${end}, or -1. */
static int
find_between(
    const struct series *series, const struct segment_id *id, int from, int end)
{
	struct segment_id found;
	int number = from - 1;

	while ((number = series_higher(series, number)) != -1 && number < end) {
		/* It may have been renamed between two looks. */
		if (series_look(series, number, &found) == 0 &&
		    segment_id_equal(&found, id))
			return number;
	}
	if (number != -1)
		errno = ENOENT;
	return -1;
}

int
series_find(const struct series *series, const struct segment_id *id, int from)
{
	int number = find_between(series, id, from, SERIES_LAST + 1);

	if (number != -1 || errno != ENOENT || from == 0)
		return number;
	/* Somebody may have given it a lower one, by hand. */
	return find_between(series, id, 0, from);
}

bool
series_is_settled(const struct segment *seg)
{
	struct stat st;

	return fstat(seg->fd, &st) == 0 &&
	    llabs(clock_wall_s() - st.st_ctim.tv_sec) > SETTLED_S;
}

static enum series_step
try_before(const struct series *series, const struct segment *newest,
    struct segment **out)
{
	int at = series_find(series, &newest->id, newest->number), number;
	struct segment_id id;

	if (at == -1)
		return errno == ENOENT ? SERIES_NOT_IN : SERIES_ERROR;
	/* If there is a link, the same file may have the next number, too. */
	number = at;
	do {
		number = series_higher(series, number);
		if (number == -1)
			return errno == ENOENT ? SERIES_NONE : SERIES_ERROR;
	} while (number <= at + TRIES &&
	    series_look(series, number, &id) == 0 &&
	    segment_id_equal(&id, &newest->id));
	if ((*out = series_open(series, number)) == NULL)
		return errno == ENOENT ? SERIES_BUSY : SERIES_ERROR;
	/*
	 * Numbers only grow: if newest still has its own, what was opened
	 * meanwhile had the next number while newest stood before it.
	 */
	if (series_look(series, at, &id) != 0 ||
	    !segment_id_equal(&id, &newest->id) ||
	    segment_id_equal(&(*out)->id, &newest->id)) {
		segment_drop(out);
		return SERIES_BUSY;
	}
	/*
	 * A file that was renamed just now has only gone ahead of the others.
	 */
	return number == at + 1 || !series_is_settled(*out) ? SERIES_NEXT :
							      SERIES_HOLE;
}

enum series_step
series_before_newest(const struct series *series, const struct segment *newest,
    struct segment **out)
{
	enum series_step step = SERIES_BUSY;

	*out = NULL;
	for (int i = 0; i < TRIES && step == SERIES_BUSY; i++)
		step = try_before(series, newest, out);
	/* What is renamed all the time has nothing before it that stays. */
	return step == SERIES_BUSY ? SERIES_NONE : step;
}
