/*
 * The log of a channel: its segments, of which each is open once in a process.
 */
#ifndef SPOOLCAST_SPOOL_CHANNEL_LOG_H
#define SPOOLCAST_SPOOL_CHANNEL_LOG_H

#include "spool/folder.h"
#include "spool/series_list.h"

/* What became of the place that a position means. */
enum channel_place {
	CHANNEL_FOUND,
	CHANNEL_EXPIRED,  /* its segment is not kept any more */
	CHANNEL_REPLACED, /* the file has other bytes there now */
	CHANNEL_ERROR,	  /* errno says what the system refused */
};

/**
 * channel_log_series(channel):
 * Return the series of ${channel}, which has a form, valid until the next
 * folder_file.
 */
struct series channel_log_series(struct channel *channel);

/**
 * channel_log_path(channel, number):
 * Return the path of the segment ${number} of ${channel}, which has a form; it
 * is valid until the next folder_file, too.
 */
const char *channel_log_path(struct channel *channel, int number);

/**
 * channel_log_open(channel, number):
 * Return the segment ${number} with one more reference, or NULL with errno.
 */
struct segment *channel_log_open(struct channel *channel, int number);

/**
 * channel_log_find_older(channel):
 * Return whether ${channel} has a segment number 1: of the form that it has or,
 * if it has none, of any form.  The channel has that form then.
 */
bool channel_log_find_older(struct channel *channel);

/**
 * channel_log_has_older(channel):
 * Return whether ${channel} has a segment that was rotated away.
 */
bool channel_log_has_older(struct channel *channel);

/**
 * channel_log_look_before(channel, is_first):
 * See which segment comes before the newest.  With ${is_first}, the newest was
 * just opened, and nothing that was found before is relied on.  Return whether
 * it is another segment than it was.
 */
bool channel_log_look_before(struct channel *channel, bool is_first);

/**
 * channel_log_link(channel, old):
 * Note in ${old}, which was the newest segment until now, which one came after
 * it: channel_log_after needs that when ${old} has no name any more.
 */
void channel_log_link(struct channel *channel, struct segment *old);

/**
 * channel_log_unlink(old):
 * Take that back for an ${old} without a name: nobody knows what came after it.
 */
void channel_log_unlink(struct segment *old);

/**
 * channel_log_after(channel, seg, out), channel_log_before(channel, seg, out):
 * As series_list_after and series_list_before, but channel_log_after also finds
 * the segment that took the name of ${seg}, if ${seg} has no name any more.
 */
enum series_step channel_log_after(
    struct channel *channel, const struct segment *seg, struct segment **out);
enum series_step channel_log_before(
    struct channel *channel, const struct segment *seg, struct segment **out);

/**
 * channel_find_oldest(channel, out):
 * Open the oldest segment that can be opened, with one more reference in
 * ${out}.  Return 0, or -1 with ${out} NULL and errno as series_list_make has
 * it, or ESTALE (it was renamed meanwhile: call again).
 */
int channel_find_oldest(struct channel *channel, struct segment **out);

/**
 * channel_log_make_list(channel, series), channel_log_share(channel, seg):
 * The first makes sure that the list of the channel's segments says what is
 * there now; ${series} is what channel_log_series returned.  Return 0, or -1
 * with errno as series_list_make has it, or ESTALE.  The second returns the
 * open segment that stands for the same file as ${seg}, and takes over the
 * reference to ${seg}.  For channel_find.c.
 */
int channel_log_make_list(struct channel *channel, const struct series *series);
struct segment *channel_log_share(struct channel *channel, struct segment *seg);

/* A search among the segments that may be copies of a file that was cut. */
struct channel_copies {
	size_t tested; /* how many were tested; 0 at first */
	size_t most;   /* how many may be tested; 0: all */
};

/**
 * channel_find_copy(channel, seg, at, copies, out):
 * Find the copy of ${seg}, made before that was cut, which has the bytes of
 * ${at}; ${out} is it, with one more reference, or NULL if there is none.
 * Return 0 or -1: as series_list_make, ESTALE (the files were renamed
 * meanwhile, and the search begins again with the next call), or what the
 * system refused.
 */
int channel_find_copy(struct channel *channel, struct segment *seg,
    const struct position *at, struct channel_copies *copies,
    struct segment **out);

/**
 * channel_find_place(channel, at, copies, out):
 * Find the segment that the position ${at}, which is the end of a record, was
 * made in, or the copy that copytruncate made of it; with CHANNEL_FOUND ${out}
 * is it, with one more reference.  With CHANNEL_REPLACED, ${out} is the file
 * that has other bytes there now, with a reference, or NULL if there is no such
 * file.  CHANNEL_ERROR leaves errno as channel_find_copy does.
 */
enum channel_place channel_find_place(struct channel *channel,
    const struct position *at, struct channel_copies *copies,
    struct segment **out);

#endif
