/*
 * The hub: everything that one responder process has.
 *
 * The loop calls back when the spool changes or a socket is ready; viewers that
 * have something to do then get their turn (hub/turns.h).
 */
#ifndef SPOOLCAST_HUB_HUB_H
#define SPOOLCAST_HUB_HUB_H

#include <ev.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/rnd.h"
#include "conf/conf_find.h"
#include "feed/feeds.h"
#include "hub/budget.h"
#include "hub/ending.h"
#include "hub/hub_lines.h"
#include "hub/hub_log.h"
#include "hub/limits.h"
#include "hub/policy.h"
#include "hub/retry.h"
#include "hub/trim.h"
#include "hub/turns.h"
#include "hub/wheel.h"
#include "listen/gateway.h"
#include "listen/siblings.h"
#include "spool/folder.h"
#include "spool/rotation.h"
#include "take/take.h"
#include "wire/conn.h"

/* The rounds that look for channels which have to be rotated. */
struct hub_rotate {
	ev_timer timer;
	double pause_s;	  /* between two of them; 0: nothing ever has to be */
	struct buf names; /* of the round under way, each with its NUL */
	size_t next;	  /* offset of the next of these */
	/*
	 * How many could not be rotated, how many the log was told of last, and
	 * which was the first and why.
	 */
	unsigned failed;
	unsigned told;
	unsigned rounds_told; /* so many rounds ago */
	char failed_name[NAME_MAX_LEN + 1];
	struct rotation_report problem;
	/*
	 * The channel that others keep locked, since when, and whether the log
	 * has it.
	 */
	char busy_name[NAME_MAX_LEN + 1]; /* "": nothing */
	int64_t busy_ms;
	bool is_busy_told;
};

/* The viewers of a process. */
struct viewers {
	struct pool pool;
	struct wheel wheel;   /* every viewer is in it */
	struct list closed;   /* to be freed after the turn */
	uint64_t n;	      /* connections */
	uint64_t n_responses; /* of them, those at a place, or looking for it */
};

struct hub {
	struct ev_loop *loop;
	struct list owners; /* of its connections; see hub_owner */
	enum gateway gateway;
	const struct policy *policy; /* of the gateway */
	struct siblings *siblings;   /* borrowed; NULL: it is alone */
	struct conf_where where;
	struct conf *conf;     /* NULL: broken, requests are refused */
	struct conf *fallback; /* defaults, until there is one */
	const struct settings *settings; /* of conf, else of fallback */
	struct mount mount; /* of the process, which narrows all requests */
	struct folder folder;
	bool has_folder;
	struct take take; /* of its pipes and drop folders */
	struct hub_rotate rotate;

	struct feeds feeds;

	struct turns turns;
	struct viewers viewers;
	struct trim trim;

	struct list listeners;
	struct ending ending;
	bool has_told_flush; /* the log has the flush mode that was chosen */

	struct budget budget;
	struct limits limits;
	struct hub_lines lines;

	struct rnd rnd;
	struct retry_book book;	 /* when streams that end come back */
	struct retry_book polls; /* and those over the budget */
	struct hub_log log;
	struct list standing; /* what is sent again and again */
	/* Memory that is used again and again; nobody keeps pointers to it. */
	struct buf text;
	struct buf frames;
	struct buf id;
};

/**
 * hub_new(gateway, where, conf):
 * Make the hub of a process that was started by ${gateway}.  Takes ${conf};
 * NULL: there is no valid one, and each request looks for it anew as ${where}
 * says.  Return NULL with errno.
 */
struct hub *hub_new(
    enum gateway gateway, const struct conf_where *where, struct conf *conf);

/**
 * hub_free(hub):
 * Close and free everything.
 */
void hub_free(struct hub *hub);

/**
 * hub_owner(hub, wire):
 * Return what viewers whose connections have ${wire} are opened for; it stays
 * for as long as ${hub}.  NULL with ENOMEM.
 */
struct conn_owner *hub_owner(struct hub *hub, const struct wire *wire);

/**
 * hub_listen(hub, wire, fd, path, is_shared):
 * Accept connections with ${wire} on ${fd} (taken); see listen_start for
 * ${path}.  A socket that ${is_shared} is kept by a service manager for the
 * process that comes after us.  Return 0, or -1 with errno and ${fd} still the
 * caller's.
 */
int hub_listen(struct hub *hub, const struct wire *wire, int fd,
    const char *path, bool is_shared);

/**
 * hub_run(hub):
 * Work until a signal (SIGTERM, SIGUSR1, SIGINT, SIGHUP) ends it, or, without a
 * listening socket, until the last viewer has gone.
 */
void hub_run(struct hub *hub);

/**
 * hub_conf(hub):
 * Make sure that there is a configuration and a spool folder.  Return 0, or -1
 * with the reason in ${why}, for clients, and in the log.
 */
int hub_conf(struct hub *hub, const char **why);

/**
 * hub_conf_serves(hub, name):
 * Return whether the channel ${name} may be heard at all: [access] channels and
 * the environment of the process list it.
 */
bool hub_conf_serves(const struct hub *hub, const char *name);

/**
 * hub_feeds_init(hub):
 * Prepare the feeds of ${hub}, which has a loop.  Return 0, or -1 with ENOMEM.
 */
int hub_feeds_init(struct hub *hub);

/**
 * hub_take_init(hub):
 * The folder was looked for: take what comes in by its pipes and drop folders,
 * if this process serves many viewers.
 */
void hub_take_init(struct hub *hub);

/**
 * hub_take_for(hub, channel):
 * Somebody asks for ${channel}: take what there is for it, and what comes from
 * now on, also in a process for one viewer, which may be the only one.
 */
void hub_take_for(struct hub *hub, struct channel *channel);

/**
 * hub_rotate_init(hub):
 * The configuration is there: if it asks for rotation, see to it from now on.
 */
void hub_rotate_init(struct hub *hub);

/**
 * hub_rotate_news(hub, channel):
 * There may be more in ${channel}: rotate it if it is due.
 */
void hub_rotate_news(struct hub *hub, struct channel *channel);

#endif
