/* The way from a place to the next: read, select, encode, frame. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hub/feed.h"
#include "hub/hub.h"
#include "stream/event.h"

/*
 * A batch ends with the first record that takes it beyond this, so that with a
 * usual record it fits one FastCGI record.
 */
#define BATCH_BYTES 57344
/* Records and blanks to pass over before others get their turn. */
#define SKIPPED_AT_ONCE 4096

/* A batch in the making. */
struct making {
	struct hub *hub;
	struct feed *feed;
	struct cursor *cursors; /* one for each member */
	struct buf *out;
	int64_t now_s;
	unsigned skipped;   /* records, in all */
	bool ends_skipped;  /* some of them behind the last event */
	bool is_unfinished; /* a reader wants to be called again */
	bool has_failed;    /* not all could be looked at */
	bool takes_held;    /* also what may wait for the next record */
	bool has_held;	    /* there is some of that */
	bool is_closed;	    /* the last record ends the response */
	int64_t retry_ms;   /* the last that a record gave, or -1 */
};

/* The event id of where the cursors are now; a view until the next call. */
static int
make_id(struct making *m, struct span *id)
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

static bool
is_full(const struct making *m)
{
	return m->is_closed || m->out->len >= BATCH_BYTES ||
	    m->skipped >= SKIPPED_AT_ONCE;
}

static bool
is_wanted(const struct making *m, const struct record *rec)
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
put_record(struct making *m, const struct record *rec)
{
	struct span id;

	if (make_id(m, &id) != 0)
		return -1;
	if (rec->retry_ms >= 0)
		m->retry_ms = rec->retry_ms;
	return event_append(m->out, &id, rec);
}

static int
put_skipped(struct making *m, const struct member *member,
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

/* Tell that the place is lost, and go on from where the settings say. */
static int
put_gap(struct making *m, const struct member *member, struct cursor *cursor)
{
	struct segment *seg = member->channel->segment;
	enum gap_reason reason = cursor->reason;
	const char *resumed = "oldest";
	struct position at;
	struct span id;

	if (seg == NULL) {
		cursor_clear(cursor);
	} else if (member->settings->on_gap == ON_GAP_NEWEST &&
	    segment_tail(seg, &at) == 0) {
		resumed = "newest";
		cursor_go(cursor, seg, &at);
	} else {
		/* Also where the newest cannot be found: told all the same. */
		if (segment_position(seg, 0, &at) != 0)
			return -1;
		cursor_go(cursor, seg, &at);
	}
	if (log_allow(&m->hub->spool_quota, clock_mono_ms()))
		log_msg(LOG_LEVEL_INFO,
		    "event=gap channel=%s reason=%s resumed=%s",
		    member->channel->name, gap_reason_name(reason), resumed);
	if (make_id(m, &id) != 0)
		return -1;
	return event_append_gap(
	    m->out, &id, member->channel->name, reason, resumed);
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
put_wanted(struct making *m, struct held *held, const struct held *before,
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

/* Put the next record, or what it became; READ_RECORD if there may be more. */
static enum read_result
put_next(struct making *m, const struct member *member, struct cursor *cursor,
    struct held *held)
{
	const struct held before = { .len = m->out->len,
		.ends_skipped = m->ends_skipped,
		.retry_ms = m->retry_ms,
		.at = cursor->at };
	struct record rec;
	enum read_result result;
	int rc = 0;

	result = reader_next(&m->hub->reader, &rec, &cursor->at);
	switch (result) {
	case READ_RECORD:
		if (rec.skipped >= 0) {
			rec.body.len = (size_t)rec.skipped;
			rc = put_skipped(m, member, &rec, before.at.offset);
			held->is_on = false;
			break;
		}
		if (is_wanted(m, &rec)) {
			rc = put_wanted(m, held, &before, &rec);
			break;
		}
		m->ends_skipped = true;
		m->skipped++;
		held->is_on = false;
		break;
	case READ_NOTHING:
		m->skipped++;
		break;
	case READ_LONG:
		rc = put_skipped(m, member, &rec, before.at.offset);
		held->is_on = false;
		break;
	default:
		return result;
	}
	if (rc == 0)
		return READ_RECORD;
	/* Out of memory: nothing torn, nothing passed over. */
	m->out->len = before.len;
	m->is_closed = false;
	cursor->at = before.at;
	return READ_ERROR;
}

/* Go back to where the records began that may wait. */
static void
leave_held(struct making *m, const struct held *held, struct cursor *cursor)
{
	m->out->len = held->len;
	m->ends_skipped = held->ends_skipped;
	m->retry_ms = held->retry_ms;
	cursor->at = held->at;
}

/* Take records until the batch is full or there are none; -1 with errno. */
static int
put_records(
    struct making *m, const struct member *member, struct cursor *cursor)
{
	struct held held = { .is_on = false };
	enum read_result result;

	result = reader_start(&m->hub->reader, cursor->segment, &cursor->at,
	    record_limit(cursor->segment->form, member->settings->max_record));
	while (result == READ_RECORD && !is_full(m))
		result = put_next(m, member, cursor, &held);
	if (result == READ_CHANGED ||
	    (result == READ_END && cursor->segment->is_replaced)) {
		cursor_lose(cursor, GAP_REPLACED);
		return 0;
	}
	m->is_unfinished = m->is_unfinished || result == READ_MORE;
	/* Nothing comes behind the end of a channel. */
	if (held.is_on && result != READ_RECORD &&
	    !member->channel->has_ended) {
		m->has_held = true;
		if (!m->takes_held)
			leave_held(m, &held, cursor);
	}
	return result == READ_ERROR ? -1 : 0;
}

static int
put_start(const struct member *member, struct cursor *cursor)
{
	struct segment *seg = member->channel->segment;
	struct position at;

	if (segment_position(seg, 0, &at) != 0)
		return -1;
	cursor_go(cursor, seg, &at);
	return 0;
}

/* Put what there is of one channel; what was put before a failure stays. */
static void
put_member(struct making *m, size_t index)
{
	const struct member *member = m->feed->members[index];
	struct cursor *cursor = &m->cursors[index];
	int rc = 0;

	if (cursor->state == MARK_START && member->channel->segment != NULL)
		rc = put_start(member, cursor);
	if (rc == 0 && cursor->state == MARK_AT)
		rc = put_records(m, member, cursor);
	if (rc == 0 && cursor->state == MARK_LOST && !is_full(m))
		rc = put_gap(m, member, cursor);
	if (rc == 0)
		return;
	m->has_failed = true;
	if (log_allow(&m->hub->spool_quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR, "event=read-failed channel=%s",
		    member->channel->name);
}

static void
put_all(struct making *m)
{
	struct feed *feed = m->feed;
	size_t first = feed->turn;

	for (size_t i = 0; i < feed->n_members && !is_full(m); i++)
		put_member(m, (first + i) % feed->n_members);
	/* So that a channel that floods does not starve the others. */
	if (is_full(m))
		feed->turn = (first + 1) % feed->n_members;
}

/* The hub's list of cursors, filled from ${place}; NULL with ENOMEM. */
static struct cursor *
borrow_cursors(struct hub *hub, const struct place *place)
{
	size_t n = place->feed->n_members;

	/* Also for a pattern that selects nothing yet. */
	if (n >= hub->cursors_cap) {
		struct cursor *larger =
		    realloc(hub->cursors, (n + 1) * sizeof(*larger));

		if (larger == NULL)
			return NULL;
		hub->cursors = larger;
		hub->cursors_cap = n + 1;
	}
	memset(hub->cursors, 0, n * sizeof(*hub->cursors));
	for (size_t i = 0; i < place->n_cursors; i++)
		cursor_copy(&hub->cursors[i], &place->cursors[i]);
	return hub->cursors;
}

static struct batch *
finish(struct making *m, struct place *from)
{
	struct hub *hub = m->hub;
	struct batch *batch = NULL;
	struct place *to;

	if (cursors_equal(
		m->cursors, m->feed->n_members, from->cursors, from->n_cursors))
		return NULL;
	m->has_failed = true;
	to = place_get(&hub->places, m->feed, m->cursors, m->feed->n_members);
	if (to == NULL)
		return NULL;
	hub->frames.len = 0;
	if (hub->kind->frame(&hub->frames, m->out->data, m->out->len) == 0)
		batch = batch_new(hub->frames.data, hub->frames.len, to);
	place_unref(to);
	if (batch == NULL)
		return NULL;
	m->has_failed = false;
	batch->ends_skipped = m->ends_skipped;
	batch->closes = m->is_closed;
	batch->retry_ms = m->retry_ms;
	if (batch->len > 0)
		window_write(m->feed);
	batch_follows(batch, from);
	hub_keep(hub, batch);
	return batch;
}

struct batch *
feed_next(struct place *place, bool takes_held, bool *is_unfinished)
{
	struct hub *hub = place->feed->hub;
	struct making m = { .hub = hub,
		.feed = place->feed,
		.out = &hub->text,
		.now_s = clock_wall_s(),
		.takes_held = takes_held,
		.retry_ms = -1 };
	struct batch *batch;

	*is_unfinished = false;
	if (place->next != NULL)
		return batch_ref(place->next);
	/* One look for all who stand here: the next news wakes them. */
	if (place->seen_news == place->feed->news &&
	    !(takes_held && place->has_held))
		return NULL;
	if ((m.cursors = borrow_cursors(hub, place)) == NULL) {
		hub_retry(place->feed);
		return NULL;
	}
	hub->text.len = 0;
	put_all(&m);
	batch = finish(&m, place);
	*is_unfinished = m.is_unfinished;
	place->has_held = m.has_held;
	if (batch == NULL && m.has_failed)
		hub_retry(m.feed);
	else if (batch == NULL && !m.is_unfinished)
		place->seen_news = m.feed->news;
	for (size_t i = 0; i < m.feed->n_members; i++)
		cursor_clear(&m.cursors[i]);
	return batch;
}
