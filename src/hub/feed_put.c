/* What a batch is made of: records, and what is told in their place. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "hub/feed_put.h"
#include "hub/hub.h"
#include "hub/walk.h"
#include "stream/event.h"

/* Records and blanks to pass over before others get their turn. */
#define SKIPPED_AT_ONCE 4096

/* The event id of where the cursors are now; a view until the next call. */
static int
make_id(struct feed_making *m, struct span *id)
{
	struct buf *buf = &m->hub->id;

	buf->len = 0;
	if (feed_append_id(m->feed, m->cursors, m->feed->n_members, buf) != 0)
		return -1;
	id->bytes = buf->data;
	id->len = buf->len;
	m->ends_skipped = false;
	return 0;
}

bool
feed_is_full(const struct feed_making *m)
{
	return m->is_closed || m->out->len >= m->bytes_max ||
	    m->skipped >= SKIPPED_AT_ONCE;
}

static bool
is_wanted(const struct feed_making *m, const struct record *rec)
{
	static const char message[] = "message";

	if (rec->expires_s >= 0 && rec->expires_s < m->now_s)
		return false;
	if (!rec->has_data || m->feed->types.count == 0)
		return true;
	if (rec->event.bytes == NULL)
		return text_list_has(
		    &m->feed->types, message, sizeof(message) - 1);
	return text_list_has(
	    &m->feed->types, (const char *)rec->event.bytes, rec->event.len);
}

static int
put_record(struct feed_making *m, const struct record *rec)
{
	struct span id;

	if (make_id(m, &id) != 0)
		return -1;
	if (rec->retry_ms >= 0)
		m->retry_ms = rec->retry_ms;
	return event_append(m->out, &id, rec);
}

static int
put_skipped(struct feed_making *m, const struct member *member,
    const struct record *rec, uint64_t offset)
{
	struct span id;

	if (log_allow(&m->hub->spool_quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_WARN,
		    "event=record-skipped channel=%s size=%zu offset=%" PRIu64
		    " remedy=\"raise [spool] max_record\"",
		    member->channel->name, rec->body.len, offset);
	if (make_id(m, &id) != 0)
		return -1;
	return event_append_skipped(
	    m->out, &id, member->channel->name, rec->body.len, offset);
}

/* Go to where what the client has not seen begins, or is to begin. */
static int
leave_gap(const struct member *member, struct cursor *cursor,
    struct segment *from, const char **resumed)
{
	struct channel *channel = member->channel;

	*resumed = "oldest";
	if (channel->segment == NULL) {
		cursor_clear(cursor);
		return 0;
	}
	if (member->settings->on_gap == ON_GAP_NEWEST &&
	    walk_to_tail(channel, cursor, channel->segment) == 0) {
		*resumed = "newest";
		return 0;
	}
	/* Also where the newest cannot be found: told all the same. */
	return from != NULL ? walk_to_start(channel, cursor, from) :
			      walk_to_oldest(channel, cursor);
}

static int
tell_gap(struct feed_making *m, const struct member *member,
    enum gap_reason reason, const char *resumed)
{
	struct span id;

	if (log_allow(&m->hub->spool_quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_INFO,
		    "event=gap channel=%s reason=%s resumed=%s",
		    member->channel->name, gap_reason_name(reason), resumed);
	if (make_id(m, &id) != 0)
		return -1;
	return event_append_gap(
	    m->out, &id, member->channel->name, reason, resumed);
}

/* Tell that the place is lost, and go on from where the settings say. */
static int
put_gap(
    struct feed_making *m, const struct member *member, struct cursor *cursor)
{
	struct segment *from = segment_ref(cursor->segment);
	enum gap_reason reason = cursor->reason;
	size_t len = m->out->len;
	const char *resumed;
	int rc = leave_gap(member, cursor, from, &resumed);

	if (rc == 0 && tell_gap(m, member, reason, resumed) != 0) {
		/* Out of memory: it stays untold. */
		m->out->len = len;
		cursor_lose(cursor, reason, from);
		rc = -1;
	}
	segment_unref(from);
	return rc;
}

/* Where records began that may wait for the next one of their channel. */
struct held {
	bool is_on;
	size_t len; /* of the output then */
	bool ends_skipped;
	int64_t retry_ms;
	struct position at;
};

/* Put ${rec}, which began at ${before}, and do what it asks for. */
static int
put_wanted(struct feed_making *m, struct held *held, const struct held *before,
    const struct record *rec)
{
	if (rec->flush == RECORD_FLUSH_CLOSE)
		m->is_closed = true;
	if (rec->flush != RECORD_FLUSH_HOLD)
		held->is_on = false;
	else if (!held->is_on) {
		*held = *before;
		held->is_on = true;
	}
	return put_record(m, rec);
}

/* Put what was read as ${result}; 1: it is none that can be put, or -1. */
static int
put_read(struct feed_making *m, const struct member *member,
    enum read_result result, struct record *rec, struct held *held,
    const struct held *before)
{
	switch (result) {
	case READ_RECORD:
		if (rec->skipped >= 0) {
			rec->body.len = (size_t)rec->skipped;
			break;
		}
		if (is_wanted(m, rec)) {
			hub_lines_look(m->hub, member->channel, rec);
			return put_wanted(m, held, before, rec);
		}
		m->ends_skipped = true;
		m->skipped++;
		held->is_on = false;
		return 0;
	case READ_NOTHING:
		m->skipped++;
		return 0;
	case READ_LONG:
		break;
	default:
		return 1;
	}
	held->is_on = false;
	return put_skipped(m, member, rec, before->at.offset);
}

/*
 * Put the next record, or what it became; READ_RECORD if there may be more.
 * ${at}, of the cursor, is where it begins, and in the end where the next does.
 */
static enum read_result
put_next(struct feed_making *m, const struct member *member,
    struct position *at, struct held *held)
{
	const struct held before = { .len = m->out->len,
		.ends_skipped = m->ends_skipped,
		.retry_ms = m->retry_ms,
		.at = *at };
	struct record rec;
	enum read_result result = reader_next(&m->hub->reader, &rec, at);
	int rc;

	rc = put_read(m, member, result, &rec, held, &before);
	if (rc == 1)
		return result;
	if (rc == 0)
		return READ_RECORD;
	/* Out of memory: nothing torn, nothing passed over. */
	m->out->len = before.len;
	m->is_closed = false;
	*at = before.at;
	return READ_ERROR;
}

/* Go back to where the records began that may wait. */
static void
leave_held(
    struct feed_making *m, const struct held *held, struct cursor *cursor)
{
	m->out->len = held->len;
	m->ends_skipped = held->ends_skipped;
	m->retry_ms = held->retry_ms;
	cursor->at = held->at;
}

static enum read_result
start_reader(struct feed_making *m, const struct member *member,
    struct segment *seg, const struct position *at)
{
	return reader_start(&m->hub->reader, seg, at,
	    record_limit(seg->form, member->settings->max_record));
}

/* Take what came into the segment before since that was read. */
static int
put_late(
    struct feed_making *m, const struct member *member, struct cursor *cursor)
{
	struct held held = { .is_on = false };
	enum read_result result;
	uint64_t size;

	if (cursor->before == NULL ||
	    segment_size(cursor->before, &size) != 0 ||
	    size <= cursor->before_at.offset)
		return 0;
	result = start_reader(m, member, cursor->before, &cursor->before_at);
	while (result == READ_RECORD && !feed_is_full(m))
		result = put_next(m, member, &cursor->before_at, &held);
	/* Others have written something over it, which came late to nothing. */
	if (result == READ_CHANGED)
		cursor_set_before(cursor, NULL, NULL);
	m->is_unfinished = m->is_unfinished || result == READ_MORE;
	return result == READ_ERROR ? -1 : 0;
}

/* Take records until the batch is full or there are none in the segment. */
static enum read_result
put_segment(
    struct feed_making *m, const struct member *member, struct cursor *cursor)
{
	struct held held = { .is_on = false };
	enum read_result result;

	result = start_reader(m, member, cursor->segment, &cursor->at);
	while (result == READ_RECORD && !feed_is_full(m))
		result = put_next(m, member, &cursor->at, &held);
	m->is_unfinished = m->is_unfinished || result == READ_MORE;
	/* Nothing comes behind the end of a channel, or of an older segment. */
	if (held.is_on && result != READ_RECORD &&
	    !member->channel->has_ended &&
	    cursor->segment == member->channel->segment) {
		m->has_held = true;
		if (!m->takes_held)
			leave_held(m, &held, cursor);
	}
	return result;
}

/* Take what there is at the cursor.  Return how it can go on from there. */
static enum walk
put_records(
    struct feed_making *m, const struct member *member, struct cursor *cursor)
{
	enum walk walk = WALK_STAYS;

	if (put_late(m, member, cursor) != 0)
		return WALK_ERROR;
	if (walk_was_cut(member->channel, cursor)) {
		walk_changed(member->channel, cursor);
		return WALK_MOVED;
	}
	switch (put_segment(m, member, cursor)) {
	case READ_CHANGED:
		walk_changed(member->channel, cursor);
		walk = WALK_MOVED;
		break;
	case READ_END:
		walk = walk_on(member->channel, cursor);
		break;
	case READ_ERROR:
		walk = WALK_ERROR;
		break;
	default:
		break;
	}
	return walk;
}

static void
note_failure(struct feed_making *m, const struct member *member)
{
	m->has_failed = true;
	if (errno == ENOMEM)
		limits_note_exhausted(m->hub);
	else if (log_allow(&m->hub->spool_quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR, "event=read-failed channel=%s",
		    member->channel->name);
}

void
feed_put_gaps(struct feed_making *m)
{
	for (size_t i = 0; i < m->feed->n_members && !feed_is_full(m); i++) {
		const struct member *member = m->feed->members[i];

		if (m->cursors[i].state == MARK_LOST &&
		    put_gap(m, member, &m->cursors[i]) != 0)
			note_failure(m, member);
	}
}

void
feed_put_member(struct feed_making *m, size_t index)
{
	const struct member *member = m->feed->members[index];
	struct cursor *cursor = &m->cursors[index];
	enum walk walk = WALK_MOVED;

	if (cursor->state == MARK_START &&
	    walk_to_oldest(member->channel, cursor) != 0)
		walk = WALK_ERROR;
	while (walk == WALK_MOVED && cursor->state != MARK_START &&
	    !feed_is_full(m)) {
		if (cursor->state == MARK_AT)
			walk = put_records(m, member, cursor);
		else if (put_gap(m, member, cursor) != 0)
			walk = WALK_ERROR;
	}
	m->has_failed = m->has_failed || walk == WALK_LATER;
	if (walk == WALK_ERROR)
		note_failure(m, member);
}
