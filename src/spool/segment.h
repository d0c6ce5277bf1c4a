/*
 * A segment: one append-only file of a channel, open for reading.
 *
 * It stays readable after it was renamed or removed, as long as somebody holds
 * a reference.  Functions that read return -1 with errno when the system
 * refuses; nothing about the segment has changed then.
 */
#ifndef SPOOLCAST_SPOOL_SEGMENT_H
#define SPOOLCAST_SPOOL_SEGMENT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "spool/mark.h"
#include "spool/record.h"
#include "spool/trust.h"

/*
 * How many bytes at the start of a file, and how many before an offset, the
 * check of that offset is made of.
 */
#define SEGMENT_CHECK_BYTES 32

/* Which file it is, whatever it is called. */
struct segment_id {
	dev_t dev;
	ino_t ino;
	int64_t birth_ns; /* since 1970; 0: the file system keeps none */
};

/*
 * Where the last record ends, so far as it was looked for: a file that grows is
 * not searched anew each time, and a long search goes on where it was left.
 */
struct segment_tail {
	uint64_t end;	 /* after the last record that ends before upto */
	uint64_t upto;	 /* 0: nothing is known */
	uint32_t check;	 /* of the bytes before upto: it may be written anew */
	bool is_endless; /* no record ends within reach of upto */
	uint64_t goal;	 /* the size when a search was begun; 0: none is */
	uint64_t at;	 /* no record ends between here and goal */
};

/*
 * A long record that begins at start has no end before upto: so it is not
 * scanned anew each time that it grows, and a long scan goes on where it was
 * left.  The check is of the bytes before upto, for the file may have been
 * written anew.
 */
struct segment_scan {
	uint64_t start;
	uint64_t upto; /* 0: none */
	uint32_t check;
};

/* How many such scans are kept at a time. */
#define SEGMENT_SCANS 8

/* How far the segment begins with the bytes of another file; see rewrite.h. */
struct segment_alike {
	struct segment_id id; /* ino 0: it was not compared yet */
	uint64_t upto;
};

struct segment {
	unsigned refs;
	int fd;
	enum record_form form;
	int number; /* which it had in its series when last looked for */
	struct segment_id id;
	uint32_t ino_hash;
	uint32_t birth_hash; /* 0: the file system keeps no birth time */
	struct list node;    /* for its owner */
	/*
	 * What the owner of the segment saw while it was the newest, for the
	 * time when it has no name any more: which file came before it (ino 0:
	 * none), and which took its name (ino 0: not known); and how many had
	 * been the newest when it was last (0: it never was).
	 */
	struct segment_id older;
	struct segment_id newer;
	uint64_t turn;
	bool is_removed; /* and newer did not exist before that */
	bool was_cut;	 /* it was cut or written anew: some of it is gone */
	struct segment_scan scans[SEGMENT_SCANS]; /* those under way */
	unsigned next_scan;			  /* which is forgotten next */
	struct segment_tail tail;
	struct segment_alike alike;
};

/**
 * segment_open(dir_fd, name, form, links):
 * Open the regular file ${name} in the folder ${dir_fd}, whose records have the
 * form ${form}; where it is a link, that is followed as ${links} says.  Return
 * a segment with one reference, or NULL with errno; ENOENT also when ${name} is
 * no regular file, or a link that is not followed (see trust_refusal).
 */
struct segment *segment_open(int dir_fd, const char *name,
    enum record_form form, enum trust_links links);

/**
 * segment_look(dir_fd, name, links, out, size):
 * Find out which file ${name} in the folder ${dir_fd} is, and its ${size} (may
 * be NULL); links are followed in the same way.  Return 0, or -1 with errno;
 * ENOENT as in segment_open.
 */
int segment_look(int dir_fd, const char *name, enum trust_links links,
    struct segment_id *out, uint64_t *size);

/**
 * segment_id_equal(a, b):
 * Return whether both are one file.  A birth time that one side does not know
 * is not held against it.
 */
bool segment_id_equal(const struct segment_id *a, const struct segment_id *b);

/**
 * segment_is_copy(seg, newer):
 * Return whether ${seg}, which comes before ${newer}, was made after it: so
 * logrotate's copytruncate copied it from ${newer}, which was then cut.  False
 * where birth times are not known.
 */
bool segment_is_copy(const struct segment *seg, const struct segment *newer);

/**
 * segment_read(seg, out, len, offset):
 * Read exactly ${len} bytes at ${offset} into ${out}.  Return 0, or -1 (ESTALE:
 * the file is shorter).
 */
int segment_read(
    const struct segment *seg, uint8_t *out, size_t len, uint64_t offset);

/**
 * segment_size(seg, out):
 * Return 0 with the size of the file, or -1.
 */
int segment_size(const struct segment *seg, uint64_t *out);

/**
 * segment_holds(seg, position):
 * Return 1 if the bytes around the offset of ${position} are those it was made
 * of, whichever file that was; 0 if not, or -1.
 */
int segment_holds(struct segment *seg, const struct position *position);

/**
 * segment_ref(seg):
 * Add a reference to ${seg} (may be NULL) and return it.
 */
struct segment *segment_ref(struct segment *seg);

/**
 * segment_drop(seg):
 * Give up the reference that ${*seg} is (NULL: none), and set that to NULL; the
 * last one closes the file.
 */
void segment_drop(struct segment **seg);

/**
 * segment_open_count(void):
 * Return how many segments are open in this process.
 */
unsigned segment_open_count(void);

/**
 * segment_check(head, head_len, tail, tail_len):
 * Return the check of an offset whose file starts with ${head} and which is
 * preceded by ${tail}: each SEGMENT_CHECK_BYTES long, or all there is if the
 * offset is smaller.  Pure.
 */
uint32_t segment_check(
    const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len);

/**
 * segment_position(seg, offset, out):
 * Make the position ${out} of ${offset}, by reading the bytes that its check is
 * made of.  Return 0, or -1 (ESTALE: the file is shorter than ${offset}).
 */
int segment_position(
    struct segment *seg, uint64_t offset, struct position *out);

/**
 * segment_is(seg, position):
 * Return whether ${position} was made in this file (its bytes may have been
 * changed since).  A birth time that either side does not know is not held
 * against it, so hosts with different file system drivers agree.
 */
bool segment_is(const struct segment *seg, const struct position *position);

/**
 * segment_id_is(id, position):
 * Do the same for a file that is not open.
 */
bool segment_id_is(
    const struct segment_id *id, const struct position *position);

/**
 * segment_before_code(seg, offset):
 * Return what an event id says of a client that has read ${seg} up to ${offset}
 * and is in the segment after it now: mark->before, not 0.  Pure.
 */
uint64_t segment_before_code(const struct segment *seg, uint64_t offset);

/**
 * segment_before(seg, newer, mark, out):
 * Find how far ${seg} was read by a client that is at ${mark} in ${newer},
 * which comes after ${seg}.  Return 1 with the offset in ${out}; 0 if no record
 * ends there, so that the mark is not about ${seg} as it is, or if the mark is
 * short and ${seg} was written to since, so that it might mean another place,
 * too; or -1.
 */
int segment_before(struct segment *seg, const struct segment *newer,
    const struct mark *mark, uint64_t *out);

/**
 * segment_is_end(seg, offset):
 * Return 1 if a record of ${seg} ends at ${offset}, or that is the start; 0 if
 * not, also where the file is shorter; or -1.
 */
int segment_is_end(const struct segment *seg, uint64_t offset);

/**
 * segment_tail(seg, out):
 * Find the position after the last complete record.  This reads from the end,
 * no further than it must, and nothing twice.  Return 0, or -1 (EFBIG: no
 * record ends within 17 MB of the end of the file; EAGAIN, EDQUOT: as
 * slice_take).
 */
int segment_tail(struct segment *seg, struct position *out);

/**
 * segment_tail_offset(seg, out):
 * Do the same, but set ${*out} to the offset of that position only.
 */
int segment_tail_offset(struct segment *seg, uint64_t *out);

/**
 * segment_look_back(seg, end, bytes, len, before):
 * Read the ${*len} bytes before ${end} into ${bytes}, or all if there are
 * fewer, with their number in ${*len}, and the byte in front of them into
 * ${before} (-1 at the start of the file).  Return 0 or -1 (ESTALE: the file is
 * shorter).
 */
int segment_look_back(const struct segment *seg, uint64_t end, uint8_t *bytes,
    size_t *len, int *before);

/* A search backwards for the start of some record before the tail. */
struct segment_back {
	uint64_t lacking; /* how many records are still to be found */
	uint64_t end;	  /* all after it were found; a record ends there */
	uint64_t at;	  /* no record ends between here and end */
	size_t look;	  /* how much is read at once; 0: none was begun */
};

/**
 * segment_back(seg, back):
 * Go back in ${seg} until ${back}, zeroed but for what is lacking, lacks
 * nothing or is at the start of the file; ${back->end} is the offset then.
 * What is longer than 64 kB counts as a record, whatever is in it.  Return 0,
 * or -1: EAGAIN (call again in a later slice), EDQUOT (${back->end} is as far
 * as the budget goes, if ${back->look} is not 0), ESTALE (the file was cut),
 * ENOMEM, or as segment_tail.
 */
int segment_back(struct segment *seg, struct segment_back *back);

#endif
