/* This file finds the segment that a position means, and the oldest one. */
#include <errno.h>

#include "spool/channel_log.h"

int
channel_find_oldest(struct channel *channel, struct segment **out)
{
	const struct series series = channel_log_series(channel);
	struct series_list *list = &channel->list;

	*out = NULL;
	if (channel_log_make_list(channel, &series) != 0)
		return -1;
	/* Pass over segments that we may not read. */
	for (size_t i = list->n; i > 0 && *out == NULL; i--) {
		if (series_list_open(&series, list, i - 1, out) != 0 &&
		    errno != EACCES)
			return -1;
	}
	/* If there is none, take the newest one, which we hold open. */
	*out = *out != NULL ? channel_log_share(channel, *out) :
			      segment_ref(channel->segment);
	return 0;
}

/* Return whether ${older} may be a copy of ${newer}, by their birth times. */
static bool
may_be_copy(const struct segment_id *older, const struct segment_id *newer)
{
	return older->birth_ns == 0 || newer->birth_ns == 0 ||
	    older->birth_ns > newer->birth_ns;
}

/*
 * Open the entry ${index} as ${out} if it has the bytes of ${at}; else set
 * ${out} to NULL.  Return 0, or -1 with errno.
 */
static int
test_copy(struct channel *channel, const struct series *series, size_t index,
    const struct position *at, struct segment **out)
{
	int rc;

	if (series_list_open(series, &channel->list, index, out) != 0)
		return errno == EACCES ? 0 : -1;
	*out = channel_log_share(channel, *out);
	rc = segment_holds(*out, at);
	if (rc != 1)
		segment_drop(out);
	return rc == -1 ? -1 : 0;
}

int
channel_find_copy(struct channel *channel, struct segment *seg,
    const struct position *at, struct channel_copies *copies,
    struct segment **out)
{
	const struct series series = channel_log_series(channel);
	struct series_list *list = &channel->list;
	size_t index, tested = 0;
	int found;

	*out = NULL;
	/* At the start there are no bytes by which to know a copy. */
	if (at->offset == 0)
		return 0;
	if (channel_log_make_list(channel, &series) != 0)
		goto failed;
	found = series_list_find(list, &seg->id);
	/* Stop at a hole: what is beyond it is from another time. */
	for (index = (size_t)found + 1; found != -1 && index < list->n &&
	     !list->entries[index].has_hole && *out == NULL;
	     index++) {
		/* Earlier calls tested the first copies->tested of them. */
		if (!may_be_copy(&list->entries[index].id, &seg->id) ||
		    ++tested <= copies->tested)
			continue;
		if (copies->most > 0 && tested > copies->most)
			break;
		if (test_copy(channel, &series, index, at, out) != 0)
			goto failed;
		copies->tested = tested;
	}
	return 0;
failed:
	/* Files were renamed, so the entries are others: begin anew. */
	if (errno == ESTALE)
		copies->tested = 0;
	return -1;
}

/*
 * Find out whether ${seg}, in which ${at} was made, still has its bytes, or a
 * copy of it has them; ${out} is that one then.  The reference to ${seg} is
 * taken over.
 */
static enum channel_place
judge(struct channel *channel, struct segment *seg, const struct position *at,
    struct channel_copies *copies, struct segment **out)
{
	struct segment *copy = NULL;
	int holds = segment_holds(seg, at);

	*out = seg;
	if (holds == 1)
		return CHANNEL_FOUND;
	if (holds == 0 &&
	    channel_find_copy(channel, seg, at, copies, &copy) != 0)
		holds = -1;
	if (copy != NULL) {
		segment_drop(out);
		*out = copy;
		return CHANNEL_FOUND;
	}
	if (holds == 0)
		return CHANNEL_REPLACED;
	segment_drop(out);
	return CHANNEL_ERROR;
}

/*
 * Return the open segment in which ${at} was made, or NULL.  It may have no
 * name any more.
 */
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

/*
 * Find the segment in which ${at} was made in the list of those that have a
 * name.  Return 0, or -1 with errno; ENOENT: it is not there.
 */
static int
find_listed(struct channel *channel, const struct series *series,
    const struct position *at, struct segment **out)
{
	struct series_list *list = &channel->list;

	for (size_t i = 0; i < list->n; i++) {
		if (!segment_id_is(&list->entries[i].id, at))
			continue;
		if (series_list_open(series, list, i, out) == 0) {
			*out = channel_log_share(channel, *out);
			return 0;
		}
		if (errno != EACCES)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

/*
 * Find the segment in which ${at} was made.  Return 0, or -1 with errno;
 * ENOENT: there is none.
 */
static int
find_segment(
    struct channel *channel, const struct position *at, struct segment **out)
{
	const struct series series = channel_log_series(channel);
	bool was_whole = channel->list.is_whole;

	if ((*out = find_open_at(channel, at)) != NULL)
		return 0;
	if (channel_log_make_list(channel, &series) != 0)
		return -1;
	if (find_listed(channel, &series, at, out) == 0)
		return 0;
	if (errno != ENOENT || !was_whole)
		return -1;
	/* The list was made earlier; the file may have come since then. */
	series_list_forget(&channel->list);
	if (channel_log_make_list(channel, &series) != 0)
		return -1;
	return find_listed(channel, &series, at, out);
}

enum channel_place
channel_find_place(struct channel *channel, const struct position *at,
    struct channel_copies *copies, struct segment **out)
{
	enum channel_place place;
	int rc = find_segment(channel, at, out);

	if (rc != 0 && errno != ENOENT)
		return CHANNEL_ERROR;
	/*
	 * If there are older segments, a rotation has removed it as the oldest;
	 * else somebody has replaced the file.
	 */
	if (rc != 0)
		return channel_log_has_older(channel) ? CHANNEL_EXPIRED :
							CHANNEL_REPLACED;
	place = judge(channel, *out, at, copies, out);
	if (place != CHANNEL_FOUND)
		return place;
	/* A client may make up an id: an offset within a record is no place. */
	switch (segment_is_end(*out, at->offset)) {
	case 1:
		return CHANNEL_FOUND;
	case 0:
		return CHANNEL_REPLACED;
	}
	segment_drop(out);
	return CHANNEL_ERROR;
}
