/*
 * The log of a channel: its segments, of which each is open once in a process.
 */
#ifndef SPOOLCAST_SOURCE_CHANNEL_LOG_H
#define SPOOLCAST_SOURCE_CHANNEL_LOG_H

#include "source/folder.h"
#include "spool/series.h"

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
 * As series_after and series_before, but that channel_after also knows what
 * took the name of ${seg} if that has none any more.
 */
enum series_step channel_after(
    struct channel *channel, const struct segment *seg, struct segment **out);
enum series_step channel_before(
    struct channel *channel, const struct segment *seg, struct segment **out);

/**
 * channel_oldest(channel):
 * Return the oldest segment that can be opened, with one more reference, or
 * NULL with errno.
 */
struct segment *channel_oldest(struct channel *channel);

/**
 * channel_find_copy(channel, seg, at):
 * Return the copy of ${seg}, made before that was cut, which has the bytes of
 * ${at}; with one more reference.  NULL: there is none.
 */
struct segment *channel_find_copy(
    struct channel *channel, struct segment *seg, const struct position *at);

/**
 * channel_locate(channel, at, out):
 * Find the segment that the position ${at} was made in, or the copy that
 * copytruncate made of it; with CHANNEL_FOUND ${out} is it, with one more
 * reference.  With CHANNEL_REPLACED, ${out} is the file that has other bytes
 * there now, with a reference, or NULL if there is no such file.
 */
enum channel_place channel_locate(
    struct channel *channel, const struct position *at, struct segment **out);

#endif
