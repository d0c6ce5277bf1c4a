/*
 * The record of a dropped file, as it stands in a journal (pure):
 *
 *	: taken TOKEN NAME
 *	event: TYPE
 *	data: a line
 *	data: another line
 *
 * with a blank line after that.  The comment tells a process that recovers from
 * a kill that this file of the batch TOKEN is in the journal; NAME has "%20"
 * for a blank.
 */
#ifndef SPOOLCAST_TAKE_DROP_RECORD_H
#define SPOOLCAST_TAKE_DROP_RECORD_H

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"

/* Room for a token and its NUL, and for the longest comment line. */
#define DROP_TOKEN_MAX 64
#define DROP_COMMENT_MAX (16 + DROP_TOKEN_MAX + 3 * NAME_MAX)

/* A record that is being written. */
struct drop_record {
	struct buf *out; /* borrowed */
	size_t start;	 /* where it starts in there */
	int failed;	 /* not 0: memory was short */
	bool has_data;
	bool is_line_empty;
	char end; /* LF or CR that ended a line, if it came last; or 0 */
};

/**
 * drop_record_type(file):
 * Return the part of the name ${file} that is the type of its event: what is
 * after the last dot; or NULL if that is nothing, or not UTF-8 in one line.
 */
const char *drop_record_type(const char *file);

/**
 * drop_record_begin(record, out, token, file):
 * Start a record at the end of ${out} with the comment that says so.
 */
void drop_record_begin(struct drop_record *record, struct buf *out,
    const char *token, const char *file);

/**
 * drop_record_event(record, type):
 * Give it a type; at most once, and before its data.
 */
void drop_record_event(struct drop_record *record, const char *type);

/**
 * drop_record_data(record, bytes, len):
 * Add ${len} bytes of the file.  LF, CR and CRLF end a line.  The first call
 * has at least three bytes, or all that there are, as they may be a byte order
 * mark.
 */
void drop_record_data(
    struct drop_record *record, const uint8_t *bytes, size_t len);

/**
 * drop_record_end(record):
 * Finish it; a record without data gets one empty line of data.  Return 0, or
 * -1 with ENOMEM and nothing of it in the buffer.
 */
int drop_record_end(struct drop_record *record);

/**
 * drop_record_skip(record, size):
 * Finish it; in place of data it has the ${size} of what was too large.  Return
 * as drop_record_end.
 */
int drop_record_skip(struct drop_record *record, uint64_t size);

/**
 * drop_record_undo(record):
 * Take all of it off the buffer again.
 */
void drop_record_undo(struct drop_record *record);

/**
 * drop_record_file(line, len, token, file):
 * Return whether ${line}, its end excluded, is the comment of a record of the
 * batch ${token}, and if so put the name of its file into ${file}.
 */
bool drop_record_file(
    const char *line, size_t len, const char *token, char file[NAME_MAX + 1]);

#endif
