#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/channel_log.h"
#include "spool/folder_parts.h"

/* If a file is renamed this often while we open it, we try again later. */
#define RENAMED_MAX 8

/*
 * This counts the channels of the process; CHANNEL_BYTES is the size of one,
 * with what malloc adds to it.
 */
static size_t n_channels;
#define CHANNEL_BYTES (sizeof(struct channel) + 16)

size_t
channel_memory(void)
{
	return n_channels * CHANNEL_BYTES + series_list_memory();
}

static void
init_watch(struct channel_watch *watch, struct channel *channel)
{
	watch->channel = channel;
	watch->file.descriptor = -1;
	watch->polled_size = -1;
}

struct channel *
channel_new(struct folder *folder, const char *name)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return NULL;
	n_channels++;
	channel->folder = folder;
	channel->refs = 1;
	channel->tag = mark_tag(name);
	channel->links = folder_links(folder, name);
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	list_init(&channel->users);
	list_init(&channel->dirty);
	list_init(&channel->in_look);
	list_init(&channel->in_missing);
	list_init(&channel->segments);
	channel->look_no = folder->look_no;
	channel->follow_no = folder->follow_no;
	init_watch(&channel->watch, channel);
	init_watch(&channel->before_watch, channel);
	channel_look(channel);
	/* The file was there before we watched: nobody tells of its arrival. */
	channel->is_early = false;
	return channel;
}

void
channel_free(struct channel *channel)
{
	struct watch *watch = &channel->folder->watch;

	watch_remove(watch, &channel->watch.file);
	watch_remove(watch, &channel->before_watch.file);
	list_remove(&channel->dirty);
	list_remove(&channel->in_look);
	list_remove(&channel->in_missing);
	segment_drop(&channel->segment);
	segment_drop(&channel->before);
	/* Readers may keep a segment: take it off the list that goes away. */
	LIST_EACH_SAFE (node, after, &channel->segments)
		list_remove(node);
	series_list_free(&channel->list);
	n_channels--;
	free(channel);
}

/* Note that a file is there but cannot be read (errno), and log why. */
static void
refuse(struct channel *channel)
{
	struct folder *folder = channel->folder;

	channel->is_missing = true;
	/* A refused link is logged by folder_tell_link. */
	if (errno != channel->open_errno && errno != ELOOP &&
	    log_allow(&folder->quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR,
		    "event=channel-unreadable channel=%s spool=\"%s\" "
		    "remedy=\"%s\"",
		    channel->name, folder->path,
		    errno == EACCES	? "let the web server's user read it" :
			errno == EMFILE ? "raise the limit of open files" :
					  "see the error; it is tried again");
	channel->open_errno = errno;
}

/* Return whether one of the channel's names is a link, to nothing yet. */
static bool
has_dangling_link(struct channel *channel)
{
	struct stat st;

	for (size_t i = 0; i < FORMS; i++) {
		if (lstat(folder_file(
			      channel->folder, channel->name, forms[i].suffix),
			&st) == 0 &&
		    S_ISLNK(st.st_mode))
			return true;
	}
	return false;
}

/*
 * Watch the file of ${seg}, which has ${path}.  In a sticky folder the kernel
 * may not follow a link that we follow (protected_symlinks, proc(5)); then we
 * watch the open file by its name in /proc.
 */
static int
add_watch(
    struct channel_watch *watch, const struct segment *seg, const char *path)
{
	struct watch *to = &watch->channel->folder->watch;
	char opened[32];
	int rc = watch_add(to, &watch->file, path);

	if (rc == 0 || errno != EACCES)
		return rc;
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", seg->fd);
	return watch_add(to, &watch->file, opened);
}

static void
watch_file(
    struct channel_watch *watch, const struct segment *seg, const char *path)
{
	struct folder *folder = watch->channel->folder;

	watch_remove(&folder->watch, &watch->file);
	watch->polled_size = -1;
	if (!watch_is_on(&folder->watch))
		return;
	/* ENOENT: it is gone; the folder's watch tells what comes next. */
	if (add_watch(watch, seg, path) != 0 && errno != ENOENT)
		folder_poll(folder,
		    "inotify watches used up, raise "
		    "fs.inotify.max_user_watches");
}

/* Watch the segment before the newest. */
static void
follow_before(struct channel *channel)
{
	const struct series series = channel_log_series(channel);
	int number =
	    series_find(&series, &channel->before->id, channel->before->number);

	/* Others may have renamed it by now: then there is one more look. */
	if (number != -1)
		watch_file(&channel->before_watch, channel->before,
		    channel_log_path(channel, number));
}

void
channel_follow(struct channel *channel)
{
	channel->follow_no = channel->folder->follow_no;
	/* If other files have the names by now, the next look finds out. */
	if (channel->segment != NULL)
		watch_file(&channel->watch, channel->segment,
		    channel_log_path(channel, 0));
	if (channel->before != NULL)
		follow_before(channel);
}

/*
 * See which segment comes before the newest, and watch it, too.  Return whether
 * it is another one than before.
 */
static bool
look_at_before(struct channel *channel, bool is_first)
{
	bool is_other = channel_log_look_before(channel, is_first);

	if (is_other && channel->before != NULL)
		follow_before(channel);
	else if (is_other)
		watch_remove(
		    &channel->folder->watch, &channel->before_watch.file);
	channel->segment->older = channel->before == NULL ?
	    (struct segment_id){ .ino = 0 } :
	    channel->before->id;
	return is_other;
}

/*
 * Open the newest segment, which had ${*number} a moment ago.  If it is renamed
 * meanwhile it has a higher number: then open the file with the lowest number
 * that there is, and set ${*number} to that.
 */
static struct segment *
open_newest(struct channel *channel, int *number)
{
	const struct series series = channel_log_series(channel);
	struct segment *seg = channel_log_open(channel, *number);

	for (int i = 0; i < RENAMED_MAX && seg == NULL && errno == ENOENT;
	     i++) {
		*number = series_higher(&series, -1);
		if (*number != -1)
			seg = channel_log_open(channel, *number);
	}
	return seg;
}

/* Make the file ${number} the newest segment.  Return whether that worked. */
static bool
open_segment(struct channel *channel, int number)
{
	struct segment *old = channel->segment;
	struct segment *seg = open_newest(channel, &number);

	if (seg == NULL) {
		refuse(channel);
		return false;
	}
	channel->open_errno = 0;
	channel->segment = seg;
	seg->turn = ++channel->turns;
	channel->is_early = channel->arrivals == 0;
	watch_file(&channel->watch, seg, channel_log_path(channel, number));
	(void)look_at_before(channel, true);
	/* A segment of another form belongs to another log: do not link it. */
	if (old != NULL && old != seg && channel->opened == channel->form)
		channel_log_link(channel, old);
	channel->opened = channel->form;
	segment_drop(&old);
	return true;
}

static bool
look_for_end(struct channel *channel)
{
	bool had_ended = channel->has_ended;
	struct stat st;

	/* A link counts as well, wherever it leads. */
	channel->has_ended =
	    lstat(folder_file(channel->folder, channel->name, ".end"), &st) ==
	    0;
	return channel->has_ended != had_ended;
}

/* Return the number that the newest segment we know has now, or -1. */
static int
number_of_newest(struct channel *channel)
{
	const struct series series = channel_log_series(channel);

	return series_find(
	    &series, &channel->segment->id, channel->segment->number);
}

/*
 * Return whether segment 1 came after the newest one we know, which has
 * ${number} now (-1: none).
 */
static bool
is_first_newer(struct channel *channel, int number)
{
	const struct series series = channel_log_series(channel);
	const struct segment *seg = channel->segment;
	struct segment_id id;

	if (seg == NULL || number > 1)
		return true;
	/*
	 * The newest one we know was removed.  Segment 1 is newer unless it is
	 * the one before that, or was born earlier.
	 */
	return number == -1 && series_look(&series, 1, &id) == 0 &&
	    (channel->before == NULL ||
		!segment_id_equal(&id, &channel->before->id)) &&
	    (id.birth_ns == 0 || id.birth_ns >= seg->id.birth_ns);
}

/*
 * Note that no file has the name of the newest segment: it is gone, or was
 * never there.  Return whether we found another newest segment, or another one
 * before it.
 */
static bool
miss_segment(struct channel *channel)
{
	bool has_older = channel_log_find_older(channel);
	int number = -1;

	channel->open_errno = 0;
	channel->is_gone = channel->segment != NULL && !has_older;
	channel->is_missing =
	    channel->segment != NULL || has_dangling_link(channel);
	if (!has_older)
		return false;
	if (channel->segment != NULL)
		number = number_of_newest(channel);
	/* Between two steps of a rotation segment 1 is the newest. */
	if (is_first_newer(channel, number))
		return open_segment(channel, 1);
	return number == 1 && look_at_before(channel, false);
}

/* Look at the newest segment.  Return whether it is another than before. */
static bool
look_at_newest(struct channel *channel)
{
	const struct series series = channel_log_series(channel);
	const struct segment *seg = channel->segment;
	struct segment_id id;

	if (series_look(&series, 0, &id) != 0) {
		if (errno == ENOENT)
			return miss_segment(channel);
		refuse(channel);
		return false;
	}
	if (seg == NULL || seg->form != series.form ||
	    !segment_id_equal(&seg->id, &id))
		return open_segment(channel, 0);
	channel->open_errno = 0;
	return look_at_before(channel, false);
}

/* Log that there is another append file of that name, which is not read. */
static void
look_for_shadowed(struct channel *channel)
{
	struct folder *folder = channel->folder;
	bool was_told = channel->is_shadow_told;
	struct stat st;

	channel->is_shadow_told = false;
	for (const struct form *form = channel->form + 1; form < forms + FORMS;
	     form++) {
		/* The taker tells of pipes and drop folders (take_names.c). */
		if (form->type != S_IFREG ||
		    trust_look(AT_FDCWD,
			folder_file(folder, channel->name, form->suffix),
			channel->links, &st) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		channel->is_shadow_told = true;
		if (!was_told)
			folder_tell_shadowed(&folder->quota, channel->name,
			    form->suffix, channel->form);
	}
}

bool
channel_look(struct channel *channel)
{
	struct folder *folder = channel->folder;
	unsigned refused = trust_refusal()->count;
	const struct form *form;
	bool is_new = false, is_end_new;
	struct stat st;

	channel->needs_look = false;
	/* Until the folder is opened, we could not watch what is in it. */
	if (!folder->is_there)
		return false;
	channel->is_missing = channel->is_gone = false;
	/* First: what was written before the end is there when this is. */
	is_end_new = look_for_end(channel);
	/*
	 * Events were lost, and the channel had no look since then: nobody
	 * knows how many files have come.
	 */
	if (folder->look_overflows && channel->look_no != folder->look_no)
		channel->arrivals = ARRIVALS_MANY;
	form = folder_form(folder, channel->name, &st);
	/* A pipe or drop folder that is gone may have left its journal. */
	if (form == NULL && errno == ENOENT)
		form = folder_left(folder, channel->name);
	if (form != NULL) {
		channel->form = form;
		/* Follow our folder first, to hear of what comes later. */
		if (form->dir[0] != '\0')
			folder_own_follow(folder);
		look_for_shadowed(channel);
		is_new = look_at_newest(channel);
	} else if (errno == ENOENT) {
		is_new = miss_segment(channel);
	} else {
		refuse(channel);
	}
	/* Files that came and went unseen count until there is one to see. */
	if (is_new || !channel->is_missing)
		channel->arrivals = 0;
	if (trust_refusal()->count != refused)
		folder_tell_link(folder, channel->name);
	/* Nothing tells when it can be opened: look for it at times. */
	list_remove(&channel->in_missing);
	if (channel->is_missing) {
		list_push(&folder->missing, &channel->in_missing);
		folder_poll_wait(folder);
	}
	return is_end_new || is_new;
}

/* Return whether ${seg} was written to since the last poll. */
static bool
poll_segment(const struct segment *seg, struct channel_watch *watch)
{
	struct stat st;

	if (seg == NULL || fstat(seg->fd, &st) != 0 ||
	    (st.st_size == watch->polled_size &&
		memcmp(&st.st_mtim, &watch->polled_mtime, sizeof(st.st_mtim)) ==
		    0))
		return false;
	watch->polled_size = st.st_size;
	watch->polled_mtime = st.st_mtim;
	return true;
}

bool
channel_poll(struct channel *channel)
{
	bool changed = channel_look(channel);

	changed = poll_segment(channel->segment, &channel->watch) || changed;
	return poll_segment(channel->before, &channel->before_watch) || changed;
}

void
channel_unref(struct channel *channel)
{
	if (--channel->refs > 0)
		return;
	channel->folder->n_channels--;
	table_remove(&channel->folder->channels, &channel->by_name);
	channel_free(channel);
}
