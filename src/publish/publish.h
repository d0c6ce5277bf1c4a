/*
 * Putting a record into a channel, from whatever side it comes: it finds what
 * holds the channel (target.h), makes a record of a message (message.h), hands
 * it over (deliver.h), and sees to the rotation of its file (due.h).
 *
 * Nothing is printed.  A function returns PUBLISH_DONE, or another result with
 * the report saying why; the report is always that of the last call.  While a
 * lock is waited for, the function that lock_set_teller set is called, and
 * SIGALRM is used (lock.h).  From the first record on, the process ignores
 * SIGPIPE and SIGXFSZ.
 */
#ifndef SPOOLCAST_PUBLISH_PUBLISH_H
#define SPOOLCAST_PUBLISH_PUBLISH_H

#include "conf/settings.h"
#include "publish/message.h"
#include "publish/target.h"

struct publish {
	/* The caller sets these; all are borrowed. */
	const char *spool;		 /* the path of the folder */
	const char *channel;		 /* any text */
	const struct settings *settings; /* of the channel */
	const struct message_names *names;
	/* For locks, and for room in a pipe; else that is PUBLISH_BUSY. */
	bool may_wait;

	struct publish_report report;
	struct target target;
	struct buf record; /* the bytes of what was published */
	struct buf path;   /* where they went, with a NUL */
};

/**
 * publish_init(publish):
 * Make ${publish} one that does nothing yet; publish_close ends it.
 */
void publish_init(struct publish *publish);

/**
 * publish_check(publish, message):
 * Find out whether publish->channel is a name, and whether the fields of
 * ${message} can be written.  This needs no spool and no settings.
 */
enum publish_result publish_check(
    struct publish *publish, const struct message *message);

/**
 * publish_open(publish):
 * Open the spool, once, for the functions below; ${publish} must stay where it
 * is from then on.
 */
enum publish_result publish_open(struct publish *publish);

/**
 * publish_look(publish, message):
 * Find what holds the channel now, and whether it takes the fields of
 * ${message}, whose data need not be known yet.  publish_record does this
 * itself; a caller may do it before it reads data that take long to come.
 */
enum publish_result publish_look(
    struct publish *publish, const struct message *message);

/**
 * publish_fits(publish, len):
 * While data are read that may have no end: return PUBLISH_DONE if those that
 * begin with ${len} bytes may still fit, else PUBLISH_TOO_LARGE.
 */
enum publish_result publish_fits(struct publish *publish, size_t len);

/**
 * publish_record(publish, message):
 * Put ${message}, whose fields have passed publish_check, into the channel as
 * one record.  PUBLISH_DONE has a sentence in the report, too, if the file
 * should have been rotated and cannot be.
 */
enum publish_result publish_record(
    struct publish *publish, const struct message *message);

/**
 * publish_end(publish):
 * End the channel, if it has not ended, and after what was published just
 * before.
 */
enum publish_result publish_end(struct publish *publish);

/**
 * publish_close(publish):
 * Release everything; ${publish} is as after publish_init then.
 */
void publish_close(struct publish *publish);

#endif
