#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spool/watch.h"

#define SELF_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define COME_EVENTS (IN_CREATE | IN_MOVED_TO)
#define WENT_EVENTS (IN_MOVED_FROM | IN_DELETE)
#define NAME_EVENTS (COME_EVENTS | WENT_EVENTS)
#define FOLDER_EVENTS (NAME_EVENTS | IN_ATTRIB | SELF_EVENTS)
#define FILLED_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO)
#define FOLDER_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
/*
 * The buffer is on the stack of each process: it has room for 5 of the longest
 * names.
 */
#define BUFFER_BYTES 1536
#define EVENT_MAX (sizeof(struct inotify_event) + NAME_MAX + 1)
/* Events are read for so many ms before others have their turn. */
#define TURN_MS 2

/*
 * Use a keyed hash: anyone who makes files can choose which descriptors there
 * are.
 */
static uint64_t
hash_of(int descriptor)
{
	return table_hash(&descriptor, sizeof(descriptor));
}

static struct table_entry *
first_of(struct watch *watch, int descriptor)
{
	return table_first(&watch->files, hash_of(descriptor));
}

static struct table_entry *
first_dir(struct watch *watch, int descriptor)
{
	return table_first(&watch->dirs, hash_of(descriptor));
}

/* Tell those that watch the folder that it was moved or is gone. */
static void
lose_dir(struct watch *watch, int descriptor)
{
	struct table_entry *entry;

	inotify_rm_watch(watch->io.fd, descriptor);
	while ((entry = first_dir(watch, descriptor)) != NULL) {
		struct watch_dir *dir =
		    TABLE_OF(entry, struct watch_dir, by_descriptor);

		table_remove(&watch->dirs, entry);
		dir->descriptor = -1;
		dir->on_name(dir, NULL);
	}
}

static void
tell_dir(struct watch *watch, const struct inotify_event *event)
{
	struct table_entry *entry = first_dir(watch, event->wd);

	if (event->mask & FOLDER_GONE) {
		lose_dir(watch, event->wd);
		return;
	}
	for (; entry != NULL && event->len > 0; entry = table_next(entry)) {
		struct watch_dir *dir =
		    TABLE_OF(entry, struct watch_dir, by_descriptor);

		dir->on_name(dir, event->name);
	}
}

static void
tell_file(struct watch *watch, const struct inotify_event *event)
{
	struct table_entry *entry = first_of(watch, event->wd);

	for (; entry != NULL; entry = table_next(entry)) {
		struct watch_file *file =
		    TABLE_OF(entry, struct watch_file, by_descriptor);

		if (event->mask & IN_MODIFY)
			watch->ops->on_data(watch->cookie, file);
		else
			watch->ops->on_moved(watch->cookie, file);
	}
}

static void
tell(struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		if (log_allow(&watch->quota, clock_mono_ms()))
			log_msg(LOG_LEVEL_WARN,
			    "event=inotify-overflow remedy=\"raise "
			    "fs.inotify.max_queued_events\"");
		watch->ops->on_lost(watch->cookie, true);
	} else if (event->wd != watch->folder) {
		/* A descriptor stands for a further folder, or for files. */
		if (first_dir(watch, event->wd) != NULL)
			tell_dir(watch, event);
		else
			tell_file(watch, event);
	} else if (event->mask & FOLDER_GONE) {
		/*
		 * A folder that was moved away would still be watched, under
		 * another name.
		 */
		inotify_rm_watch(watch->io.fd, watch->folder);
		watch->folder = -1;
		watch->ops->on_lost(watch->cookie, false);
	} else if (event->len > 0) {
		watch->ops->on_name(watch->cookie, event->name,
		    event->mask & COME_EVENTS	  ? WATCH_CAME :
			event->mask & WENT_EVENTS ? WATCH_WENT :
						    WATCH_CHANGED);
	} else {
		/* The rights of the folder itself changed: all may look new. */
		watch->ops->on_lost(watch->cookie, false);
	}
}

/* Tell of the events in ${bytes}. */
static void
tell_all(struct watch *watch, char *bytes, ssize_t len)
{
	ssize_t at = 0;

	while (at < len) {
		struct inotify_event event;

		memcpy(&event, bytes + at, sizeof(event));
		tell(watch, (struct inotify_event *)(void *)(bytes + at));
		at += (ssize_t)(sizeof(event) + event.len);
	}
}

bool
watch_tell(struct watch *watch)
{
	union {
		char bytes[BUFFER_BYTES];
		struct inotify_event align;
	} buffer;
	int64_t until_ms = clock_mono_ms() + TURN_MS;
	ssize_t len;

	/* Room that is left in the buffer means that there was no more. */
	do {
		if (!watch_is_on(watch))
			return true;
		len = read(watch->io.fd, buffer.bytes, sizeof(buffer.bytes));
		if (len == -1) {
			if (errno != EAGAIN && errno != EINTR)
				log_errno(
				    LOG_LEVEL_ERROR, "event=inotify-read");
			return errno != EINTR;
		}
		tell_all(watch, buffer.bytes, len);
		if (len <= (ssize_t)(sizeof(buffer) - EVENT_MAX))
			return true;
	} while (clock_mono_ms() < until_ms);
	return false;
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct watch *watch = io->data;

	(void)loop;
	(void)revents;
	/* All that happened until now, before on_done looks what it led to. */
	(void)watch_tell(watch);
	watch->ops->on_done(watch->cookie);
}

int
watch_start(struct watch *watch, struct ev_loop *loop,
    const struct watch_ops *ops, void *cookie)
{
	int fd;

	memset(watch, 0, sizeof(*watch));
	watch->folder = -1;
	if ((fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1)
		return -1;
	if (table_init(&watch->files) != 0)
		goto err0;
	if (table_init(&watch->dirs) != 0)
		goto err1;
	watch->loop = loop;
	watch->ops = ops;
	watch->cookie = cookie;
	ev_io_init(&watch->io, on_readable, fd, EV_READ);
	watch->io.data = watch;
	ev_io_start(loop, &watch->io);
	return 0;

err1:
	table_free(&watch->files);
err0:
	fd_close(fd);
	return -1;
}

void
watch_stop(struct watch *watch)
{
	if (!watch_is_on(watch))
		return;
	ev_io_stop(watch->loop, &watch->io);
	close(watch->io.fd);
	table_free(&watch->files);
	table_free(&watch->dirs);
	watch->loop = NULL;
}

bool
watch_is_on(const struct watch *watch)
{
	return watch->loop != NULL;
}

int
watch_folder(struct watch *watch, const char *path)
{
	int descriptor = inotify_add_watch(watch->io.fd, path, FOLDER_EVENTS);

	if (descriptor == -1)
		return -1;
	if (watch->folder != -1 && watch->folder != descriptor)
		inotify_rm_watch(watch->io.fd, watch->folder);
	watch->folder = descriptor;
	return 0;
}

int
watch_add(struct watch *watch, struct watch_file *file, const char *path)
{
	int descriptor = inotify_add_watch(watch->io.fd, path, FILE_EVENTS);

	if (descriptor == -1)
		return -1;
	file->descriptor = descriptor;
	table_insert(&watch->files, &file->by_descriptor, hash_of(descriptor));
	return 0;
}

void
watch_remove(struct watch *watch, struct watch_file *file)
{
	if (file->descriptor == -1)
		return;
	table_remove(&watch->files, &file->by_descriptor);
	/* This fails if the file was deleted, which ended the watch. */
	if (first_of(watch, file->descriptor) == NULL)
		inotify_rm_watch(watch->io.fd, file->descriptor);
	file->descriptor = -1;
}

int
watch_add_dir(struct watch *watch, struct watch_dir *dir, const char *path,
    enum watch_what what)
{
	uint32_t events = what == WATCH_NAMES ? NAME_EVENTS : FILLED_EVENTS;
	int descriptor = inotify_add_watch(
	    watch->io.fd, path, events | SELF_EVENTS | IN_DONT_FOLLOW);

	if (descriptor == -1)
		return -1;
	dir->descriptor = descriptor;
	table_insert(&watch->dirs, &dir->by_descriptor, hash_of(descriptor));
	return 0;
}

void
watch_remove_dir(struct watch *watch, struct watch_dir *dir)
{
	if (dir->descriptor == -1)
		return;
	table_remove(&watch->dirs, &dir->by_descriptor);
	if (first_dir(watch, dir->descriptor) == NULL)
		inotify_rm_watch(watch->io.fd, dir->descriptor);
	dir->descriptor = -1;
}
