#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed/feed.h"
#include "feed/feeds.h"

/* What malloc adds to each piece of memory. */
#define PIECE_BYTES ((size_t)16)
#define MEMBER_BYTES                                                           \
	(sizeof(struct member) + sizeof(struct member *) + PIECE_BYTES)

/* What all feeds take. */
static size_t memory;

size_t
feed_memory(void)
{
	return memory;
}

static uint64_t
key_hash(const struct buf *key)
{
	return table_hash(key->data, key->len);
}

static int
compare_texts(const void *a, const void *b)
{
	const char *const *text_a = a, *const *text_b = b;

	return strcmp(*text_a, *text_b);
}

/* Append the texts of ${list} in order, each with its NUL, then one more. */
static int
append_sorted(struct buf *key, const struct text_list *list)
{
	const char **texts;
	size_t n = 0;
	int rc = 0;

	/* Most are in order: one channel, and no types. */
	if (list->count < 2)
		return buf_append(key, list->texts.data, list->texts.len) == 0 ?
		    buf_append(key, "", 1) :
		    -1;
	if ((texts = calloc(list->count, sizeof(*texts))) == NULL)
		return -1;
	TEXT_LIST_EACH (text, list)
		texts[n++] = text;
	qsort(texts, n, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = buf_append(key, texts[i], strlen(texts[i]) + 1);
	free(texts);
	return rc != 0 ? -1 : buf_append(key, "", 1);
}

static struct feed *
find(struct feeds *feeds, const struct buf *key)
{
	struct table_entry *entry = table_first(&feeds->by_key, key_hash(key));

	for (; entry != NULL; entry = table_next(entry)) {
		struct feed *feed = TABLE_OF(entry, struct feed, by_key);

		if (feed->key.len == key->len &&
		    memcmp(feed->key.data, key->data, key->len) == 0)
			return feed;
	}
	return NULL;
}

static bool
has_member(const struct feed *feed, const char *name)
{
	for (size_t i = 0; i < feed->n_members; i++) {
		if (strcmp(feed->members[i]->channel->name, name) == 0)
			return true;
	}
	return false;
}

/* Whether a channel that a pattern brought in has no file any more. */
static bool
is_outdated(const struct feed *feed)
{
	for (size_t i = 0; i < feed->n_members; i++) {
		if (feed->members[i]->channel->is_gone &&
		    feed_selects(feed, feed->members[i]->channel->name))
			return true;
	}
	return false;
}

/* Let new viewers get another feed, of what is there now; its viewers stay. */
static void
retire(struct feed *feed)
{
	if (feed->is_retired)
		return;
	feed->is_retired = true;
	table_remove(&feed->feeds->by_key, &feed->by_key);
}

static int
add_member(struct feed *feed, const char *name)
{
	struct feeds *feeds = feed->feeds;
	const size_t most =
	    feeds->ops->settings(feeds->cookie, NULL)->channels_per_stream;
	struct member **larger, *member;
	int saved;

	if (feed->n_members >= most) {
		errno = E2BIG;
		return -1;
	}
	/* A larger list without a new member does no harm if the rest fails. */
	larger = realloc(
	    feed->members, (feed->n_members + 1) * sizeof(struct member *));
	if (larger == NULL)
		return -1;
	feed->members = larger;
	if ((member = calloc(1, sizeof(*member))) == NULL)
		return -1;
	member->feed = feed;
	member->settings = feeds->ops->settings(feeds->cookie, name);
	member->channel = folder_channel(feeds->folder, name);
	if (member->channel == NULL) {
		saved = errno;
		free(member);
		errno = saved;
		return -1;
	}
	list_init(&member->node);
	list_push(&member->channel->users, &member->node);
	feeds->ops->on_member(feeds->cookie, member->channel);
	feed->members[feed->n_members++] = member;
	memory += MEMBER_BYTES;
	return 0;
}

bool
feed_selects(const struct feed *feed, const char *name)
{
	TEXT_LIST_EACH (pattern, &feed->patterns) {
		if (name_matches(pattern, name))
			return mount_has(&feed->mounts, name) &&
			    feed->feeds->ops->serves(feed->feeds->cookie, name);
	}
	return false;
}

static bool
is_new(const struct feed *feed, const char *name)
{
	return feed_selects(feed, name) && !has_member(feed, name) &&
	    folder_has(feed->feeds->folder, name);
}

bool
feed_offer(struct feed *feed, const char *name)
{
	if (feed->is_over_full || !is_new(feed, name))
		return false;
	if (add_member(feed, name) == 0)
		return true;
	if (errno == E2BIG && log_may(feed->feeds->log, LOG_ABOUT_PEERS))
		log_msg(LOG_LEVEL_WARN,
		    "event=pattern-full channel=%s remedy=\"raise [limits] "
		    "channels_per_stream\"",
		    name);
	feed->is_over_full = true;
	retire(feed);
	return true;
}

static int
visit_existing(void *cookie, const char *name)
{
	struct feed *feed = cookie;

	return is_new(feed, name) ? add_member(feed, name) : 0;
}

static int
fill(struct feed *feed, const struct request *request)
{
	if (text_list_add_all(&feed->mounts, &request->mount.lists) != 0)
		return -1;
	TEXT_LIST_EACH (name, &request->channels) {
		int rc;

		if (name_is_pattern(name, strlen(name)))
			rc = text_list_add(&feed->patterns, name, strlen(name));
		else
			rc = add_member(feed, name);
		if (rc != 0)
			return -1;
	}
	if (feed->patterns.count > 0 &&
	    folder_list(feed->feeds->folder, visit_existing, feed) != 0)
		return -1;
	return text_list_add_all(&feed->types, &request->types);
}

/* What ${feed} takes without its members. */
static size_t
own_memory(const struct feed *feed)
{
	return sizeof(*feed) + 4 * PIECE_BYTES + feed->patterns.texts.cap +
	    feed->types.texts.cap + feed->key.cap;
}

static void
destroy(struct feed *feed)
{
	window_stop(feed);
	for (size_t i = 0; i < feed->n_members; i++) {
		list_remove(&feed->members[i]->node);
		channel_unref(feed->members[i]->channel);
		free(feed->members[i]);
	}
	memory -= feed->n_members * MEMBER_BYTES + feed->counted;
	free(feed->members);
	list_remove(&feed->node);
	text_list_free(&feed->patterns);
	text_list_free(&feed->types);
	text_list_free(&feed->mounts);
	buf_free(&feed->key);
	free(feed);
}

static struct feed *
create(struct feeds *feeds, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    struct buf *key)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	int saved;

	if (feed == NULL)
		return NULL;
	feed->feeds = feeds;
	feed->refs = 1;
	feed->news = 1;
	list_init(&feed->node);
	list_init(&feed->waiting);
	feed->settings = settings;
	feed->format = request->format;
	feed->names_channel = request->names_channel;
	window_init(&feed->window, feed, collects, settings);
	if (fill(feed, request) != 0) {
		saved = errno;
		destroy(feed);
		errno = saved;
		return NULL;
	}
	/* Nothing can fail any more, so other viewers may find the feed. */
	feed->key = *key;
	memset(key, 0, sizeof(*key));
	feed->counted = own_memory(feed);
	memory += feed->counted;
	table_insert(&feeds->by_key, &feed->by_key, key_hash(&feed->key));
	if (feed->patterns.count > 0)
		list_push(&feeds->growing, &feed->node);
	return feed;
}

/* Look for changes, which nothing tells of while the folder is not followed. */
static void
look_again(struct feed *feed)
{
	for (size_t i = 0; i < feed->n_members; i++)
		channel_look(feed->members[i]->channel);
	/*
	 * A channel that cannot be taken in now is offered again when the
	 * folder is followed.
	 */
	if (feed->patterns.count > 0)
		(void)folder_list(feed->feeds->folder, visit_existing, feed);
	feed->news++;
}

/* Append all that viewers must have in common to be served by one feed. */
static int
append_key(struct buf *key, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    const struct wire *wire)
{
	if (append_sorted(key, &request->channels) != 0 ||
	    append_sorted(key, &request->types) != 0 ||
	    append_sorted(key, &request->mount.lists) != 0 ||
	    buf_append(key, &settings, sizeof(settings)) != 0 ||
	    buf_append(key, &collects, sizeof(collects)) != 0 ||
	    buf_append(key, &wire, sizeof(wire)) != 0 ||
	    buf_append(key, &request->format, sizeof(request->format)) != 0 ||
	    buf_append(key, &request->names_channel,
		sizeof(request->names_channel)) != 0)
		return -1;
	return 0;
}

/* The feed with ${key} that may take new viewers; NULL: there is none. */
static struct feed *
find_current(struct feeds *feeds, const struct buf *key)
{
	struct feed *feed = find(feeds, key);

	if (feed == NULL)
		return NULL;
	if (is_outdated(feed)) {
		retire(feed);
		return NULL;
	}
	if (!feeds->folder->is_followed)
		look_again(feed);
	return feed_ref(feed);
}

struct feed *
feed_find(struct feeds *feeds, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    const struct wire *wire)
{
	struct buf key = { 0 };
	struct feed *feed = NULL;

	if (append_key(&key, request, settings, collects, wire) == 0)
		feed = find_current(feeds, &key);
	buf_free(&key);
	return feed;
}

struct feed *
feed_get(struct feeds *feeds, const struct request *request,
    const struct settings *settings, enum window_collects collects,
    const struct wire *wire)
{
	struct buf key = { 0 };
	struct feed *feed = NULL;

	if (append_key(&key, request, settings, collects, wire) == 0 &&
	    (feed = find_current(feeds, &key)) == NULL &&
	    (feed = create(feeds, request, settings, collects, &key)) != NULL)
		feed->wire = wire;
	buf_free(&key);
	return feed;
}

const struct channel *
feed_missing(const struct feed *feed, size_t index)
{
	const struct channel *channel = feed->members[index]->channel;

	/* A file that was there before may be away only for a rotation. */
	if (channel->form != NULL || channel->is_gone ||
	    feed_selects(feed, channel->name))
		return NULL;
	return channel;
}

struct feed *
feed_ref(struct feed *feed)
{
	feed->refs++;
	return feed;
}

void
feed_unref(struct feed *feed)
{
	if (--feed->refs > 0)
		return;
	retire(feed);
	destroy(feed);
}

/* Whether ${cursor} is after the last record of ${member}. */
static bool
is_behind_all(const struct member *member, const struct cursor *cursor)
{
	struct segment *seg = member->channel->segment;
	struct position tail;

	switch (cursor->state) {
	case MARK_START:
		return seg == NULL;
	case MARK_LOST:
		return false;
	case MARK_AT:
		return cursor->segment == seg &&
		    segment_tail(seg, &tail) == 0 &&
		    cursor->at.offset >= tail.offset &&
		    (cursor->before == NULL ||
			(segment_tail(cursor->before, &tail) == 0 &&
			    cursor->before_at.offset >= tail.offset));
	}
	return false;
}

bool
feed_is_over(const struct place *place)
{
	struct feed *feed = place->feed;
	struct feeds *feeds = feed->feeds;
	static const struct cursor at_start = { .state = MARK_START };

	if (feed->patterns.count > 0)
		return false;
	for (size_t i = 0; i < feed->n_members; i++) {
		if (!feed->members[i]->channel->has_ended)
			return false;
	}
	for (size_t i = 0; i < feed->n_members; i++) {
		/* Nothing tells when all of that is in the log: look again. */
		if (feeds->ops->has_more(
			feeds->cookie, feed->members[i]->channel)) {
			feeds_retry(feed);
			return false;
		}
	}
	/* What was in the log when it was asked for more is looked at last. */
	for (size_t i = 0; i < feed->n_members; i++) {
		if (!is_behind_all(feed->members[i],
			i < place->n_cursors ? &place->cursors[i] : &at_start))
			return false;
	}
	return true;
}
