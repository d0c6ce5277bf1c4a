#include <stdlib.h>
#include <string.h>

#include "feed/feed_id.h"

/* An id of more marks has short ones, which leave room for a publisher's id. */
#define LONG_MARKS 4

/* How well ${mark} fits ${member}, 0: not at all; names may share a tag. */
static int
fit_of(const struct member *member, const struct mark *mark)
{
	const struct segment *seg = member->channel->segment;

	if (mark->tag != member->channel->tag)
		return 0;
	if (mark->state == MARK_AT && seg != NULL && segment_is(seg, &mark->at))
		return 3;
	return mark->state == MARK_START && seg == NULL ? 2 : 1;
}

const struct mark *
feed_id_find(const struct feed_id *told, const struct member *member)
{
	const struct mark *found = NULL;
	int best = 0;

	for (size_t i = 0; i < told->n; i++) {
		int fit = fit_of(member, &told->marks[i]);

		if (fit > best) {
			best = fit;
			found = &told->marks[i];
		}
	}
	return found;
}

static bool
has_mark(const struct feed_id *told, uint32_t tag)
{
	for (size_t i = 0; i < told->n; i++) {
		if (told->marks[i].tag == tag)
			return true;
	}
	return false;
}

/* Read all marks in ${text}: none, if one of them is damaged. */
static int
read_marks(struct feed_id *told, const char *text, size_t len)
{
	size_t at = 0;
	int rc;

	told->most = 1;
	for (size_t i = 0; i < len; i++)
		told->most += text[i] == '.';
	told->marks = calloc(told->most, sizeof(*told->marks));
	if (told->marks == NULL)
		return -1;
	while ((rc = mark_next(text, len, &at, &told->marks[told->n])) == 1)
		told->n++;
	if (rc == -1)
		told->n = 0;
	return 0;
}

int
feed_id_read(const struct feed *feed, const struct request *request,
    struct feed_id *told)
{
	const char *id = (const char *)request->cursor.data;
	const size_t len = request->cursor.len;

	told->has_id = len > 0;
	if (len == 0 || !mark_is_sealed(id, len))
		return 0;
	if (read_marks(told, id + MARK_SEAL_LEN, len - MARK_SEAL_LEN) != 0)
		return -1;
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (has_mark(told, mark_tag(pattern)))
			told->is_ours = told->has_pattern = true;
	}
	for (size_t i = 0; i < feed->n_members && !told->is_ours; i++)
		told->is_ours = has_mark(told, feed->members[i]->channel->tag);
	return 0;
}

void
feed_id_free(struct feed_id *told)
{
	free(told->marks);
	memset(told, 0, sizeof(*told));
}

/* Whether a channel of ${feed} has the tag ${tag}, or one of its patterns. */
static bool
has_tag(const struct feed *feed, uint32_t tag)
{
	for (size_t i = 0; i < feed->n_members; i++) {
		if (feed->members[i]->channel->tag == tag)
			return true;
	}
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (mark_tag(pattern) == tag)
			return true;
	}
	return false;
}

bool
feed_id_lacks(const struct feed *feed, const struct request *request)
{
	struct feed_id told = { 0 };
	bool lacks = false;

	if (feed->patterns.count == 0)
		return false;
	/* A gap too many is better than one that is not told. */
	if (feed_id_read(feed, request, &told) != 0)
		return true;
	/*
	 * Without our pattern the id may be about channels that are not asked
	 * for now.
	 */
	for (size_t i = 0; told.has_pattern && i < told.n && !lacks; i++) {
		/*
		 * The client had a place there, or a gap not told yet; or that
		 * had a file by then, of which it had seen nothing.
		 */
		lacks = !has_tag(feed, told.marks[i].tag);
	}
	feed_id_free(&told);
	return lacks;
}

static int
append_mark(struct buf *out, const struct mark *mark, bool is_first)
{
	if (buf_reserve(out, MARK_TEXT_MAX + 1) != 0)
		return -1;
	if (!is_first)
		out->data[out->len++] = '.';
	out->len += mark_format(mark, (char *)out->data + out->len);
	return 0;
}

int
feed_id_append(const struct feed *feed, const struct cursor *cursors, size_t n,
    struct buf *out)
{
	size_t seal = out->len, start = seal + MARK_SEAL_LEN;
	struct mark mark = { .state = MARK_START };
	bool has_room = feed->patterns.count + feed->n_members <= LONG_MARKS;

	/* The seal is made of the marks: leave room, and write it last. */
	if (buf_reserve(out, MARK_SEAL_LEN) != 0)
		return -1;
	out->len = start;

	/*
	 * The mark of a pattern says that it was asked for: then a channel that
	 * it selects later counts as new.
	 */
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		mark.tag = mark_tag(pattern);
		if (append_mark(out, &mark, out->len == start) != 0)
			return -1;
	}
	/* Members beyond ${n} are at the start. */
	for (size_t i = 0; i < feed->n_members; i++) {
		mark.tag = feed->members[i]->channel->tag;
		mark.state = MARK_START;
		mark.before = 0;
		if (i < n) {
			mark.state = cursors[i].state;
			mark.reason = cursors[i].reason;
			mark.at = cursors[i].at;
			if (cursors[i].before != NULL)
				mark.before =
				    segment_before_code(cursors[i].before,
					cursors[i].before_at.offset);
			mark.is_long = has_room && mark.before != 0;
		}
		if (append_mark(out, &mark, out->len == start) != 0)
			return -1;
	}
	mark_seal((char *)out->data + seal, out->len - seal);
	return 0;
}
