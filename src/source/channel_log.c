#include <sys/file.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/channel_log.h"
#include "spool/writers.h"

struct series
channel_series(struct channel *channel)
{
	char *path = folder_log(channel->folder, channel->form, channel->name);

	return (struct series){
		.path = path,
		.len = strlen(path),
		.form = channel->form->record,
	};
}

const char *
channel_path(struct channel *channel, int number)
{
	const struct series series = channel_series(channel);

	return series_path(&series, number);
}

static int
look(struct channel *channel, int number, struct segment_id *out)
{
	const struct series series = channel_series(channel);

	return series_look(&series, number, out);
}

/* The open segment that is the file ${id}, or NULL. */
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

/* Return the one that stands for the same file as ${seg}, which is taken. */
static struct segment *
share(struct channel *channel, struct segment *seg)
{
	struct segment *open = find_open(channel, &seg->id);

	if (open != NULL) {
		segment_ref(open);
		segment_unref(seg);
		return open;
	}
	list_push(&channel->segments, &seg->node);
	return seg;
}

struct segment *
channel_open(struct channel *channel, int number)
{
	const struct series series = channel_series(channel);
	struct segment *seg = series_open(&series, number);

	return seg == NULL ? NULL : share(channel, seg);
}

bool
channel_find_older(struct channel *channel)
{
	const struct form *had = channel->form;
	struct segment_id id;

	for (size_t i = 0; i < folder_n_forms; i++) {
		channel->form = &folder_forms[i];
		if ((had == NULL || had == channel->form) &&
		    look(channel, 1, &id) == 0)
			return true;
	}
	channel->form = had;
	return false;
}

bool
channel_has_older(struct channel *channel)
{
	struct series series;

	if (channel->form == NULL)
		return false;
	series = channel_series(channel);
	/* Number 1 alone may be missing, for a step of a rotation. */
	return series_oldest(&series) > 0;
}

/* Open the segment before the newest; NULL: none that could be opened. */
static struct segment *
open_before(struct channel *channel)
{
	struct segment *seg = NULL;

	/* Beyond a hole is another time. */
	if (channel_before(channel, channel->segment, &seg) != SERIES_NEXT) {
		segment_unref(seg);
		return NULL;
	}
	return seg;
}

/* Whether somebody has ${seg} locked, who will see that it has no name. */
static bool
is_locked(const struct segment *seg)
{
	if (flock(seg->fd, LOCK_SH | LOCK_NB) != 0)
		return true;
	(void)flock(seg->fd, LOCK_UN);
	return false;
}

/* Nobody looks at ${seg} any more: say so if somebody still writes to it. */
static void
leave(struct channel *channel, const struct segment *seg)
{
	if (!is_locked(seg) && writers_find(seg->fd) == WRITERS_SOME &&
	    log_allow(&channel->folder->quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN,
		    "event=unheard-writer channel=%s inode=%ju "
		    "effect=\"what it writes to that file is not read any "
		    "more\" remedy=\"let the program open the channel's file "
		    "anew after a rotation\"",
		    channel->name, (uintmax_t)seg->id.ino);
}

/*
 * Find which file comes right before the newest, as numbers are, or came there
 * until now and is one step of a rotation ahead.  Without one ${out} stays.
 */
static void
look_before(struct channel *channel, bool is_first, struct segment_id *out)
{
	const struct series series = channel_series(channel);
	struct segment_id id;
	int rc = series_look(&series, 1, &id);

	/* Between two steps of a rotation that is the newest itself. */
	if (rc == 0 && segment_id_equal(&id, &channel->segment->id))
		rc = series_look(&series, 2, &id);
	if (rc == 0)
		*out = id;
	else if (!is_first && channel->before != NULL &&
	    series_find(&series, &channel->before->id) != -1)
		*out = channel->before->id;
}

bool
channel_look_before(struct channel *channel, bool is_first)
{
	struct segment *old = channel->before;
	struct segment_id id = { .ino = 0 };

	/* A look is cheaper than to open it. */
	look_before(channel, is_first, &id);
	if (old == NULL ? id.ino == 0 && !is_first :
			  segment_id_equal(&old->id, &id))
		return false;
	channel->before = open_before(channel);
	if (old != NULL && channel->before != old)
		leave(channel, old);
	segment_unref(old);
	return channel->before != old;
}

void
channel_link(struct channel *channel, struct segment *old)
{
	const struct series series = channel_series(channel);
	const struct segment *before = channel->before;
	int number = series_find(&series, &old->id);

	if (number > 0) {
		/* Should it be renamed once more, it is found again later. */
		if (series_look(&series, number - 1, &old->newer) != 0)
			old->newer.ino = 0;
	} else if (number == -1 && errno == ENOENT &&
	    channel->arrivals < ARRIVALS_MANY &&
	    (before == NULL || segment_id_equal(&before->id, &old->older))) {
		/*
		 * What came before both is the same, unless it is gone, too,
		 * and no other took the name: nothing came between.
		 */
		old->newer = channel->segment->id;
		old->is_removed = true;
		leave(channel, old);
	}
}

/* Open the segment that took the name of ${seg}, which has none any more. */
static enum series_step
after_removed(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_series(channel);
	int number;

	if (seg->newer.ino == 0)
		return SERIES_NOT_IN;
	/* That may have no name any more, either. */
	if ((*out = segment_ref(find_open(channel, &seg->newer))) != NULL)
		return SERIES_NEXT;
	number = series_find(&series, &seg->newer);
	if (number == -1)
		return errno == ENOENT ? SERIES_NOT_IN : SERIES_ERROR;
	if ((*out = series_open(&series, number)) == NULL)
		return errno == ENOENT ? SERIES_BUSY : SERIES_ERROR;
	if (segment_id_equal(&(*out)->id, &seg->newer))
		return SERIES_NEXT;
	segment_unref(*out);
	return SERIES_BUSY;
}

static bool
is_found(enum series_step step)
{
	return step == SERIES_NEXT || step == SERIES_HOLE;
}

enum series_step
channel_after(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_series(channel);
	enum series_step step = series_after(&series, seg, out);

	if (step == SERIES_NOT_IN)
		step = after_removed(channel, seg, out);
	if (is_found(step))
		*out = share(channel, *out);
	return step;
}

enum series_step
channel_before(
    struct channel *channel, const struct segment *seg, struct segment **out)
{
	const struct series series = channel_series(channel);
	enum series_step step = series_before(&series, seg, out);

	if (is_found(step))
		*out = share(channel, *out);
	return step;
}

struct segment *
channel_oldest(struct channel *channel)
{
	const struct series series = channel_series(channel);
	int number = series_oldest(&series);
	struct segment *seg = NULL, *older;

	if (number == -1 && errno == ENOENT && channel->segment != NULL)
		return segment_ref(channel->segment);
	/* It may be removed just now, or be nothing for us to read. */
	for (; number >= 0 && seg == NULL; number--) {
		seg = channel_open(channel, number);
		if (seg == NULL && errno != ENOENT && errno != EACCES)
			return NULL;
	}
	/* It may be renamed just now, so that another had its number. */
	while (seg != NULL && is_found(channel_before(channel, seg, &older))) {
		segment_unref(seg);
		seg = older;
	}
	return seg;
}

/* Whether ${seg} is a copy of ${newer}, as far as one can tell. */
static bool
may_be_copy(const struct segment *seg, const struct segment *newer)
{
	return segment_is_copy(seg, newer) || seg->id.birth_ns == 0 ||
	    newer->id.birth_ns == 0;
}

struct segment *
channel_find_copy(
    struct channel *channel, struct segment *seg, const struct position *at)
{
	struct segment *newer = segment_ref(seg), *older = NULL;

	while (channel_before(channel, newer, &older) == SERIES_NEXT) {
		segment_unref(newer);
		newer = older;
		if (at->offset > 0 && may_be_copy(older, seg) &&
		    segment_holds(older, at) == 1)
			return older;
	}
	segment_unref(newer);
	return NULL;
}

/* Judge ${seg} (taken), in which ${at} was made, whatever it holds now. */
static enum channel_place
judge(struct channel *channel, struct segment *seg, const struct position *at,
    struct segment **out)
{
	struct segment *copy;
	int holds = segment_holds(seg, at);

	*out = seg;
	if (holds == 1)
		return CHANNEL_FOUND;
	if (holds == 0 &&
	    (copy = channel_find_copy(channel, seg, at)) != NULL) {
		segment_unref(seg);
		*out = copy;
		return CHANNEL_FOUND;
	}
	if (holds == 0)
		return CHANNEL_REPLACED;
	segment_unref(seg);
	return CHANNEL_ERROR;
}

/* The open segment in which ${at} was made; it may have no name any more. */
static struct segment *
find_open_at(struct channel *channel, const struct position *at)
{
	LIST_EACH (node, &channel->segments) {
		struct segment *seg = LIST_OF(node, struct segment, node);

		if (segment_is(seg, at) && seg->form == channel->form->record)
			return segment_ref(seg);
	}
	return NULL;
}

/* The segment in which ${at} was made, with a reference, or NULL. */
static struct segment *
find_segment(struct channel *channel, const struct position *at)
{
	const struct series series = channel_series(channel);
	struct segment *seg = find_open_at(channel, at);
	int number = -1;

	if (seg != NULL)
		return seg;
	/* What is renamed meanwhile is met later on this way, not missed. */
	while ((number = series_higher(&series, number)) != -1) {
		seg = channel_open(channel, number);
		if (seg != NULL && segment_is(seg, at))
			return seg;
		segment_unref(seg);
	}
	return NULL;
}

enum channel_place
channel_locate(
    struct channel *channel, const struct position *at, struct segment **out)
{
	struct segment *seg = find_segment(channel, at);

	if (seg != NULL)
		return judge(channel, seg, at, out);
	if (errno != ENOENT)
		return CHANNEL_ERROR;
	*out = NULL;
	/* Who rotates removes the oldest; others replace the file. */
	return channel_has_older(channel) ? CHANNEL_EXPIRED : CHANNEL_REPLACED;
}
