/*
 * This limits how many lines all processes on a spool write to the log
 * together.  It is for sites where each viewer has a process of its own
 * (mod_fcgid, plain CGI), so that a quota in each process would limit nothing.
 * The counts are a page in the file SPOOL/.spoolcast/lines.
 *
 * The file is opened only when there is something to tell.  Others read and
 * write it, too; what follows from that:
 *  a) Anyone who may write to the spool can edit it, cut it or exchange it at
 *     any time.  Such a user can make other processes tell less than there is,
 *     or more, within what a process may write at all.
 *  b) Somebody may hold the lock, or the file may be refused (see spool/own.h),
 *     or not be ours to write: then a process writes the few lines that it may
 *     write alone, and says so with the last of them.
 */
#ifndef SPOOLCAST_SPOOL_LOG_PAGE_H
#define SPOOLCAST_SPOOL_LOG_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/* How many lines one process may write in a minute, with the page or alone. */
#define LOG_PAGE_OWN 20
#define LOG_PAGE_ALONE 3

/* Before the first line, all is zero but for a descriptor of -1. */
struct log_page {
	int fd;
	bool is_alone; /* it could not be used, and is not tried again */
	unsigned used; /* lines of this process, in its minute */
	int64_t minute;
};

/**
 * log_page_may(page, spool, now_s, about, hash, held_back):
 * Return whether a line about ${about} with the text of ${hash} may be written
 * at wall time ${now_s}.  It may if all processes on the folder ${spool} (NULL:
 * it is not known) together have written fewer than LOG_BURST lines of that
 * kind in this minute, and none of the same text; about peers and gaps, the
 * same text may come again.  Set ${held_back} to how many lines of an earlier
 * minute are to be told as held back: that is 0 unless this is the first
 * process to look in a new minute, and 0 when this process has used all that
 * one process may write.
 */
bool log_page_may(struct log_page *page, const char *spool, int64_t now_s,
    enum log_about about, uint64_t hash, unsigned *held_back);

/**
 * log_page_close(page):
 * Close what was opened.
 */
void log_page_close(struct log_page *page);

#endif
