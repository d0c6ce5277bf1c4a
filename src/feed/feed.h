/*
 * A feed is what viewers that asked for the same have in common: a set of
 * channels (named, or selected by patterns and growing) and a set of types.
 * The order in which they were asked for does not matter.
 */
#ifndef SPOOLCAST_FEED_FEED_H
#define SPOOLCAST_FEED_FEED_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/table.h"
#include "conf/conf.h"
#include "feed/place.h"
#include "feed/window.h"
#include "http/request.h"
#include "spool/folder.h"

struct feeds;
struct format;
struct wire;

/* A channel in a feed. */
struct member {
	struct list node; /* in channel->users */
	struct feed *feed;
	struct channel *channel;	 /* a reference */
	const struct settings *settings; /* of the channel */
};

struct feed {
	struct table_entry by_key; /* in feeds->by_key */
	struct list node;	   /* in feeds->growing, if it has patterns */
	struct feeds *feeds;
	const struct wire *wire; /* for which its batches are framed */
	unsigned refs;
	struct text_list patterns;
	struct text_list types;	 /* empty: all */
	struct text_list mounts; /* lists that narrow what patterns select */
	const struct format *format; /* in which it is spelled */
	struct buf key;
	struct list waiting; /* places at which somebody waits */
	size_t n_members;
	bool names_channel; /* as the type of each event */
	bool is_retired;    /* not for new viewers: its members are outdated */
	bool is_over_full;  /* viewers are to come back to another */
	bool must_retry;    /* something failed: wake it in a while */
	const struct settings *settings; /* of its viewers' first channel */
	struct window window;
	uint64_t news; /* counts the times that there may be something new */
	size_t turn;   /* which member is read first next time */
	struct member **members;
	size_t counted; /* bytes of memory, without the members */
};

/**
 * feed_get(feeds, request, settings, collects, wire):
 * Return the feed that serves ${request} to viewers with ${settings}, with one
 * more reference: one that is there, or a new one.  It collects news as
 * ${collects} says, and is framed for ${wire}.  NULL with errno: ENOMEM, E2BIG
 * (patterns select more channels than [limits] channels_per_stream), or what
 * the system said.
 */
struct feed *feed_get(struct feeds *feeds, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    const struct wire *wire);

/**
 * feed_memory(void):
 * Return how many bytes all feeds of the process take.
 */
size_t feed_memory(void);

/**
 * feed_find(feeds, request, settings, collects, wire):
 * As feed_get, but return only a feed that is there already; NULL: there is
 * none.
 */
struct feed *feed_find(struct feeds *feeds, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    const struct wire *wire);

/**
 * feed_missing(feed, index):
 * Return the channel of the member ${index} if it was asked for by its name and
 * does not exist; else NULL.
 */
const struct channel *feed_missing(const struct feed *feed, size_t index);

/**
 * feed_ref(feed), feed_unref(feed):
 * Add a reference and return ${feed}; give one up.
 */
struct feed *feed_ref(struct feed *feed);
void feed_unref(struct feed *feed);

/**
 * feed_selects(feed, name):
 * Return whether a pattern of ${feed} selects the channel ${name}, and whether
 * that may be heard at the address where the pattern was asked for.
 */
bool feed_selects(const struct feed *feed, const char *name);

/**
 * feed_offer(feed, name):
 * A channel called ${name} may exist: take it in if a pattern of ${feed}
 * selects it.  If there is no room, the viewers of ${feed} are to come back;
 * then they get a feed of the channels that are there, or are told that these
 * are too many.  Return whether the viewers of ${feed} are to be woken.
 */
bool feed_offer(struct feed *feed, const char *name);

/**
 * feed_is_over(place):
 * Return whether every channel has ended and ${place} is after all their
 * records; a feed with patterns is never over.
 */
bool feed_is_over(const struct place *place);

#endif
