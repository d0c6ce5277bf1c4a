/*
 * From a message, as it came from arguments or standard input, to the bytes of
 * a record (pure).
 */
#ifndef SPOOLCAST_CLI_MESSAGE_H
#define SPOOLCAST_CLI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/record.h"

struct message {
	const char *type;  /* NULL: message */
	const char *id;	   /* the publisher's own, or NULL */
	const char *retry; /* milliseconds in digits, or NULL */
	const char *flush; /* when it is written, or NULL */
	int64_t expires_s; /* Unix time; 0: never */
	bool has_data;	   /* else it is no event, only fields */
	const uint8_t *bytes;
	size_t len;
};

/**
 * message_id_is_valid(text), message_type_is_valid(text):
 * Return whether ${text} may be an id, which is one line that is not empty; or
 * a type, which is the same in UTF-8.
 */
bool message_id_is_valid(const char *text);
bool message_type_is_valid(const char *text);

/**
 * message_type_is_extension(text):
 * Return whether the type ${text} can follow the last dot of a file in a drop
 * folder, so that it is not left alone because of that name.
 */
bool message_type_is_extension(const char *text);

/**
 * message_flush_is_valid(text):
 * Return whether ${text} says when a record is written (record.h).
 */
bool message_flush_is_valid(const char *text);

/**
 * message_trim(bytes, len):
 * Return ${len} without the line end (LF, CRLF or CR) that ${bytes} end with:
 * the one that echo adds is not meant to be part of a message.
 */
size_t message_trim(const uint8_t *bytes, size_t len);

/**
 * message_encode_file(message, out):
 * Append to ${out} the content of a file of a drop folder from which the data
 * of ${message} is taken.  A byte order mark at its start and one line end at
 * its end are dropped there, so those of the data are doubled.  The other
 * fields are not in it.  Return as message_encode.
 */
int message_encode_file(const struct message *message, struct buf *out);

/**
 * message_encode(message, form, out):
 * Append to ${out} the record of ${form}, its end included, from which
 * record_parse gets ${message} back, but that all its line ends are the same.
 * Line form needs data of at least one byte and drops the other fields.
 * Return 0, or -1 with ENOMEM and ${out} longer by a part.
 */
int message_encode(
    const struct message *message, enum record_form form, struct buf *out);

#endif
