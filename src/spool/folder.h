/*
 * The spool folder: which channels there are, and what changes in them.
 *
 * A channel that somebody listens to is held open; its owner is told when there
 * may be more to read.  Where inotify cannot tell (instances used up, network
 * file systems) everything in use is polled, the more often the more there is
 * that is new, and at least once a second; but if a look takes long, for no
 * more than half of the time.
 */
#ifndef SPOOLCAST_SPOOL_FOLDER_H
#define SPOOLCAST_SPOOL_FOLDER_H

#include <sys/stat.h>

#include <dirent.h>
#include <ev.h>
#include <stdbool.h>

#include "base/log.h"
#include "base/name.h"
#include "base/rnd.h"
#include "base/table.h"
#include "spool/form.h"
#include "spool/names.h"
#include "spool/series_list.h"
#include "spool/watch.h"

struct folder;

/* The watch on a segment, by which its channel is told that it grows. */
struct channel_watch {
	struct watch_file file;
	struct channel *channel;
	struct timespec polled_mtime;
	off_t polled_size; /* -1: not polled yet */
};

/*
 * From so many arrivals on, or if nobody knows how many there were, the first
 * of them was not seen.
 */
#define ARRIVALS_MANY 2

/* A channel in use. */
struct channel {
	struct table_entry by_name;
	struct folder *folder;
	unsigned refs;
	uint32_t tag;
	char name[NAME_MAX_LEN + 1];
	enum trust_links links;	   /* which are followed to an append file */
	const struct form *form;   /* of its log; NULL: there is none yet */
	bool has_ended;		   /* NAME.end is there */
	bool is_shadow_told;	   /* another form is there; the log told it */
	struct segment *segment;   /* the newest; NULL: no file yet */
	struct segment *before;	   /* the one before; NULL: none */
	const struct form *opened; /* its form when the newest was opened */
	struct list segments;	   /* all that are open, once each */
	struct series_list list;   /* of segments with a name; made if needed */
	bool is_same_told;	   /* the log has it that one has two names */
	struct list users;	   /* for the owner: the feeds that read it */

	struct channel_watch watch;	   /* of the newest segment */
	struct channel_watch before_watch; /* writers may still append to it */
	struct list dirty;		   /* in folder->dirty, or in no list */
	struct list in_look;		   /* in looked_at or to_look_at */
	struct list in_missing;		   /* in missing, to_find or none */
	unsigned look_no;   /* the number of the last look at all that it had */
	unsigned follow_no; /* folder->follow_no when its watch was set */
	bool needs_look;    /* the name may stand for another file now */
	/*
	 * How many files have taken its name since the newest was opened; of
	 * several, only the last is seen.
	 */
	unsigned arrivals;
	uint64_t turns;	   /* how many segments were the newest, one by one */
	bool is_early;	   /* the newest was seen before its arrival was told */
	bool is_gone;	   /* there was a file, but no segment is left */
	bool is_missing;   /* its file is gone, unreadable or a dead link */
	int open_errno;	   /* why it cannot be opened, as logged last */
	int64_t rotate_ms; /* for the owner: do not rotate it before then */
};

/*
 * What the owner of a folder is told.  on_channel and on_name may use and drop
 * channels.
 */
struct folder_ops {
	/* There may be more to read, or it has ended or was reopened. */
	void (*on_channel)(void *cookie, struct channel *channel);
	/* A channel may have come to exist; it may be in use already. */
	void (*on_name)(void *cookie, const char *name);
	/*
	 * Return which links are followed to the files of the channel ${name};
	 * NULL: those of owners (TRUST_OWNER).
	 */
	enum trust_links (*links)(void *cookie, const char *name);
	/* Return whether anybody wants to be told of names; NULL: yes. */
	bool (*wants_names)(void *cookie);
	/*
	 * The file ${file} came to the folder, went, or has other rights now,
	 * while the folder is followed.  This function may only take note.
	 * NULL: nobody wants to know.
	 */
	void (*on_file)(void *cookie, const char *file);
	/* Anything may have come or gone; this may be NULL, too. */
	void (*on_lost)(void *cookie);
};

/*
 * What the path of a file has beside that of its folder: slashes, our folder, a
 * name, a suffix, a number, a NUL.
 */
#define FOLDER_FILE_ROOM (NAME_MAX_LEN + 48)

/* So many refused links are remembered, to be told in the log once. */
#define FOLDER_LINKS_TOLD 16

struct folder {
	struct ev_loop *loop;
	char *path;
	char *file; /* memory for folder_file */
	/*
	 * Which folder this is.  No descriptor of it is kept: inotify would
	 * not tell that it was removed.
	 */
	bool is_there;
	bool is_followed; /* changes are told */
	dev_t dev;
	ino_t ino;
	const struct folder_ops *ops;
	void *cookie;
	struct table channels;
	unsigned n_channels;
	struct list dirty;  /* channels of which something was told */
	bool is_lost;	    /* everything has to be looked at */
	bool has_overflown; /* inotify lost events since the last such look */
	unsigned follow_no; /* how often following it began */

	/*
	 * A look at everything goes on over many turns of the loop.  These are
	 * the channels that had it, and those that are still to have it.
	 */
	struct list looked_at;
	struct list to_look_at;
	unsigned look_no;
	bool look_tells;      /* tell of all channels; else of changed ones */
	bool look_polls;      /* see whether they grew, too */
	bool look_overflows;  /* files may have come that nobody told of */
	struct list missing;  /* channels that are waited for */
	struct list to_find;  /* those of them to be looked for now */
	DIR *names;	      /* the folder while its names are read, or NULL */
	bool must_list;	      /* the names are to be read (once more) */
	bool must_tell_names; /* tell of each name in the next reading */
	bool tells_names;     /* the same for the one under way */
	bool keeps_names;     /* names are to be kept: somebody listed them */
	bool keeps_now;	      /* names that are read now are kept */
	bool lacks_some;      /* some went since that reading began */
	bool are_too_many;    /* there are too many names to keep them */
	bool is_listed;	      /* kept is being visited and must not change */
	bool has_kept;	      /* kept has all names, and follows changes */
	bool has_news;	      /* the look of polling found something */
	struct names kept;
	ev_timer more;	 /* for the next turn of all these looks */
	int64_t look_ms; /* how long the look of polling took */
	struct log_quota quota;
	ino_t links_told[FOLDER_LINKS_TOLD];
	unsigned next_told; /* the next entry of links_told to be used */
	struct watch watch;
	const struct watch_ops *watch_ops;
	struct watch_dir own; /* where journals are, if one is in use */
	ev_timer poll; /* set while ${is_polling}, except during a look */
	double poll_s; /* until the next look, at most */
	struct rnd rnd;
	bool is_polling;
	bool is_waiting;    /* polling only until something is there again */
	bool is_polled_now; /* a look of polling is under way */
	bool must_wait;	    /* since that look began, something was missing */
	struct timespec polled_mtime; /* of the folder */
	int open_errno;		      /* why it is not there, as logged */
};

/**
 * folder_init(folder, loop, path, ops, cookie):
 * Prepare ${folder} for the spool at ${path} (copied); it need not exist yet.
 * Return 0, or -1 with ENOMEM.
 */
int folder_init(struct folder *folder, struct ev_loop *loop, const char *path,
    const struct folder_ops *ops, void *cookie);

/**
 * folder_free(folder):
 * Release everything; no channel may be in use any more.
 */
void folder_free(struct folder *folder);

/**
 * folder_open(folder):
 * Make sure that the folder is there; if it is another one than before, the
 * owner is told of every channel, see folder_look.  Return 0, or -1 with errno
 * if it cannot be read now.
 */
int folder_open(struct folder *folder);

/**
 * folder_follow(folder):
 * Tell of changes from now on.  That has a price: a user has 128 instances of
 * inotify, and to end one takes the kernel milliseconds.  So a process that
 * only answers does without.  Return whether this began just now; then the
 * owner is told of every channel, see folder_look, as anything may have changed
 * since folder_open.
 */
bool folder_follow(struct folder *folder);

/**
 * folder_channel(folder, name):
 * Return the channel ${name}, a valid name, with one more reference; its file
 * need not exist.  NULL with errno (ENOMEM).
 */
struct channel *folder_channel(struct folder *folder, const char *name);

/**
 * channel_unref(channel):
 * Give up a reference; the last one closes the channel.
 */
void channel_unref(struct channel *channel);

/**
 * channel_memory(void):
 * Return how many bytes all channels of the process take.
 */
size_t channel_memory(void);

/**
 * channel_look(channel):
 * See which file the channel's name stands for now and whether it has ended.
 * Return whether anything is different from what it was.  A file that took the
 * name of another is the newest segment then.
 */
bool channel_look(struct channel *channel);

/**
 * channel_follow(channel):
 * Start to watch the file of ${channel}, if it has one.
 */
void channel_follow(struct channel *channel);

/**
 * folder_mark_dirty(channel):
 * Note that there may be news in ${channel}, for folder_look.
 */
void folder_mark_dirty(struct channel *channel);

/**
 * folder_find(folder, name):
 * Return the channel ${name} if it is in use, without a further reference; else
 * NULL.
 */
struct channel *folder_find(struct folder *folder, const char *name);

/**
 * folder_look(folder):
 * Look at all that was noted, and tell the owner what news there may be: as
 * much as 2 ms allow now, and the rest in the next turns of the loop.
 */
void folder_look(struct folder *folder);

/**
 * folder_poll(folder, why):
 * Look at everything from time to time from now on; ${why} goes to the log.
 */
void folder_poll(struct folder *folder, const char *why);

/**
 * folder_poll_wait(folder):
 * Look from time to time until the folder, and every file in use that is gone,
 * is there again.  While we hold a removed file open, inotify does not tell
 * that its folder was removed, too.
 */
void folder_poll_wait(struct folder *folder);

/**
 * folder_file(folder, name, suffix):
 * Return the path of the file ${name}${suffix} in ${folder}, valid until the
 * next call; ${name} is a channel name.
 */
const char *folder_file(
    struct folder *folder, const char *name, const char *suffix);

/**
 * folder_log(folder, form, name):
 * Return the path of the newest segment of the channel ${name}, which has the
 * form ${form}; valid as long as that of folder_file.
 */
char *folder_log(
    struct folder *folder, const struct form *form, const char *name);

/**
 * folder_sign_of(file, out):
 * If ${file} shows that a channel exists, as for folder_has, put the name of
 * that channel into ${out}.  Return which of several such files it is, 0 to 7,
 * or -1 if it is none.
 */
int folder_sign_of(const char *file, char out[NAME_MAX_LEN + 1]);

/**
 * folder_form(folder, name, st):
 * Return the form of the channel ${name}, with what it was found by in ${st};
 * NULL if there is none (ENOENT), or with what the system refused in errno;
 * ELOOP: there is a link that is not followed.
 */
const struct form *folder_form(
    struct folder *folder, const char *name, struct stat *st);

/**
 * folder_links(folder, name):
 * Return which links are followed to the append files of the channel ${name}.
 */
enum trust_links folder_links(const struct folder *folder, const char *name);

/**
 * folder_form_links(form, links):
 * Return which links are followed to a log of ${form}, where ${links} says
 * which are followed to append files: none to what is in our own folder.
 */
enum trust_links folder_form_links(
    const struct form *form, enum trust_links links);

/**
 * folder_tell_link(folder, name):
 * Say in the log, once, that a link to a file of the channel ${name} was
 * refused: the one that trust_refusal tells of.
 */
void folder_tell_link(struct folder *folder, const char *name);

/**
 * folder_tell_shadowed(quota, name, suffix, form):
 * Say in the log, if ${quota} allows, that the file ${name}${suffix} is not
 * read, as the channel ${name} consists of ${form}.
 */
void folder_tell_shadowed(struct log_quota *quota, const char *name,
    const char *suffix, const struct form *form);

/**
 * folder_left(folder, name):
 * Return the form of the channel ${name}, whose pipe or drop folder is gone, by
 * the journal that it left; NULL with ENOENT if there is none.
 */
const struct form *folder_left(struct folder *folder, const char *name);

/**
 * folder_has(folder, name):
 * Return whether the channel ${name} exists, if only by an older segment, as
 * between two steps of a rotation.
 */
bool folder_has(struct folder *folder, const char *name);

/**
 * folder_list(folder, visit, cookie):
 * Call ${visit} with the name of each channel that exists, as for folder_has; a
 * name may come twice, and one that went just now may come.  Once this was
 * called for a folder that is followed, its names are kept in memory, and the
 * next call does not read the folder.  ${visit} must not lead to folder_look.
 * Stop when it returns other than 0 and return that; 0 at the end, or -1 with
 * errno.
 */
int folder_list(struct folder *folder,
    int (*visit)(void *cookie, const char *name), void *cookie);

#endif
