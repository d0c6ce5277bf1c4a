#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conn/listen.h"
#include "hub/hub.h"
#include "hub/viewer_send.h"
#include "stream/event.h"

/* How long viewers run before the loop looks at sockets again. */
#define TURN_MS 10
/* The same if batches are made, each of which may take a while. */
#define LOOKS_MS 4
/* How many viewers run between two looks at the clock, if no batch is made. */
#define CLOCK_EVERY 16
/*
 * How many viewers run before a web server that waits for the core gets it.
 * That is so soon that what was sent is still in the cache when it is read, and
 * that the first viewers do not wait until the last is written to.
 */
#define YIELD_EVERY 128
/* A process that keeps the core for so long does not read what we sent. */
#define YIELD_MS 3
/* After that we do not give the core away for so long. */
#define YIELD_PAUSE_MS 1000
/*
 * How long all searches together have in a turn, how long one of them has
 * before the next, and how long a viewer with news has for records that are not
 * wanted.
 */
#define SEARCHES_US 2000
#define SEARCH_US 500
#define GLANCE_US 100

static void
reap(struct hub *hub)
{
	LIST_EACH_SAFE (node, after, &hub->reap) {
		list_remove(node);
		pool_put(&hub->viewers, LIST_OF(node, struct viewer, node));
	}
}

static bool
is_done(const struct hub *hub)
{
	return hub->n_viewers == 0 && list_is_empty(&hub->listeners);
}

/* Let the web server go first, where it has to share a core with us. */
static void
yield(struct hub *hub)
{
	int64_t before_ms = hub->feeds.turn_ms;

	if (before_ms < hub->yield_ms)
		return;
	sched_yield();
	hub->feeds.turn_ms = clock_mono_ms();
	if (hub->feeds.turn_ms - before_ms > YIELD_MS)
		hub->yield_ms = hub->feeds.turn_ms + YIELD_PAUSE_MS;
}

/* Give each viewer that is queued now one run, until the time is up. */
static void
take_turn(struct hub *hub)
{
	int64_t end_ms, looks_end_ms;
	struct list turn;
	unsigned n = 0;

	hub->feeds.turn_ms = clock_mono_ms();
	end_ms = hub->feeds.turn_ms + TURN_MS;
	looks_end_ms = hub->feeds.turn_ms + LOOKS_MS;
	/* Viewers that are queued from now on run in the next turn. */
	list_init(&turn);
	list_append(&turn, &hub->run);
	while (!list_is_empty(&turn)) {
		struct list *node = turn.next;

		list_remove(node);
		viewer_run(LIST_OF(node, struct viewer, node));
		if (++n % CLOCK_EVERY != 0 && !hub->has_looked)
			continue;
		hub->feeds.turn_ms = clock_mono_ms();
		if (hub->feeds.turn_ms >
		    (hub->has_looked ? looks_end_ms : end_ms))
			break;
		hub->has_looked = false;
		if (n % YIELD_EVERY == 0)
			yield(hub);
	}
	/* Viewers that had no run come first in the next turn. */
	list_append(&turn, &hub->run);
	list_append(&hub->run, &turn);
}

/* Let the searches go on for a small part of the turn. */
static void
take_searches(struct hub *hub)
{
	hub->search_end_us = clock_mono_us() + SEARCHES_US;
	while (!list_is_empty(&hub->searches) &&
	    clock_mono_us() < hub->search_end_us) {
		struct list *node = hub->searches.next;

		list_remove(node);
		viewer_run(LIST_OF(node, struct viewer, node));
	}
	hub->search_end_us = 0;
}

bool
hub_is_searching(const struct hub *hub)
{
	return hub->search_end_us != 0;
}

int64_t
hub_slice_us(const struct hub *hub)
{
	int64_t left_us;

	if (hub->search_end_us == 0)
		return GLANCE_US;
	left_us = hub->search_end_us - clock_mono_us();
	return left_us < SEARCH_US ? left_us : SEARCH_US;
}

static void
tell_siblings(const struct hub *hub)
{
	if (hub->siblings != NULL)
		siblings_tell(hub->siblings, hub->n_viewers);
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct hub *hub = prepare->data;

	(void)revents;
	if (!list_is_empty(&hub->run))
		take_turn(hub);
	if (!list_is_empty(&hub->searches))
		take_searches(hub);
	/* Viewers that were closed are freed here, where nobody uses them. */
	limits_relieve(hub);
	reap(hub);
	tell_siblings(hub);
	LIST_EACH (node, &hub->listeners)
		listen_resume(LIST_OF(node, struct listener, node));
	/* All have what there was: a window measures no wake beyond this. */
	if (list_is_empty(&hub->run))
		hub->feeds.lulls++;
	/*
	 * While there is work, the loop looks at its sockets, but does not
	 * wait.
	 */
	if (!list_is_empty(&hub->run) || !list_is_empty(&hub->searches)) {
		ev_idle_start(loop, &hub->idle);
		return;
	}
	ev_idle_stop(loop, &hub->idle);
	hub_drop_kept(hub);
	if (is_done(hub))
		ev_break(loop, EVBREAK_ALL);
	else
		hub_watch_rest(hub);
}

static void
on_idle(struct ev_loop *loop, ev_idle *idle, int revents)
{
	/* While this watcher runs, the loop does not wait. */
	(void)loop;
	(void)idle;
	(void)revents;
}

static void
on_relief(struct ev_loop *loop, ev_timer *timer, int revents)
{
	/* This timer only makes the loop have a turn: see on_prepare. */
	(void)loop;
	(void)timer;
	(void)revents;
}

static void
on_due(void *cookie, struct list *node)
{
	(void)cookie;
	viewer_on_due(LIST_OF(node, struct viewer, timer));
}

static bool
may_accept(void *cookie)
{
	return limits_may_accept(cookie);
}

static bool
is_our_turn(void *cookie, bool is_again)
{
	const struct hub *hub = cookie;

	return hub->siblings == NULL ||
	    siblings_may_accept(hub->siblings, is_again);
}

static void
on_accept(void *cookie, int fd)
{
	struct hub *hub = cookie;

	if (viewer_open(hub, fd) == NULL && hub_log_peer(hub))
		log_errno(LOG_LEVEL_ERROR, "event=accept-failed");
	tell_siblings(hub);
}

static const struct listen_ops listen_ops = {
	.may_accept = may_accept,
	.is_our_turn = is_our_turn,
	.on_accept = on_accept,
};

static void
start_watchers(struct hub *hub)
{
	ev_prepare_init(&hub->prepare, on_prepare);
	hub->prepare.data = hub;
	ev_prepare_start(hub->loop, &hub->prepare);
	ev_idle_init(&hub->idle, on_idle);
	ev_timer_init(&hub->relief, on_relief, 0., 0.);
	hub_end_init(hub);
	/* Writing to a peer that is gone is an error, and does not end us. */
	signal(SIGPIPE, SIG_IGN);
}

/* Make a batch that is sent as it stands, again and again. */
static struct batch *
make_batch(struct hub *hub, const char *text)
{
	hub->frames.len = 0;
	if (hub->owner.kind->frame(
		&hub->frames, (const uint8_t *)text, strlen(text)) != 0)
		return NULL;
	return batch_new(hub->frames.data, hub->frames.len, NULL);
}

static void
init_lists(struct hub *hub)
{
	list_init(&hub->paddings);
	list_init(&hub->run);
	list_init(&hub->searches);
	list_init(&hub->short_of);
	list_init(&hub->reap);
	list_init(&hub->listeners);
}

struct hub *
hub_new(const struct conn_kind *kind, enum gateway gateway,
    const struct conf_where *where, struct conf *conf)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	hub_keep_little();
	if (hub == NULL)
		goto err0;
	hub->owner.kind = kind;
	hub->owner.ops = &viewer_conn_ops;
	hub->gateway = gateway;
	hub_log_init(hub);
	hub->where = *where;
	hub->conf = conf;
	if ((hub->fallback = conf_new()) == NULL)
		goto err1;
	hub->settings = conf_base(conf == NULL ? hub->fallback : conf);
	mount_add_env(&hub->mount, environ);
	init_lists(hub);
	pool_init(&hub->viewers, sizeof(struct viewer));
	rnd_seed(&hub->rnd);
	limits_init(&hub->limits);
	/* limits_init has set the allocator of the loop. */
	if ((hub->loop = ev_default_loop(0)) == NULL)
		goto err1;
	if (hub_feeds_init(hub) != 0)
		goto err1;
	if (budget_init(&hub->budget) != 0)
		goto err2;
	if ((hub->heartbeat = make_batch(hub, EVENT_HEARTBEAT)) == NULL)
		goto err3;
	if ((hub->beat = make_batch(hub, EVENT_BEAT)) == NULL)
		goto err4;
	if (wheel_init(&hub->wheel, hub->loop, on_due, hub) != 0)
		goto err5;
	start_watchers(hub);
	return hub;

err5:
	batch_unref(hub->beat);
err4:
	batch_unref(hub->heartbeat);
err3:
	budget_free(&hub->budget);
err2:
	feeds_free(&hub->feeds);
err1:
	hub_log_end(hub);
	conf_free(hub->fallback);
	mount_free(&hub->mount);
	buf_free(&hub->frames);
	free(hub);
err0:
	conf_free(conf);
	return NULL;
}

static void
close_viewer(void *cookie, struct list *node)
{
	(void)cookie;
	viewer_close(LIST_OF(node, struct viewer, timer));
}

void
hub_free(struct hub *hub)
{
	hub_log_end(hub);
	hub_stop_listening(hub);
	/* Viewers go first: they hold batches, places and, by these, feeds. */
	wheel_each(&hub->wheel, close_viewer, NULL);
	reap(hub);
	pool_free(&hub->viewers);
	feeds_drop_recent(&hub->feeds);
	batch_unref(hub->heartbeat);
	batch_unref(hub->beat);
	viewer_free_paddings(hub);
	budget_free(&hub->budget);
	wheel_free(&hub->wheel);
	/* The taker uses the folder until it ends. */
	take_end(&hub->take);
	if (hub->has_folder)
		folder_free(&hub->folder);
	feeds_free(&hub->feeds);
	buf_free(&hub->text);
	buf_free(&hub->frames);
	buf_free(&hub->id);
	buf_free(&hub->rotate.names);
	conf_free(hub->conf);
	conf_free(hub->fallback);
	mount_free(&hub->mount);
	ev_loop_destroy(hub->loop);
	free(hub);
}

int
hub_listen(struct hub *hub, int fd, const char *path, bool is_shared)
{
	struct listener *listener =
	    listen_start(fd, path, hub->loop, &listen_ops, hub);

	if (listener == NULL)
		return -1;
	listener->is_shared = is_shared;
	list_push(&hub->listeners, &listener->node);
	return 0;
}

void
hub_run(struct hub *hub)
{
	ev_run(hub->loop, 0);
}
