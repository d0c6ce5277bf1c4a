/*
 * Records: what stands between two ends in a segment (pure).
 *
 * In line form a record is a line; its content is never interpreted.  In block
 * form it is a block of the text/event-stream syntax (WHATWG HTML 9.2.5).
 * Bytes come from anyone who may write to the spool and are not trusted.
 */
#ifndef SPOOLCAST_SPOOL_RECORD_H
#define SPOOLCAST_SPOOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Many programs write a line of so many bytes or more in pieces, and what
 * others append meanwhile comes between them.  (bash(1) does that when its
 * buffer, of st_blksize bytes, does not hold the line and its end.)
 */
#define RECORD_LONG_LINE 4096

/*
 * The longest time that a record may ask viewers to stay away, a day: a value
 * that somebody wrote with a wrong unit or a zero too many lasts no longer.
 */
#define RECORD_RETRY_MAX_MS 86400000

/*
 * What the types of our own events begin with.  They tell clients what became
 * of their stream, so no record has such a type: one that asks for it becomes a
 * message.
 */
#define RECORD_RESERVED "spoolcast."

enum record_form {
	RECORD_LINE,	/* NAME: every line is a record */
	RECORD_BLOCK,	/* NAME.sse: a blank line ends a record */
	RECORD_JOURNAL, /* block form that we wrote: "skipped" counts, too */
};

/* What a block's field "flush" says about the write it goes out with. */
enum record_flush {
	RECORD_FLUSH_NONE,
	RECORD_FLUSH_NOW,   /* it and what was collected are written */
	RECORD_FLUSH_HOLD,  /* it may wait for the next record */
	RECORD_FLUSH_CLOSE, /* the response ends after it */
};

/* Bytes of somebody else's buffer; not NUL-terminated. */
struct span {
	const uint8_t *bytes; /* NULL: not there */
	size_t len;
};

/* A parsed record: views into the bytes it was parsed from. */
struct record {
	enum record_form form;
	struct span body;  /* all of it, without the end and without a BOM */
	struct span event; /* type; bytes == NULL: message */
	struct span id;	   /* the publisher's own */
	int64_t retry_ms;  /* up to RECORD_RETRY_MAX_MS; -1: none */
	int64_t expires_s; /* Unix time; -1: never */
	enum record_flush flush;
	bool has_data;		/* else there is no event to deliver */
	bool has_reserved_type; /* its type was reserved and was left out */
	int64_t skipped; /* bytes that were too many to be taken; -1: none */
};

/* Where record_data_next stands. */
struct record_iter {
	size_t at;
	bool is_done;
};

/**
 * record_is_end(form, before, byte):
 * Return whether a record ends with ${byte}, which follows the byte ${before}
 * (-1 at the start of the file).  These two bytes alone decide it, so ends can
 * be looked for in either direction.
 */
bool record_is_end(enum record_form form, int before, uint8_t byte);

/**
 * record_limit(form, max):
 * Return how long a record may be as it is written in ${form}, if its content
 * may have ${max} bytes: in a journal each byte may be a line of its own.
 */
uint64_t record_limit(enum record_form form, uint64_t max);

/**
 * record_find_end(form, bytes, len, before, from):
 * Return the length of the record that starts at ${bytes}, its end included, or
 * 0 if the ${len} bytes hold no end; the first ${from} are known to hold none.
 * ${before} is the byte in front of ${bytes}, -1 at the start of the file.
 */
size_t record_find_end(enum record_form form, const uint8_t *bytes, size_t len,
    int before, size_t from);

/**
 * record_last_end(form, bytes, len, before):
 * Return the length of ${bytes} up to and including the last end in them, or 0;
 * ${before} is the byte in front of them, -1 at the start of the file.
 */
size_t record_last_end(
    enum record_form form, const uint8_t *bytes, size_t len, int before);

/**
 * record_blank_run(bytes, len), record_blank_tail(bytes, len):
 * Return how many LF the ${len} bytes begin with, and how many they end with.
 * If a line ends before them, that is how many blank lines there are in line
 * form.
 */
size_t record_blank_run(const uint8_t *bytes, size_t len);
size_t record_blank_tail(const uint8_t *bytes, size_t len);

/**
 * record_parse(form, bytes, len, is_first, out):
 * Parse the record of ${len} bytes, its end included, into ${out}.  With
 * ${is_first} (the file starts here) a byte order mark is skipped.  A type that
 * is reserved is left out, and a longer retry is RECORD_RETRY_MAX_MS.  Return
 * false when there is nothing in it: a blank line, a block of comments.
 */
bool record_parse(enum record_form form, const uint8_t *bytes, size_t len,
    bool is_first, struct record *out);

/**
 * record_flush_find(text, len):
 * Return what the value ${text} of a field "flush" says, RECORD_FLUSH_NONE if
 * it is none of the words.
 */
enum record_flush record_flush_find(const uint8_t *text, size_t len);

/**
 * record_type_is_reserved(type, len):
 * Return whether the ${len} bytes at ${type} begin with RECORD_RESERVED.  The
 * types of events are compared byte by byte (WHATWG DOM 2.9), so other
 * spellings of it are other types.
 */
bool record_type_is_reserved(const uint8_t *type, size_t len);

/**
 * record_bom_len(bytes, len):
 * Return the length of the byte order mark that ${bytes}, the start of a file,
 * begin with, or 0.
 */
size_t record_bom_len(const uint8_t *bytes, size_t len);

/**
 * record_end_len(form, before, last):
 * Return how many bytes at the end of a record are not its content, given its
 * last two.
 */
size_t record_end_len(enum record_form form, uint8_t before, uint8_t last);

/**
 * record_data_next(record, iter, line):
 * Step through the data lines of ${record}; ${iter} is zeroed at first.  Return
 * whether there was one more, in ${line} without its end.
 */
bool record_data_next(
    const struct record *record, struct record_iter *iter, struct span *line);

#endif
