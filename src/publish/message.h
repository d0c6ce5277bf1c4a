/*
 * From a message, wherever it came from, to the bytes of a record (pure).
 */
#ifndef SPOOLCAST_PUBLISH_MESSAGE_H
#define SPOOLCAST_PUBLISH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "publish/report.h"
#include "spool/record.h"

struct message {
	const char *type;  /* NULL: message */
	const char *id;	   /* the publisher's own, or NULL */
	const char *retry; /* milliseconds in digits, or NULL */
	const char *flush; /* when it is written, or NULL */
	int64_t ttl_ms;	   /* how long it lives; 0: it does not expire */
	bool has_data;	   /* else it is no event, only fields */
	const uint8_t *bytes;
	size_t len;
};

/* What fields are called where a message comes from, for what is said. */
struct message_names {
	const char *type;
	const char *id;
	const char *retry;
	const char *flush;
	const char *all; /* these four and the time to live: "-e and -i" */
};

/**
 * message_check(message, names, report):
 * Find out whether the fields of ${message} can be written: a type is one line
 * of UTF-8 and not reserved (record.h), an id is one line, and neither is
 * empty; retry is a number up to RECORD_RETRY_MAX_MS, and flush a word that
 * record.h knows.  Return PUBLISH_DONE, or PUBLISH_REFUSED with ${report}
 * saying which cannot, by its name in ${names}.
 */
enum publish_result message_check(const struct message *message,
    const struct message_names *names, struct publish_report *report);

/**
 * message_needs_block(message):
 * Return whether ${message} has fields, beside its type, for which only block
 * form has a place.
 */
bool message_needs_block(const struct message *message);

/**
 * message_type_is_extension(text):
 * Return whether the type ${text} can follow the last dot of a file in a drop
 * folder, so that it is not left alone because of that name.
 */
bool message_type_is_extension(const char *text);

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
 * message_encode(message, form, now_s, out):
 * Append to ${out} the record of ${form}, its end included, from which
 * record_parse gets ${message} back, but that all its line ends are the same.
 * Its time to live begins at ${now_s} (Unix time) and is rounded up to seconds.
 * Line form needs data of at least one byte and drops the other fields.
 * Return 0, or -1 with ENOMEM and ${out} longer by a part.
 */
int message_encode(const struct message *message, enum record_form form,
    int64_t now_s, struct buf *out);

#endif
