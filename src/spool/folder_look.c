/*
 * This file looks at the channels in use and at the names in the folder.  As
 * there may be any number of them, it does so in short turns.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timer.h"
#include "spool/channel_log.h"
#include "spool/folder_parts.h"

/* A turn takes so many ms at most, so that viewers need not wait. */
#define TURN_MS 2

/* Return whether names came or went, or the folder is another one now. */
static bool
poll_folder(struct folder *folder)
{
	struct stat st;
	bool changed;

	if (stat(folder->path, &st) != 0 || !folder->is_there)
		return true;
	/* A change right after another may leave the time as it is. */
	changed = llabs(clock_wall_s() - st.st_mtim.tv_sec) < 2 ||
	    st.st_ino != folder->ino || st.st_dev != folder->dev ||
	    memcmp(&st.st_mtim, &folder->polled_mtime, sizeof(st.st_mtim)) != 0;
	folder->polled_mtime = st.st_mtim;
	return changed;
}

static void
on_poll(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct folder *folder = timer->data;

	(void)loop;
	(void)revents;
	folder->must_wait = folder->has_news = false;
	folder->is_polled_now = true;
	folder->look_ms = 0;
	/* If we only wait for something, the kernel tells of the rest. */
	if (folder->is_waiting) {
		folder->is_lost |= !folder_there_is(folder);
		folder_look_for_missing(folder);
	} else {
		folder->is_lost |= poll_folder(folder);
		folder_look_at_all(folder, true);
	}
	folder_look(folder);
}

static void
on_more(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	folder_look(timer->data);
}

void
folder_look_init(struct folder *folder)
{
	list_init(&folder->dirty);
	list_init(&folder->looked_at);
	list_init(&folder->to_look_at);
	list_init(&folder->missing);
	list_init(&folder->to_find);
	timer_init(&folder->more, on_more, folder);
	folder_poll_init(folder, on_poll);
}

/* Read the names no further. */
static void
end_names(struct folder *folder)
{
	if (folder->names != NULL)
		closedir(folder->names);
	folder->names = NULL;
}

void
folder_look_end(struct folder *folder)
{
	ev_timer_stop(folder->loop, &folder->more);
	end_names(folder);
	folder_list_forget(folder);
}

void
folder_look_at_all(struct folder *folder, bool is_poll)
{
	/* If the last look is under way, the channels it lacks get both. */
	if (list_is_empty(&folder->to_look_at))
		folder->look_tells = folder->look_polls = false;
	folder->look_tells = folder->look_tells || !is_poll;
	folder->look_polls = folder->look_polls || is_poll;
	list_append(&folder->to_look_at, &folder->looked_at);
}

void
folder_look_for_missing(struct folder *folder)
{
	list_append(&folder->to_find, &folder->missing);
}

/* Anything may have happened: begin to look at everything. */
static void
begin(struct folder *folder)
{
	if (!folder_there_is(folder))
		(void)folder_there_reopen(folder);
	folder->is_lost = false;
	if (folder->ops->on_lost != NULL)
		folder->ops->on_lost(folder->cookie);
	/* A look that is under way still has to make up for its own losses. */
	if (list_is_empty(&folder->to_look_at))
		folder->look_overflows = false;
	folder->look_overflows =
	    folder->look_overflows || folder->has_overflown;
	folder->has_overflown = false;
	folder->look_no++;
	folder_look_at_all(folder, false);
	if (folder->ops->wants_names == NULL ||
	    folder->ops->wants_names(folder->cookie))
		folder->must_tell_names = true;
	/* Until they are read, the names that are kept may be wrong. */
	folder_list_forget(folder);
	folder->must_list = folder->must_tell_names || folder->keeps_names;
}

static void
tell(struct channel *channel)
{
	/* Names that were told of during the look need another one. */
	if (!channel->needs_look)
		list_remove(&channel->dirty);
	channel->folder->ops->on_channel(channel->folder->cookie, channel);
}

/*
 * Look at ${channel}, or poll it; return whether that found anything.  What the
 * kernel told until then is known first: files that came and went count, and a
 * file that is seen before it was told of would be taken for one of those.
 */
static bool
look_at(struct channel *channel, bool is_poll)
{
	struct watch *watch = &channel->folder->watch;
	struct segment *old = segment_ref(channel->segment);
	bool is_news;

	(void)watch_tell(watch);
	is_news = is_poll ? channel_poll(channel) : channel_look(channel);
	if (old != NULL && channel->segment != old) {
		/* Another one may have come just before the newest did. */
		if (!watch_tell(watch) || channel->arrivals > 0)
			channel_log_unlink(old);
	}
	segment_drop(&old);
	return is_news;
}

/*
 * Look at the next channel of which something was told, and tell of it.  Return
 * whether there was one.
 */
static bool
look_at_dirty(struct folder *folder)
{
	struct channel *channel;

	if (list_is_empty(&folder->dirty))
		return false;
	channel = LIST_OF(folder->dirty.next, struct channel, dirty);
	if (channel->needs_look)
		(void)look_at(channel, false);
	tell(channel);
	return true;
}

/*
 * See whether the next channel that is waited for is there.  Return whether
 * there was one to look for.
 */
static bool
look_for_next(struct folder *folder)
{
	struct channel *channel;

	if (list_is_empty(&folder->to_find))
		return false;
	channel = LIST_OF(folder->to_find.next, struct channel, in_missing);
	list_remove(&channel->in_missing);
	list_push(&folder->missing, &channel->in_missing);
	if (look_at(channel, true)) {
		folder->has_news = true;
		tell(channel);
	}
	return true;
}

/* Look at the next of all channels.  Return whether there was one. */
static bool
look_at_next(struct folder *folder)
{
	struct channel *channel;
	bool is_news;

	if (list_is_empty(&folder->to_look_at))
		return false;
	channel = LIST_OF(folder->to_look_at.next, struct channel, in_look);
	list_remove(&channel->in_look);
	list_push(&folder->looked_at, &channel->in_look);
	/* Watch it first, so that we are told of what comes after the look. */
	if (channel->follow_no != folder->follow_no)
		channel_follow(channel);
	is_news = look_at(channel, folder->look_polls);
	channel->look_no = folder->look_no;
	folder->has_news = folder->has_news || is_news;
	if (is_news || folder->look_tells)
		tell(channel);
	return true;
}

/* Begin to read the names; the watch tells of those that come later. */
static void
begin_names(struct folder *folder)
{
	folder->must_list = false;
	folder->tells_names = folder->must_tell_names;
	folder->must_tell_names = false;
	folder_list_forget(folder);
	folder->names = opendir(folder->path);
	folder->keeps_now = folder->keeps_names && folder->names != NULL;
}

/*
 * Read the next name in the folder, keep it, and tell of it.  Return whether
 * there may be more.
 */
static bool
see_name(struct folder *folder)
{
	char name[NAME_MAX_LEN + 1];
	const struct dirent *entry;

	if (folder->names == NULL && folder->must_list)
		begin_names(folder);
	if (folder->names == NULL)
		return false;
	if ((entry = readdir(folder->names)) == NULL) {
		end_names(folder);
		folder->has_kept = folder->keeps_now;
		folder->keeps_now = false;
	} else if (folder_sign_of(entry->d_name, name) != -1) {
		folder_list_find(folder, dirfd(folder->names), entry->d_name);
		if (folder->tells_names)
			folder->ops->on_name(folder->cookie, name);
	}
	return true;
}

/*
 * Do one thing of each kind, so that none has to wait for all of another.
 * Return whether there is more to do.
 */
static bool
step(struct folder *folder)
{
	bool is_more = look_at_dirty(folder);

	is_more = look_for_next(folder) || is_more;
	is_more = look_at_next(folder) || is_more;
	return see_name(folder) || is_more;
}

void
folder_look(struct folder *folder)
{
	int64_t from_ms = clock_mono_ms(), now_ms = from_ms;
	bool is_more;

	/* While folder_list goes through the names, they must not change. */
	if (folder->is_listed) {
		timer_set_first(folder->loop, &folder->more, 0.);
		return;
	}
	if (folder->is_lost)
		begin(folder);
	while ((is_more = step(folder)) && now_ms < from_ms + TURN_MS)
		now_ms = clock_mono_ms();
	folder->look_ms += now_ms - from_ms;
	/* A look may have been told that something was lost. */
	if (is_more || folder->is_lost)
		timer_set_first(folder->loop, &folder->more, 0.);
	else if (folder->is_polled_now)
		folder_poll_done(folder);
}
