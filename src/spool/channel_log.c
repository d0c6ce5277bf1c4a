#include <sys/file.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/channel_log.h"
#include "spool/writers.h"

/* So many numbers in a row may be links to the newest segment. */
#define NUMBERS_MAX 8

struct series
channel_log_series(struct channel *channel)
{
	char *path = folder_log(channel->folder, channel->form, channel->name);

	return (struct series){
		.path = path,
		.len = strlen(path),
		.form = channel->form->record,
		.links = folder_form_links(channel->form, channel->links),
	};
}

const char *
channel_log_path(struct channel *channel, int number)
{
	const struct series series = channel_log_series(channel);

	return series_path(&series, number);
}

/* Log once that a file has two numbers and is read at one of them only. */
static void
tell_same(struct channel *channel)
{
	const int *same = channel->list.same;
	char number[SERIES_ROOM] = "";
	const char *path;

	if (same[1] == 0 || channel->is_same_told) {
		channel->is_same_told = same[1] != 0;
		return;
	}
	channel->is_same_told = true;
	path = channel_log_path(channel, 0) + strlen(channel->folder->path) + 1;
	if (same[0] > 0)
		snprintf(number, sizeof(number), ".%d", same[0]);
	if (log_allow(&channel->folder->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN,
		    "event=same-file channel=%s segments=\"%s%s %s.%d\" "
		    "effect=\"the file is read once, under its lower number\" "
		    "remedy=\"remove the link\"",
		    channel->name, path, number, path, same[1]);
}

/* Make sure that the list of the channel's segments is whole. */
static int
make_list(struct channel *channel, const struct series *series)
{
	if (channel->list.is_whole)
		return 0;
	if (series_list_make(series, &channel->list) != 0)
		return -1;
	tell_same(channel);
	return 0;
}

int
channel_log_make_list(struct channel *channel, const struct series *series)
{
	for (int i = 0; i < 2; i++) {
		if (make_list(channel, series) != 0)
			return -1;
		if (series_list_is_current(series, &channel->list))
			return 0;
		series_list_forget(&channel->list);
	}
	errno = ESTALE;
	return -1;
}

static int
look(struct channel *channel, int number, struct segment_id *out)
{
	const struct series series = channel_log_series(channel);

	return series_look(&series, number, out);
}

/* Return the open segment that is the file ${id}, or NULL. */
static struct segment *
find_open(struct channel *channel, const struct segment_id *id)
{
	LIST_EACH (node, &channel->segments) {
		struct segment *seg = LIST_OF(node, struct segment, node);

		if (segment_id_equal(&seg->id, id) &&
		    seg->form == channel->form->record)
			return seg;
	}
	return NULL;
}

struct segment *
channel_log_share(struct channel *channel, struct segment *seg)
{
	struct segment *open = find_open(channel, &seg->id);

	if (open != NULL) {
		segment_ref(open);
		segment_drop(&seg);
		return open;
	}
	list_push(&channel->segments, &seg->node);
	return seg;
}

struct segment *
channel_log_open(struct channel *channel, int number)
{
	const struct series series = channel_log_series(channel);
	struct segment *seg = series_open(&series, number);

	return seg == NULL ? NULL : channel_log_share(channel, seg);
}

bool
channel_log_find_older(struct channel *channel)
{
	const struct form *had = channel->form;
	struct segment_id id;

	for (size_t i = 0; i < FORMS; i++) {
		channel->form = &forms[i];
		if ((had == NULL || had == channel->form) &&
		    look(channel, 1, &id) == 0)
			return true;
	}
	channel->form = had;
	return false;
}

bool
channel_log_has_older(struct channel *channel)
{
	struct series series;

	if (channel->form == NULL)
		return false;
	series = channel_log_series(channel);
	/* During a rotation number 1 may be missing: look for any number. */
	return series_higher(&series, 0) != -1;
}

/*
 * Open the segment before the newest.  Return NULL if there is none, or it
 * cannot be opened.
 */
static struct segment *
open_before(struct channel *channel)
{
	const struct series series = channel_log_series(channel);
	struct segment *seg = NULL;

	/* A segment beyond a hole is from another time. */
	if (series_before_newest(&series, channel->segment, &seg) !=
	    SERIES_NEXT) {
		segment_drop(&seg);
		return NULL;
	}
	return channel_log_share(channel, seg);
}

/*
 * Return whether a writer has ${seg} locked: it will see for itself that the
 * file has no name any more, see spoolcast.spool(5).
 */
static bool
is_locked(const struct segment *seg)
{
	if (flock(seg->fd, LOCK_SH | LOCK_NB) != 0)
		return true;
	(void)flock(seg->fd, LOCK_UN);
	return false;
}

/*
 * Log that somebody still writes to ${seg}, which nobody reads any more, if
 * that is so.
 */
static void
leave(struct channel *channel, const struct segment *seg)
{
	if (!is_locked(seg) && writers_find(seg->fd) == WRITERS_SOME &&
	    log_allow(&channel->folder->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN,
		    "event=unheard-writer channel=%s inode=%ju "
		    "effect=\"what a program still writes to that file is not "
		    "read any more\" remedy=\"let the program open the "
		    "channel's file anew after a rotation\"",
		    channel->name, (uintmax_t)seg->id.ino);
}

/*
 * Find which file comes right before the newest: the next one by its number; or
 * else the one that came there until now, which may be one step of a rotation
 * ahead.  If there is none, ${out} is unchanged.
 */
static void
look_before(struct channel *channel, bool is_first, struct segment_id *out)
{
	const struct series series = channel_log_series(channel);
	const struct segment *newest = channel->segment;
	struct segment_id id;
	int rc, number = 0;

	/*
	 * Between two steps of a rotation number 1 is the newest itself; by
	 * links the newest may have more numbers, and never comes before
	 * itself.
	 */
	do
		rc = series_look(&series, ++number, &id);
	while (rc == 0 && number < NUMBERS_MAX &&
	    segment_id_equal(&id, &newest->id));
	if (rc == 0 && !segment_id_equal(&id, &newest->id))
		*out = id;
	else if (!is_first && channel->before != NULL &&
	    channel->before != newest &&
	    series_find(
		&series, &channel->before->id, channel->before->number) != -1)
		*out = channel->before->id;
}

bool
channel_log_look_before(struct channel *channel, bool is_first)
{
	struct segment *old = channel->before;
	struct segment_id id = { .ino = 0 };

	/* To look at a file is cheaper than to open it. */
	look_before(channel, is_first, &id);
	if (old == NULL ? id.ino == 0 && !is_first :
			  segment_id_equal(&old->id, &id))
		return false;
	channel->before = open_before(channel);
	if (old != NULL && channel->before != old)
		leave(channel, old);
	segment_drop(&old);
	return channel->before != old;
}

void
channel_log_link(struct channel *channel, struct segment *old)
{
	const struct series series = channel_log_series(channel);
	const struct segment *before = channel->before;
	int number = series_find(&series, &old->id, old->number);

	/* It may have been the newest before, and had its name taken then. */
	old->newer.ino = 0;
	old->is_removed = false;
	if (number > 0) {
		/* Should ${old} be renamed again, we look anew later. */
		if (series_look(&series, number - 1, &old->newer) != 0)
			old->newer.ino = 0;
	} else if (number == -1 && errno == ENOENT &&
	    channel->arrivals < ARRIVALS_MANY &&
	    (before == NULL || segment_id_equal(&before->id, &old->older))) {
		/*
		 * ${old} has no name any more.  The segment before it is also
		 * the one before the new newest, unless that is gone, too, and
		 * no other file took the name: so nothing came between the two.
		 */
		old->newer = channel->segment->id;
		old->is_removed = true;
		leave(channel, old);
	}
}

void
channel_log_unlink(struct segment *old)
{
	if (!old->is_removed)
		return;
	old->newer.ino = 0;
	old->is_removed = false;
}

/* Open the segment that took the name of ${seg}, which has none any more. */
static enum series_step
after_removed(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_log_series(channel);
	struct segment *next;
	int index;

	if (seg->newer.ino == 0)
		return SERIES_NOT_IN;
	/*
	 * The one that took it may have no name any more, either.  If that was
	 * the newest before ${seg} was, files were moved about, and to follow
	 * them could lead round in a circle.
	 */
	if ((next = find_open(channel, &seg->newer)) != NULL) {
		if (next->turn != 0 && next->turn <= seg->turn)
			return SERIES_NOT_IN;
		*out = segment_ref(next);
		return SERIES_NEXT;
	}
	index = series_list_find(&channel->list, &seg->newer);
	if (index == -1)
		return SERIES_NOT_IN;
	if (series_list_open(&series, &channel->list, (size_t)index, out) == 0)
		return SERIES_NEXT;
	if (errno == EAGAIN)
		return SERIES_MORE;
	return errno == ESTALE ? SERIES_BUSY : SERIES_ERROR;
}

static bool
is_found(enum series_step step)
{
	return step == SERIES_NEXT || step == SERIES_HOLE;
}

enum series_step
channel_log_after(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_log_series(channel);
	enum series_step step =
	    series_list_after(&series, &channel->list, seg, out);

	if (step == SERIES_NOT_IN)
		step = after_removed(channel, seg, out);
	if (is_found(step))
		*out = channel_log_share(channel, *out);
	if (channel->list.is_whole)
		tell_same(channel);
	return step;
}

enum series_step
channel_log_before(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_log_series(channel);
	enum series_step step =
	    series_list_before(&series, &channel->list, seg, out);

	if (is_found(step))
		*out = channel_log_share(channel, *out);
	if (channel->list.is_whole)
		tell_same(channel);
	return step;
}
