/*
 * What became of a record that was to be published, and why.
 *
 * Nothing in this folder prints: only the caller knows whether that is for
 * a terminal, an HTTP response or a log.
 */
#ifndef SPOOLCAST_PUBLISH_REPORT_H
#define SPOOLCAST_PUBLISH_REPORT_H

enum publish_result {
	PUBLISH_DONE,
	/* With these, nothing was published. */
	PUBLISH_REFUSED,   /* it is wrong, or the channel has no place for it */
	PUBLISH_TOO_LARGE, /* the record is longer than the channel takes */
	PUBLISH_ENDED,	   /* the channel has ended */
	PUBLISH_BUSY,	   /* a lock, or a pipe without a reader or room */
	PUBLISH_NO_ROOM,   /* the disk or a quota is full */
	PUBLISH_FAILED,	   /* the system refused it for another reason */
	/* The record, or a part of it, may be there all the same. */
	PUBLISH_UNSURE,
};

/* A zeroed one says nothing. */
struct publish_report {
	enum publish_result result; /* what it was told last */
	char *why; /* a sentence; NULL: none, or no memory for it */
};

/**
 * report_tell(report, result, format, ...):
 * Let ${report} say ${result} and, in place of what it said before, what is
 * wrong and the remedy.  Return ${result}.
 */
enum publish_result report_tell(struct publish_report *report,
    enum publish_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * report_error(report, result, format, ...):
 * Do the same, with the text of errno after it.  PUBLISH_FAILED becomes
 * PUBLISH_NO_ROOM where errno says that.
 */
enum publish_result report_error(struct publish_report *report,
    enum publish_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * report_why(report):
 * Return the sentence that ${report} has, which lives until it is told
 * another one; NULL if there is nothing to say.
 */
const char *report_why(const struct publish_report *report);

/**
 * report_clear(report):
 * Free the sentence; ${report} is as if zeroed then.
 */
void report_clear(struct publish_report *report);

#endif
