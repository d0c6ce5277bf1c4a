/*
 * The files of this module share what is declared here; no others use it.
 */
#ifndef SPOOLCAST_SPOOL_FOLDER_PARTS_H
#define SPOOLCAST_SPOOL_FOLDER_PARTS_H

#include "base/timer.h"
#include "spool/folder.h"

/**
 * folder_there_reopen(folder), folder_there_is(folder):
 * The first opens the folder that has the path now, as folder_open does, but
 * tells nobody yet.  The second returns whether the folder that was opened is
 * still the one that has the path.
 */
int folder_there_reopen(struct folder *folder);
bool folder_there_is(const struct folder *folder);

/**
 * folder_there_follow(folder, fd):
 * Follow the folder that is open as ${fd}, and, one after the other, the
 * channels in use.
 */
void folder_there_follow(struct folder *folder, int fd);

/**
 * folder_look_init(folder), folder_look_end(folder):
 * Prepare to look at channels and names, once; and end that.
 */
void folder_look_init(struct folder *folder);
void folder_look_end(struct folder *folder);

/**
 * folder_look_at_all(folder, is_poll):
 * Have folder_look look at all channels and tell of each; or, if ${is_poll}, of
 * those that changed or grew.
 */
void folder_look_at_all(struct folder *folder, bool is_poll);

/**
 * folder_look_for_missing(folder):
 * Have folder_look look at those channels that are waited for.
 */
void folder_look_for_missing(struct folder *folder);

/**
 * folder_poll_done(folder):
 * The look that polling began is over: set when to look next.
 */
void folder_poll_done(struct folder *folder);

/**
 * folder_poll_init(folder, on_poll), folder_poll_end(folder):
 * The first prepares to poll, once, before anything else, by calls of
 * ${on_poll}.  The second ends polling until it is asked for again.
 */
void folder_poll_init(struct folder *folder, timer_run *on_poll);
void folder_poll_end(struct folder *folder);

/**
 * folder_list_keep(folder, file, what), folder_list_find(folder, dir_fd, file):
 * For folder_list, note that ${what} happened to the name ${file}; or that
 * ${file} was read in the folder ${dir_fd}.
 */
void folder_list_keep(
    struct folder *folder, const char *file, enum watch_name what);
void folder_list_find(struct folder *folder, int dir_fd, const char *file);

/**
 * folder_list_forget(folder):
 * Keep none of the names until they are read again.
 */
void folder_list_forget(struct folder *folder);

/**
 * channel_poll(channel):
 * As channel_look, but return true also if a file of the channel was written to
 * since the last call.
 */
bool channel_poll(struct channel *channel);

/**
 * folder_own_init(folder), folder_own_follow(folder), folder_own_leave(folder):
 * The first prepares to follow our own folder.  The second follows it, if the
 * spool is followed and our folder is there: a journal that appears in it, or
 * takes the name of another, makes its channel look.  The third follows it no
 * more.
 */
void folder_own_init(struct folder *folder);
void folder_own_follow(struct folder *folder);
void folder_own_leave(struct folder *folder);

/**
 * channel_new(folder, name), channel_free(channel):
 * Make a channel that is not in ${folder} yet; destroy one that is in no folder
 * any more; for folder.c.
 */
struct channel *channel_new(struct folder *folder, const char *name);
void channel_free(struct channel *channel);

#endif
