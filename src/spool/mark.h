/*
 * Marks: where in a channel a client stands, as text in an event id (pure).
 *
 * An event id is a seal of two characters, a list of marks joined by '.', one
 * for each channel of the stream, and, after a '~', the publisher's own id.
 * The seal is made of the marks, so that an id that was cut is no id.  Each
 * mark begins with a tag made from the channel's name, so that the order of
 * channels and channels added later change no meaning.  All is spelled in
 * [A-Za-z0-9_-], which together with '.' and '~' is safe in a Last-Event-ID
 * header across origins (Fetch, "CORS-safelisted request-header").  Six marks
 * fit 128 bytes while files are below 64 GB.
 *
 *   tag(4)                           before the first record
 *   tag(4) reason(1)                 place lost, gap not told yet
 *   tag(4) ino(2) birth(2) check(3) before(3) offset(1-8)  after a record
 *   tag(4) ino(2) birth(2) check(3) before(6) offset(6)    the same, long
 *
 * Everything in a position comes from the files alone: ino and birth are taken
 * from the inode, check from the bytes around the offset, before from how far
 * the segment before this one was read.  Where there is room for it, the long
 * form says all of before; the short form says what is left when it is divided
 * by MARK_BEFORE_RANGE.
 */
#ifndef SPOOLCAST_SPOOL_MARK_H
#define SPOOLCAST_SPOOL_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_TAG_BITS 24
#define MARK_INO_BITS 12
#define MARK_BIRTH_BITS 12
#define MARK_CHECK_BITS 18
#define MARK_BEFORE_BITS 18

/* Length of the seal at the start of an event id. */
#define MARK_SEAL_LEN 2

/* What the short form says of before is a number from 1 to this one. */
#define MARK_BEFORE_RANGE (((uint64_t)1 << MARK_BEFORE_BITS) - 1)

/* Longest text of one mark, without a NUL. */
#define MARK_TEXT_MAX 23

/* A place in a segment: the end of a record, or 0. */
struct position {
	uint64_t offset; /* bytes from the start of the file */
	uint32_t ino;	 /* hash of the inode number */
	uint32_t birth;	 /* hash of the birth time; 0: not known */
	uint32_t check;	 /* hash of bytes before the offset */
};

/* Why a place is lost: the reasons of event spoolcast.gap. */
enum gap_reason {
	GAP_EXPIRED,  /* the segment is no longer kept */
	GAP_REPLACED, /* the file was replaced, truncated or edited */
	GAP_UNKNOWN,  /* an id that says nothing to us */
};

enum mark_state {
	MARK_START, /* before the channel's first record */
	MARK_AT,    /* at ${at} */
	MARK_LOST,  /* for ${reason}; the client was not told yet */
};

struct mark {
	uint32_t tag;
	enum mark_state state;
	enum gap_reason reason;
	struct position at;
	uint64_t before; /* a code of segment_before_code; 0: none */
	bool is_long;	 /* before is whole, not what the short form says */
};

/**
 * mark_tag(name):
 * Return the tag of the channel (or the pattern) ${name}.
 */
uint32_t mark_tag(const char *name);

/**
 * mark_format(mark, out):
 * Write the text of ${mark} to ${out}, which holds MARK_TEXT_MAX bytes; no NUL
 * is added.  The short form is taken, too, where a number is too large for the
 * long one.  Return its length.
 */
size_t mark_format(const struct mark *mark, char *out);

/**
 * mark_parse(text, len, out):
 * Read one mark of ${len} bytes.  Return whether it is one; if not, ${out} is
 * unchanged.
 */
bool mark_parse(const char *text, size_t len, struct mark *out);

/**
 * mark_seal(id, len):
 * Write the seal of ${id} over its first MARK_SEAL_LEN characters; the rest of
 * the ${len} are its marks, without a publisher's id.
 */
void mark_seal(char *id, size_t len);

/**
 * mark_id_len(id, len):
 * Return how long the event id ${id} is without what a publisher added to it.
 */
size_t mark_id_len(const char *id, size_t len);

/**
 * mark_is_sealed(id, len):
 * Return whether the event id ${id} of ${len} bytes begins with its seal.  Its
 * marks begin after the seal.
 */
bool mark_is_sealed(const char *id, size_t len);

/**
 * mark_next(text, len, at, out):
 * Step through the marks in ${text}, an event id of ${len} bytes without its
 * seal; ${at} is 0 at first and belongs to this function between calls.  Return
 * 1 with the next mark in ${out}, 0 at the end, -1 where the id is damaged.
 */
int mark_next(const char *text, size_t len, size_t *at, struct mark *out);

/**
 * mark_reason_name(reason):
 * Return the word for ${reason} that clients see.
 */
const char *mark_reason_name(enum gap_reason reason);

#endif
