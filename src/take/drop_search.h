/*
 * The search for the records of a batch in the journal of a drop folder, and in
 * segments of it that were rotated since: they may be of any size.
 */
#ifndef SPOOLCAST_TAKE_DROP_SEARCH_H
#define SPOOLCAST_TAKE_DROP_SEARCH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "take/drop_journal.h"
#include "take/drop_names.h"
#include "take/drop_record.h"

/* So many segments are searched: those since a batch that was not finished. */
#define DROP_SEGMENTS_MAX 64

struct drop_search {
	bool is_open; /* the segments are; at first it is zeroed */
	int fds[DROP_SEGMENTS_MAX]; /* the newest first; -1: searched */
	int n;
	int i;		     /* the index of the segment that is searched, */
	struct drop_cut cut; /* how far its end was searched, to be cut off, */
	bool is_cut;	     /* whether that was done, */
	off_t at;	     /* and the offset that comes next */
	/* A line, of which the first bytes are enough. */
	char line[DROP_COMMENT_MAX];
	size_t line_len; /* also of bytes that are not in there */
};

/* What is searched for: files of a batch. */
struct drop_wanted {
	const char *token;
	const struct drop_names *names;
};

/**
 * drop_search(search, journal, token, wanted, found, until_ms):
 * Search ${journal}, which is open, and older segments of it for the records of
 * the files ${wanted}, and add the names of the files that have one to
 * ${found}; these records are safe on the disk then.  Return 0 when that is
 * done, 1 if it is ${until_ms} (clock_mono_ms): call again with the same
 * arguments; or -1 with errno.  With any result but 1, drop_search_end was
 * called.
 */
int drop_search(struct drop_search *search, const struct drop_journal *journal,
    const struct drop_wanted *wanted, struct drop_names *found,
    int64_t until_ms);

/**
 * drop_search_end(search):
 * Give the search up, if one is under way; errno is preserved.
 */
void drop_search_end(struct drop_search *search);

#endif
