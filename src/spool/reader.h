/*
 * A reader takes records out of a segment, from a position on, a buffer at a
 * time.  One reader serves a whole process: it keeps nothing but its buffer
 * between one reader_start and the next.
 */
#ifndef SPOOLCAST_SPOOL_READER_H
#define SPOOLCAST_SPOOL_READER_H

#include "spool/segment.h"

struct reader {
	struct segment *seg; /* borrowed */
	uint64_t max_record; /* bytes */
	uint64_t size;	     /* of the file when reading started */
	uint64_t start;	     /* offset of bytes[0] in the file */
	uint8_t *bytes;
	size_t len;
	size_t cap;
	size_t at;	/* index of the first byte that was not handed out */
	size_t scanned; /* how many bytes from there on hold no end */
	uint64_t long_upto; /* a long record is whole and ends there */
	uint8_t head[SEGMENT_CHECK_BYTES];
};

enum read_result {
	READ_RECORD,  /* a record, and the position after it */
	READ_NOTHING, /* a blank or a comment was passed over */
	READ_LONG,    /* a record over max_record was passed over */
	READ_END,     /* no further complete record for now */
	READ_MORE,    /* it takes longer: start again in a later slice */
	READ_CHANGED, /* the file is not what it was at the position */
	READ_ERROR,   /* errno says what the system refused */
};

/**
 * reader_start(reader, seg, from, max_record):
 * Read ${seg} (borrowed) from ${from} on; records over ${max_record} bytes are
 * passed over.  Return READ_RECORD when all is well, READ_CHANGED or
 * READ_ERROR.
 */
enum read_result reader_start(struct reader *reader, struct segment *seg,
    const struct position *from, uint64_t max_record);

/**
 * reader_next(reader, rec, end):
 * Take the next record.  With READ_RECORD, ${rec} is it, a view that is valid
 * until the next call; with READ_LONG, only its body.len is set, to the size of
 * what was passed over.  With these and READ_NOTHING, ${end} is the position
 * after what was taken; it is unchanged otherwise.
 */
enum read_result reader_next(
    struct reader *reader, struct record *rec, struct position *end);

/**
 * reader_free(reader):
 * Free the buffer; ${reader} may be started again.
 */
void reader_free(struct reader *reader);

#endif
