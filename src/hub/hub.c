#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "feed/wake.h"
#include "hub/hub.h"
#include "hub/viewer_send.h"
#include "listen/listen.h"

static void
reap(struct hub *hub)
{
	LIST_EACH_SAFE (node, after, &hub->viewers.closed) {
		list_remove(node);
		pool_put(
		    &hub->viewers.pool, LIST_OF(node, struct viewer, node));
	}
}

static bool
is_done(const struct hub *hub)
{
	return hub->viewers.n == 0 && list_is_empty(&hub->listeners);
}

static void
tell_siblings(const struct hub *hub)
{
	if (hub->siblings != NULL)
		siblings_tell(hub->siblings, hub->viewers.n);
}

static void
run_viewer(void *cookie, struct list *node)
{
	(void)cookie;
	viewer_run(LIST_OF(node, struct viewer, node));
}

static void
on_between(void *cookie)
{
	struct hub *hub = cookie;

	/* Viewers that were closed are freed here, where nobody uses them. */
	limits_relieve(hub);
	reap(hub);
	tell_siblings(hub);
	LIST_EACH (node, &hub->listeners)
		listen_resume(LIST_OF(node, struct listener, node));
}

static void
on_rest(void *cookie)
{
	struct hub *hub = cookie;

	trim_rest(hub);
	if (is_done(hub))
		ev_break(hub->loop, EVBREAK_ALL);
	else
		ending_watch_rest(hub);
}

static const struct turns_ops turns_ops = {
	.run = run_viewer,
	.between = on_between,
	.rest = on_rest,
};

static void
on_due(void *cookie, struct list *node)
{
	(void)cookie;
	viewer_on_due(LIST_OF(node, struct viewer, timer));
}

/* The cookie of a listening socket is the owner of its connections. */
static struct hub *
hub_of(void *cookie)
{
	const struct conn_owner *owner = cookie;

	return owner->cookie;
}

static bool
may_accept(void *cookie)
{
	return limits_may_accept(hub_of(cookie));
}

static bool
is_our_turn(void *cookie, bool is_again)
{
	const struct hub *hub = hub_of(cookie);

	return hub->siblings == NULL ||
	    siblings_may_accept(hub->siblings, is_again);
}

static void
on_accept(void *cookie, int fd)
{
	struct hub *hub = hub_of(cookie);

	if (viewer_open(cookie, fd) == NULL && hub_log_peer(hub))
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
	turns_init(&hub->turns, hub->loop, &turns_ops, hub);
	limits_start(hub);
	ending_init(hub);
	/* Writing to a peer that is gone is an error, and does not end us. */
	signal(SIGPIPE, SIG_IGN);
}

static void
init_lists(struct hub *hub)
{
	list_init(&hub->owners);
	list_init(&hub->standing);
	list_init(&hub->viewers.closed);
	list_init(&hub->listeners);
}

struct hub *
hub_new(enum gateway gateway, const struct conf_where *where, struct conf *conf)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	trim_init();
	if (hub == NULL)
		goto err0;
	hub->gateway = gateway;
	hub->policy = policy_of(gateway);
	hub_log_init(hub);
	hub->where = *where;
	hub->conf = conf;
	if ((hub->fallback = conf_new()) == NULL)
		goto err1;
	hub->settings = conf_base(conf == NULL ? hub->fallback : conf);
	mount_add_env(&hub->mount, environ);
	init_lists(hub);
	pool_init(&hub->viewers.pool, sizeof(struct viewer));
	rnd_seed(&hub->rnd);
	limits_init(&hub->limits);
	/* limits_init has set the allocator of the loop. */
	if ((hub->loop = ev_default_loop(0)) == NULL)
		goto err1;
	if (hub_feeds_init(hub) != 0)
		goto err1;
	if (budget_init(&hub->budget) != 0)
		goto err2;
	if (wheel_init(&hub->viewers.wheel, hub->loop, on_due, hub) != 0)
		goto err3;
	start_watchers(hub);
	return hub;

err3:
	budget_free(&hub->budget);
err2:
	feeds_free(&hub->feeds);
err1:
	hub_log_end(hub);
	conf_free(hub->fallback);
	mount_free(&hub->mount);
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

static void
free_owners(struct hub *hub)
{
	LIST_EACH_SAFE (node, after, &hub->owners)
		free(LIST_OF(node, struct conn_owner, node));
}

void
hub_free(struct hub *hub)
{
	hub_log_end(hub);
	ending_stop_listening(hub);
	/* Viewers go first: they hold batches, places and, by these, feeds. */
	wheel_each(&hub->viewers.wheel, close_viewer, NULL);
	reap(hub);
	pool_free(&hub->viewers.pool);
	free_owners(hub);
	feeds_drop_recent(&hub->feeds);
	viewer_free_standing(hub);
	budget_free(&hub->budget);
	wheel_free(&hub->viewers.wheel);
	/* The taker uses the folder until it ends. */
	take_end(&hub->take);
	if (hub->has_folder)
		folder_free(&hub->folder);
	wake_end(&hub->feeds);
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

struct conn_owner *
hub_owner(struct hub *hub, const struct wire *wire)
{
	struct conn_owner *owner = calloc(1, sizeof(*owner));

	if (owner == NULL)
		return NULL;
	owner->wire = wire;
	owner->ops = &viewer_conn_ops;
	owner->cookie = hub;
	list_init(&owner->node);
	list_push(&hub->owners, &owner->node);
	return owner;
}

int
hub_listen(struct hub *hub, const struct wire *wire, int fd, const char *path,
    bool is_shared)
{
	struct conn_owner *owner = hub_owner(hub, wire);
	struct listener *listener;

	if (owner == NULL)
		return -1;
	/* Connections may outlive the listener, so the owner is the hub's. */
	listener = listen_start(fd, path, hub->loop, &listen_ops, owner);
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
