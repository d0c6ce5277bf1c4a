#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "spool/series.h"

/* A hole that nobody has closed for so many seconds stays. */
#define SETTLED_S 2
/* Renamed this often while we look, the series is being renamed all the time.
 */
#define TRIES 8

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
	return segment_look(AT_FDCWD, series_path(series, number), out, NULL);
}

struct segment *
series_open(const struct series *series, int number)
{
	return segment_open(
	    AT_FDCWD, series_path(series, number), series->form);
}

/* The first number from ${number} on, by ${step}, that there is, or -1. */
static int
next_number(const struct series *series, int number, int step)
{
	struct segment_id id;

	for (int missing = 0; number >= 0 && number <= SERIES_LAST;
	     number += step) {
		if (series_look(series, number, &id) == 0)
			return number;
		if (errno != ENOENT)
			return -1;
		/* Downwards there is an end anyway. */
		if (step > 0 && ++missing > SERIES_MISSING)
			break;
	}
	errno = ENOENT;
	return -1;
}

int
series_higher(const struct series *series, int number)
{
	return next_number(series, number + 1, 1);
}

int
series_find(const struct series *series, const struct segment_id *id)
{
	struct segment_id found;
	int number = -1;

	while ((number = series_higher(series, number)) != -1) {
		/* It may have been renamed between two looks. */
		if (series_look(series, number, &found) == 0 &&
		    segment_id_equal(&found, id))
			return number;
	}
	return -1;
}

int
series_oldest(const struct series *series)
{
	int oldest = -1, number = -1;

	while ((number = series_higher(series, number)) != -1)
		oldest = number;
	if (oldest == -1)
		return -1;
	return errno == ENOENT ? oldest : -1;
}

/* Whether ${seg} was given its number long ago: renaming sets the ctime. */
static bool
is_settled(const struct segment *seg)
{
	struct stat st;

	return fstat(seg->fd, &st) == 0 &&
	    llabs(clock_wall_s() - st.st_ctim.tv_sec) > SETTLED_S;
}

/* Open ${number}, ${step} away from or beyond ${seg} at ${at}. */
static enum series_step
open_at(const struct series *series, const struct segment *seg, int at,
    int number, struct segment **out)
{
	struct segment_id id;
	struct segment *found = series_open(series, number);

	if (found == NULL)
		return errno == ENOENT ? SERIES_BUSY : SERIES_ERROR;
	/*
	 * Numbers only grow: if seg still has its own, what was opened
	 * meanwhile had this one while it stood beside it.
	 */
	if (series_look(series, at, &id) != 0 ||
	    !segment_id_equal(&id, &seg->id)) {
		segment_unref(found);
		return SERIES_BUSY;
	}
	*out = found;
	return abs(number - at) == 1 ? SERIES_NEXT : SERIES_HOLE;
}

/*
 * One walk upwards cannot miss a file: it begins at a number that is not higher
 * than the file's, and that only grows.
 */
static enum series_step
find_number(const struct series *series, const struct segment *seg, int *out)
{
	*out = series_find(series, &seg->id);
	if (*out != -1)
		return SERIES_NEXT;
	return errno == ENOENT ? SERIES_NOT_IN : SERIES_ERROR;
}

static enum series_step
try_after(const struct series *series, const struct segment *seg,
    struct segment **out)
{
	int at, number;
	enum series_step step = find_number(series, seg, &at);

	if (step != SERIES_NEXT)
		return step;
	if (at == 0)
		return SERIES_NONE;
	number = next_number(series, at - 1, -1);
	if (number == -1)
		return errno == ENOENT ? SERIES_NONE : SERIES_ERROR;
	if (number != at - 1 && !is_settled(seg))
		return SERIES_BUSY;
	return open_at(series, seg, at, number, out);
}

static enum series_step
try_before(const struct series *series, const struct segment *seg,
    struct segment **out)
{
	int at, number;
	enum series_step step = find_number(series, seg, &at);

	if (step != SERIES_NEXT)
		return step;
	number = next_number(series, at + 1, 1);
	if (number == -1)
		return errno == ENOENT ? SERIES_NONE : SERIES_ERROR;
	step = open_at(series, seg, at, number, out);
	/* Renamed first, it has just gone ahead. */
	if (step == SERIES_HOLE && !is_settled(*out))
		step = SERIES_NEXT;
	return step;
}

enum series_step
series_after(const struct series *series, const struct segment *seg,
    struct segment **out)
{
	enum series_step step = SERIES_BUSY;

	for (int i = 0; i < TRIES && step == SERIES_BUSY; i++)
		step = try_after(series, seg, out);
	return step;
}

enum series_step
series_before(const struct series *series, const struct segment *seg,
    struct segment **out)
{
	enum series_step step = SERIES_BUSY;

	for (int i = 0; i < TRIES && step == SERIES_BUSY; i++)
		step = try_before(series, seg, out);
	/* What is renamed all the time has nothing before it that stays. */
	return step == SERIES_BUSY ? SERIES_NONE : step;
}
