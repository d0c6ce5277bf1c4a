/* What a batch is made of: records, and what is told in their place. */
#include <errno.h>
#include <inttypes.h>

#include "base/slice.h"
#include "feed/feed_id.h"
#include "feed/feed_put.h"
#include "feed/feeds.h"
#include "feed/walk.h"
#include "format/format.h"

/* How many records or bytes are passed over between two looks at the clock. */
#define CLOCK_EVERY 64
#define CLOCK_BYTES 32768
/* A record that is not longer makes no large batch, whatever is in it. */
#define SMALL_RECORD 8192

/* The event id of where the cursors are now; a view until the next call. */
static int
make_id(struct feed_making *m, struct span *id)
{
	struct buf *buf = &m->feeds->id;

	buf->len = 0;
	if (feed_id_append(m->feed, m->cursors, m->feed->n_members, buf) != 0)
		return -1;
	id->bytes = buf->data;
	id->len = buf->len;
	m->ends_skipped = false;
	return 0;
}

bool
feed_put_is_full(const struct feed_making *m)
{
	return m->is_closed || m->out->len >= m->bytes_max || m->is_over;
}

/*
 * Count ${bytes} that became no event, and stop when the slice is over: other
 * viewers may wait.
 */
static void
pass(struct feed_making *m, uint64_t bytes)
{
	m->passed_bytes += bytes;
	if (++m->passed % CLOCK_EVERY != 0 && m->passed_bytes < CLOCK_BYTES)
		return;
	m->passed_bytes = 0;
	if (slice_is_over())
		m->is_over = m->is_unfinished = true;
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
put_record(struct feed_making *m, const struct member *member,
    const struct record *rec)
{
	struct span id;

	if (make_id(m, &id) != 0)
		return -1;
	if (rec->retry_ms >= 0)
		m->retry_ms = rec->retry_ms;
	return m->feed->format->record(m->out, &id,
	    m->feed->names_channel ? member->channel->name : NULL, rec);
}

/* Put an event that says that ${rec} was too much for ${setting}. */
static int
put_skipped(struct feed_making *m, const struct member *member,
    const struct record *rec, uint64_t offset, const char *setting)
{
	struct span id;

	if (log_may(m->feeds->log, LOG_ABOUT_SPOOL))
		log_msg(LOG_LEVEL_WARN,
		    "event=record-skipped channel=%s size=%zu offset=%" PRIu64
		    " remedy=\"raise %s\"",
		    member->channel->name, rec->body.len, offset, setting);
	if (make_id(m, &id) != 0)
		return -1;
	return m->feed->format->skipped(
	    m->out, &id, member->channel->name, rec->body.len, offset);
}

static enum feeds_room
ask(const struct feed_making *m, size_t bytes)
{
	return m->feeds->ops->ask(m->feeds->cookie, bytes);
}

static uint64_t
record_bytes(const struct feed_making *m)
{
	return m->feeds->ops->record_bytes(m->feeds->cookie);
}

/* Whether [limits] memory has room for ${rec}. */
static enum feeds_room
room_for(const struct feed_making *m, const struct record *rec)
{
	size_t size;

	/* The first small record asks for the room of a whole batch of them. */
	if (rec->body.len <= SMALL_RECORD)
		return m->out->len > 0 ? FEEDS_ROOM : ask(m, m->bytes_max);
	size = m->feed->format->record_size(rec) + SMALL_RECORD;
	return ask(m, size);
}

/*
 * Move ${cursor} to where the stream goes on after a gap: to the start of
 * ${from} (NULL: of the oldest segment), where what the client has not seen
 * begins, or past the newest record, if the settings say so.  ${resumed} is the
 * word for that.
 */
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
	if (member->settings->on_gap == ON_GAP_NEWEST) {
		if (walk_to_tail(channel, cursor, channel->segment) == 0) {
			*resumed = "newest";
			return 0;
		}
		/* Finding it takes longer: go on in a later slice. */
		if (errno == EAGAIN)
			return -1;
	}
	/* If the newest cannot be found, the gap is told all the same. */
	return from != NULL ? walk_to_start(channel, cursor, from) :
			      walk_to_oldest(channel, cursor);
}

static int
tell_gap(struct feed_making *m, const struct member *member,
    enum gap_reason reason, const char *resumed)
{
	struct span id;

	if (log_may(m->feeds->log, LOG_ABOUT_GAPS))
		log_msg(LOG_LEVEL_INFO,
		    "event=gap channel=%s reason=%s resumed=%s",
		    member->channel->name, mark_reason_name(reason), resumed);
	if (make_id(m, &id) != 0)
		return -1;
	return m->feed->format->gap(
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
		/* Memory is short: the gap is told later. */
		m->out->len = len;
		cursor_lose(cursor, reason, from);
		rc = -1;
	}
	segment_drop(&from);
	return rc;
}

/*
 * The state before the first of the records that may wait for the next one of
 * their channel; leave_held goes back to it.
 */
struct held {
	bool is_on;
	size_t len; /* of the output then */
	bool ends_skipped;
	int64_t retry_ms;
	struct position at;
};

/* What became of what was read. */
enum put {
	PUT_DONE,
	PUT_NONE,   /* it is nothing that can be put */
	PUT_WAITS,  /* for memory: it is to be read again */
	PUT_FAILED, /* there is no memory */
};

static enum put
put_of(int rc)
{
	return rc == 0 ? PUT_DONE : PUT_FAILED;
}

/* Put ${rec}, which began at ${before}, and do what it asks for. */
static enum put
put_wanted(struct feed_making *m, const struct member *member,
    struct held *held, const struct held *before, const struct record *rec)
{
	switch (room_for(m, rec)) {
	case FEEDS_ROOM:
		break;
	/* Others have to get theirs first; the batch goes as it is. */
	case FEEDS_WAIT:
		m->is_over = true;
		m->lacks_memory = m->out->len == 0;
		return PUT_WAITS;
	case FEEDS_NEVER:
		held->is_on = false;
		return put_of(put_skipped(
		    m, member, rec, before->at.offset, "[limits] memory"));
	}
	m->feeds->ops->on_record(m->feeds->cookie, member->channel, rec);
	if (rec->flush == RECORD_FLUSH_CLOSE)
		m->is_closed = true;
	/* A record that may not wait takes those before it along. */
	if (rec->flush != RECORD_FLUSH_HOLD)
		held->is_on = false;
	else if (!held->is_on) {
		*held = *before;
		held->is_on = true;
	}
	return put_of(put_record(m, member, rec));
}

/* Return which setting was too low for a record that the reader passed over. */
static const char *
limit_of(const struct feed_making *m, const struct member *member)
{
	uint64_t most = record_limit(
	    member->channel->form->record, member->settings->max_record);

	return most > record_bytes(m) ? "[limits] memory" :
					"[spool] max_record";
}

/* Put what was read as ${result}. */
static enum put
put_read(struct feed_making *m, const struct member *member,
    enum read_result result, struct record *rec, struct held *held,
    const struct held *before)
{
	switch (result) {
	case READ_RECORD:
		/* A journal tells of what was too large to be taken. */
		if (rec->skipped >= 0) {
			rec->body.len = (size_t)rec->skipped;
			break;
		}
		if (is_wanted(m, rec))
			return put_wanted(m, member, held, before, rec);
		m->ends_skipped = true;
		pass(m, rec->body.len);
		held->is_on = false;
		return PUT_DONE;
	case READ_NOTHING:
		pass(m, 1);
		return PUT_DONE;
	case READ_LONG:
		break;
	default:
		return PUT_NONE;
	}
	held->is_on = false;
	return put_of(put_skipped(
	    m, member, rec, before->at.offset, limit_of(m, member)));
}

/*
 * Put the next record, or the event that tells of it.  ${at}, a member of the
 * cursor, is where it begins, and is moved to where the next one begins.
 * Return READ_RECORD if there may be more.
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
	enum read_result result = reader_next(&m->feeds->reader, &rec, at);
	enum put put = put_read(m, member, result, &rec, held, &before);

	if (put == PUT_NONE)
		return result;
	if (put == PUT_DONE)
		return READ_RECORD;
	/* Take back what was put: no record is sent in part or left out. */
	m->out->len = before.len;
	m->is_closed = false;
	*at = before.at;
	return put == PUT_WAITS ? READ_RECORD : READ_ERROR;
}

/* Take back the records that may wait, to put them into a later batch. */
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
	uint64_t most = record_limit(seg->form, member->settings->max_record);
	uint64_t room = record_bytes(m);

	return reader_start(
	    &m->feeds->reader, seg, at, most < room ? most : room);
}

/* Take what late writers added to the segment before the cursor's. */
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
	while (result == READ_RECORD && !feed_put_is_full(m))
		result = put_next(m, member, &cursor->before_at, &held);
	/* Somebody has written over it, so the late bytes are gone. */
	if (result == READ_CHANGED)
		cursor_set_before(cursor, NULL, NULL);
	m->is_unfinished = m->is_unfinished || result == READ_MORE;
	return result == READ_ERROR ? -1 : 0;
}

/* Take records until the batch is full or the segment has no more. */
static enum read_result
put_segment(
    struct feed_making *m, const struct member *member, struct cursor *cursor)
{
	struct held held = { .is_on = false };
	enum read_result result;

	result = start_reader(m, member, cursor->segment, &cursor->at);
	while (result == READ_RECORD && !feed_put_is_full(m))
		result = put_next(m, member, &cursor->at, &held);
	m->is_unfinished = m->is_unfinished || result == READ_MORE;
	/*
	 * Records wait only where another can follow: not after the end of a
	 * channel or of an older segment.
	 */
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
	if (walk_was_cut(member->channel, cursor))
		return walk_changed(member->channel, cursor) == 0 ? WALK_MOVED :
								    WALK_MORE;
	switch (put_segment(m, member, cursor)) {
	case READ_CHANGED:
		walk = walk_changed(member->channel, cursor) == 0 ? WALK_MOVED :
								    WALK_MORE;
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
	/* Nothing failed: the work goes on in a later slice. */
	if (errno == EAGAIN) {
		m->is_over = m->is_unfinished = true;
		return;
	}
	m->has_failed = true;
	/* The files are being renamed all the time, which is no fault. */
	if (errno == EBUSY)
		return;
	if (errno == ENOMEM)
		m->feeds->ops->on_exhausted(m->feeds->cookie);
	else if (log_may(m->feeds->log, LOG_ABOUT_SPOOL))
		log_errno(LOG_LEVEL_ERROR, "event=read-failed channel=%s",
		    member->channel->name);
}

void
feed_put_gaps(struct feed_making *m)
{
	for (size_t i = 0; i < m->feed->n_members && !feed_put_is_full(m);
	     i++) {
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
	/* Go from segment to segment; on the way the place may be lost. */
	while (walk == WALK_MOVED && cursor->state != MARK_START &&
	    !feed_put_is_full(m)) {
		if (cursor->state == MARK_AT)
			walk = put_records(m, member, cursor);
		else if (put_gap(m, member, cursor) != 0)
			walk = WALK_ERROR;
		/* There may be many segments in a row with nothing in them. */
		if (walk == WALK_MOVED && slice_is_over())
			m->is_over = m->is_unfinished = true;
	}
	/* Nothing tells when the cursor can go on, so try again in a while. */
	m->has_failed = m->has_failed || walk == WALK_LATER;
	if (walk == WALK_MORE)
		m->is_over = m->is_unfinished = true;
	if (walk == WALK_ERROR)
		note_failure(m, member);
}
