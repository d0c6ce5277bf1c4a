/*
 * The log of a channel: its segments, of which each is open once in a process.
 */
#ifndef SPOOLCAST_SOURCE_CHANNEL_LOG_H
#define SPOOLCAST_SOURCE_CHANNEL_LOG_H

#include "source/folder.h"
#include "spool/series_list.h"

/* What became of the place that a position means. */
enum channel_place {
	CHANNEL_FOUND,
	CHANNEL_EXPIRED,  /* its segment is not kept any more */
	CHANNEL_REPLACED, /* the file has other bytes there now */
	CHANNEL_ERROR,	  /* errno says what the system refused */
};

/**
 * channel_series(channel):
 * Return the series of ${channel}, which has a form, valid until the next
 * folder_file.
 */
struct series channel_series(struct channel *channel);

/**
 * channel_path(channel, number):
 * Return the path of the segment ${number} of ${channel}, which has a form; as
 * valid as that.
 */
const char *channel_path(struct channel *channel, int number);

/**
 * channel_open(channel, number):
 * Return the segment ${number} with one more reference, or NULL with errno.
 */
struct segment *channel_open(struct channel *channel, int number);

/**
 * channel_find_older(channel):
 * See whether ${channel} has a segment number 1, of the form it has or, where
 * it has none, of any.  Return that; its form is that one then.
 */
bool channel_find_older(struct channel *channel);

/**
 * channel_has_older(channel):
 * Return whether ${channel} has a segment that was rotated away.
 */
bool channel_has_older(struct channel *channel);

/**
 * channel_look_before(channel, is_first):
 * See which segment comes before the newest; thoroughly if ${is_first} that
 * was just opened.  Return whether it is another one than it was.
 */
bool channel_look_before(struct channel *channel, bool is_first);

/**
 * channel_link(channel, old):
 * Note what came behind ${old}, which was the newest segment until now, for
 * when it has no name any more.
 */
void channel_link(struct channel *channel, struct segment *old);

/**
 * channel_after(channel, seg, out), channel_before(channel, seg, out):
 * As series_list_after and series_list_before, but that channel_after also
 * knows what took the name of ${seg} if that has none any more.
 */
enum series_step channel_after(
    struct channel *channel, const struct segment *seg, struct segment **out);
enum series_step channel_before(
    struct channel *channel, const struct segment *seg, struct segment **out);

/**
 * channel_oldest(channel, out):
 * Open the oldest segment that can be opened, with one more reference in
 * ${out}.  Return 0 or -1 with ${out} NULL: as series_list_make, or ESTALE (it
 * was renamed meanwhile: call again).
 */
int channel_oldest(struct channel *channel, struct segment **out);

/**
 * channel_make_list(channel, series), channel_share(channel, seg):
 * See to it that the list of the channel's segments says what is there now, for
 * which ${series} is that of channel_series; return 0 or -1 as
 * series_list_make, or ESTALE.  Return the open segment that stands for the
 * same file as ${seg}, whose reference is taken.  For channel_find.c.
 */
int channel_make_list(struct channel *channel, const struct series *series);
struct segment *channel_share(struct channel *channel, struct segment *seg);

/* A search among the segments that may be copies of a file that was cut. */
struct channel_copies {
	size_t tested; /* so many were; begins with 0 */
	size_t most;   /* to be tested; 0: all */
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
 * channel_locate(channel, at, copies, out):
 * Find the segment that the position ${at}, which is behind a record, was made
 * in, or the copy that copytruncate made of it; with CHANNEL_FOUND ${out} is
 * it, with one more reference.  With CHANNEL_REPLACED, ${out} is the file that
 * has other bytes there now, with a reference, or NULL if there is no such
 * file.  CHANNEL_ERROR leaves errno as channel_find_copy does.
 */
enum channel_place channel_locate(struct channel *channel,
    const struct position *at, struct channel_copies *copies,
    struct segment **out);

#endif
