#include <sys/resource.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/timer.h"
#include "feed/feed.h"
#include "hub/limits.h"
#include "hub/subscribe.h"
#include "hub/viewer.h"

/*
 * A batch ends with the first record that takes it beyond this, so that with a
 * usual record it fits one FastCGI record.
 */
#define BATCH_BYTES 57344
/* The same once half of the memory is taken: 20,000 of these are 40 MB. */
#define BATCH_BYTES_SHORT 2048
/* Descriptors for other things than viewers and channels. */
#define DESCRIPTORS_KEPT 32
/* A batch of more bytes is a large one. */
#define LARGE_BYTES 131072
/* One part in so many of the memory is kept for batches to present viewers. */
#define RESERVED 8
/* How many blocked viewers are looked at in a turn. */
#define LOOKS 512
/* How long until the next look, while too much memory is taken. */
#define RELIEF_S 0.2
/* A viewer that took something this recently is only slow, and stays. */
#define SPARED_MS 1000
/* Less than this need not be given back to the system. */
#define PEAK_BYTES 4194304
#define TELL_MS 60000
/* What libev needs to watch twice as many descriptors as there can be. */
#define RESERVE_BYTES 1048576

/*
 * libev ends the process when it gets no memory.  So it gets this reserve then,
 * and nobody is accepted until there is a new one.  Memory that was never
 * touched costs none.
 */
static void *reserve;

static void *
allocate(void *old, long size)
{
	void *memory;

	if (size == 0) {
		free(old);
		return NULL;
	}
	memory = realloc(old, (size_t)size);
	if (memory == NULL && reserve != NULL) {
		free(reserve);
		reserve = NULL;
		memory = realloc(old, (size_t)size);
	}
	return memory;
}

/* Give back memory that malloc keeps between pieces that are still in use. */
static void
trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static bool
has_reserve(void)
{
	if (reserve == NULL)
		reserve = malloc(RESERVE_BYTES);
	if (reserve == NULL) {
		trim();
		reserve = malloc(RESERVE_BYTES);
	}
	return reserve != NULL;
}

static uint64_t
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 256;
	limit.rlim_cur = limit.rlim_max;
	/* If that is refused, what we have has to do. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return INT32_MAX;
	return limit.rlim_cur;
}

void
limits_init(struct limits *limits)
{
	ev_set_allocator(allocate);
	list_init(&limits->blocked);
	list_init(&limits->short_of);
	limits->max_descriptors = raise_descriptors();
}

static void
on_relief(struct ev_loop *loop, ev_timer *timer, int revents)
{
	/* This timer only makes the loop have a turn: see limits_relieve. */
	(void)loop;
	(void)timer;
	(void)revents;
}

void
limits_start(struct hub *hub)
{
	timer_init(&hub->limits.relief, on_relief, hub);
}

size_t
limits_memory(const struct hub *hub)
{
	return place_memory() + (size_t)hub->viewers.n * sizeof(struct viewer) +
	    feed_memory() + channel_memory() + subscribe_memory() +
	    conn_memory() + feeds_buffer_bytes(&hub->feeds);
}

static bool
is_over(const struct hub *hub)
{
	uint64_t most = hub->settings->memory;

	return most > 0 && limits_memory(hub) > most;
}

/* Whether new viewers would take memory that present ones need for batches. */
static bool
is_full(const struct hub *hub)
{
	uint64_t most = hub->settings->memory;

	return most > 0 && limits_memory(hub) > most - most / RESERVED;
}

enum feeds_room
limits_ask(const struct hub *hub, size_t bytes)
{
	uint64_t most = hub->settings->memory, bound = most;
	size_t used;

	if (most == 0)
		return FEEDS_ROOM;
	if (bytes > LARGE_BYTES)
		bound -= most / 4;
	used = limits_memory(hub);
	if (used + bytes <= bound)
		return FEEDS_ROOM;
	/* A large batch that is too much even without the others never fits. */
	if (bytes > LARGE_BYTES)
		return used - batch_memory() + bytes > bound ? FEEDS_NEVER :
							       FEEDS_WAIT;
	/*
	 * Some small batches are always allowed.  Those that are only kept for
	 * other viewers in this turn do not count: they go by themselves.
	 */
	return batch_memory() <= most / RESERVED + hub->feeds.recent_bytes ?
	    FEEDS_ROOM :
	    FEEDS_WAIT;
}

uint64_t
limits_record_bytes(const struct hub *hub)
{
	uint64_t most = hub->settings->memory;

	return most == 0 ? UINT64_MAX : most / 2;
}

size_t
limits_batch_bytes(const struct hub *hub)
{
	uint64_t most = hub->settings->memory;

	return most > 0 && limits_memory(hub) > most / 2 ? BATCH_BYTES_SHORT :
							   BATCH_BYTES;
}

static const char *
reason_of(enum limit limit)
{
	switch (limit) {
	case LIMIT_ADDRESS:
		return "full: [limits] streams_per_address";
	case LIMIT_CHANNELS:
		return "too many: [limits] channels_per_stream";
	case LIMIT_MEMORY:
	case LIMIT_BLOCKED:
		return "full: [limits] memory";
	case LIMIT_DESCRIPTORS:
		return "full: the limit of open files (ulimit -n)";
	default:
		return "full";
	}
}

static uint64_t
value_of(const struct hub *hub, enum limit limit)
{
	switch (limit) {
	case LIMIT_ADDRESS:
		return hub->settings->streams_per_address;
	case LIMIT_CHANNELS:
		return hub->settings->channels_per_stream;
	case LIMIT_DESCRIPTORS:
		return hub->limits.max_descriptors;
	default:
		return hub->settings->memory;
	}
}

/* Count one more.  Return how many are to be told about now, or 0. */
static uint64_t
count_due(struct limit_log *log)
{
	int64_t now_ms = clock_mono_ms();
	uint64_t count = ++log->count;

	if (log->told_ms != 0 && now_ms < log->told_ms + TELL_MS)
		return 0;
	log->told_ms = now_ms;
	log->count = 0;
	return count;
}

const char *
limits_refuse(struct hub *hub, enum limit limit)
{
	const char *reason = reason_of(limit);
	uint64_t count = count_due(&hub->limits.logs[limit]);

	if (count > 0)
		log_msg(LOG_LEVEL_WARN,
		    "event=%s reason=\"%s\" limit=%" PRIu64 " count=%" PRIu64,
		    limit == LIMIT_BLOCKED ? "let-go" : "refused", reason,
		    value_of(hub, limit), count);
	return reason;
}

void
limits_note_exhausted(struct hub *hub)
{
	uint64_t count = count_due(&hub->limits.exhausted);

	if (count > 0)
		log_msg(LOG_LEVEL_ERROR,
		    "event=out-of-memory count=%" PRIu64
		    " effect=\"events wait, and are tried again each second\""
		    " remedy=\"allow the process more memory (ulimit -v), or"
		    " lower [spool] max_record\"",
		    count);
}

/* Give memory back to the system after ${memory} fell far below its peak. */
static void
give_back(struct limits *limits, size_t memory)
{
	if (memory > limits->peak)
		limits->peak = memory;
	if (limits->peak < PEAK_BYTES || memory > limits->peak / 4)
		return;
	limits->peak = memory;
	trim();
}

static void
start_relief(struct hub *hub)
{
	timer_set_first(hub->loop, &hub->limits.relief, RELIEF_S);
}

void
limits_wait(struct hub *hub, struct list *node)
{
	hub->limits.short_memory = limits_memory(hub);
	list_push(&hub->limits.short_of, node);
	start_relief(hub);
}

/* Let the first viewer that waits for memory try again; others follow later. */
static void
try_again(struct hub *hub)
{
	struct list *node = hub->limits.short_of.next;

	list_remove(node);
	list_push(&hub->turns.run, node);
	start_relief(hub);
}

/* Let go the longest blocked viewers, as long as too much memory is taken. */
static void
let_go(struct hub *hub)
{
	struct list *blocked = &hub->limits.blocked;
	/*
	 * This is an equal part for each viewer of half the memory.  A viewer
	 * whose part of its batch is smaller does not take too much: many share
	 * that batch, and each costs little.
	 */
	uint64_t little = hub->settings->memory / 2 / (hub->viewers.n + 1);
	int64_t spared_ms = clock_mono_ms() - SPARED_MS;
	bool has_short = !list_is_empty(&hub->limits.short_of);

	for (int i = 0; i < LOOKS && (is_over(hub) || has_short) &&
	     !list_is_empty(blocked);
	     i++) {
		struct viewer *v = LIST_OF(blocked->next, struct viewer, node);
		size_t held = batch_memory();

		if (viewer_output_ms(v) > spared_ms)
			break;
		/* It costs little: look at it again after all others. */
		if (v->batch->len / v->batch->refs < little) {
			list_remove(&v->node);
			list_push(blocked, &v->node);
			continue;
		}
		limits_refuse(hub, LIMIT_BLOCKED);
		viewer_close(v);
		/*
		 * If that freed a batch, viewers that wait for memory try
		 * first.
		 */
		has_short = has_short && batch_memory() == held;
	}
}

void
limits_relieve(struct hub *hub)
{
	bool is_due = !ev_is_active(&hub->limits.relief);

	give_back(&hub->limits, limits_memory(hub));
	if (!list_is_empty(&hub->limits.blocked) &&
	    (is_over(hub) || !list_is_empty(&hub->limits.short_of))) {
		start_relief(hub);
		let_go(hub);
	}
	if (!list_is_empty(&hub->limits.short_of) &&
	    (is_due || limits_memory(hub) < hub->limits.short_memory))
		try_again(hub);
}

static uint64_t
channel_descriptors(const struct hub *hub)
{
	return segment_open_count() + take_descriptors(&hub->take);
}

/*
 * Some descriptors stay free, because files must be opened even when
 * connections that ask nothing pile up.
 */
bool
limits_may_accept(const struct hub *hub)
{
	/* For one viewer libev has what it needs. */
	errno = ENOMEM;
	if (hub->policy->holds_many && !has_reserve())
		return false;
	errno = EMFILE;
	return hub->viewers.n + channel_descriptors(hub) +
	    DESCRIPTORS_KEPT / 2 <
	    hub->limits.max_descriptors;
}

enum limit
limits_reached(const struct hub *hub)
{
	/* Connections that have not asked yet are not worth a refusal. */
	if (hub->viewers.n_responses + channel_descriptors(hub) +
		DESCRIPTORS_KEPT >=
	    hub->limits.max_descriptors)
		return LIMIT_DESCRIPTORS;
	return is_full(hub) ? LIMIT_MEMORY : LIMIT_NONE;
}
