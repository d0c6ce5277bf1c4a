/*
 * A drop folder: SPOOL/NAME.d, where every file that is moved in or closed
 * after writing is one record of the channel NAME, and its journal, to which
 * the records are appended: SPOOL/.spoolcast/NAME.d.log.  One process takes
 * files out of a folder at a time; take.h settles which one that is.
 *
 * Each file is taken exactly once, whatever is killed when:
 *  a) Files are first moved to NAME.d/.taking/TOKEN, a folder that was made for
 *     this batch of files.  From then on a writer of a new file of the same
 *     name neither changes nor loses anything.
 *  b) Their records are appended to the journal.  Each begins with a comment
 *     that has the TOKEN and the file's name.  TOKEN says where in which file
 *     this began (the inode and the offset).
 *  c) When they are safe on the disk (fdatasync), the files are removed, or
 *     moved to NAME.d/.done.
 * A process that finds the folder of a batch cuts off what the journal has of a
 * record that was not finished, removes the files whose comments it finds and
 * takes the others.  After a power failure a file may come twice, as the disk
 * may have forgotten that it was moved; none is lost.
 *
 * A record is in the form RECORD_JOURNAL: the file's bytes in "data:" lines
 * without the one line end that they end with and without a byte order mark, or
 * the field "skipped" with the file's size where they are more than max_record.
 */
#ifndef SPOOLCAST_TAKE_DROP_H
#define SPOOLCAST_TAKE_DROP_H

#include <stdbool.h>
#include <stdint.h>

/* The folders in a drop folder: of what is being taken, and what is kept. */
#define DROP_TAKING ".taking"
#define DROP_KEPT ".done"

/* How soon to look again after DROP_LATER. */
#define DROP_LATER_MS 1000

/* All texts are copied. */
struct drop_opts {
	const char *spool;   /* path of the spool */
	const char *file;    /* name of the folder in it: NAME.d */
	const char *journal; /* name in .spoolcast: NAME.d.log */
	const char *channel;
	uint64_t max_record;	  /* bytes of a file that are delivered */
	bool keep_files;	  /* in .done */
	bool type_from_extension; /* else the type is message */
};

enum drop_result {
	DROP_DONE,   /* nothing waits: call when something was noted */
	DROP_MORE,   /* more waits: call again soon */
	DROP_LATER,  /* some may be taken later: call in DROP_LATER_MS */
	DROP_BUSY,   /* the journal is being rotated: call in a moment */
	DROP_FAILED, /* errno; it was logged.  Nothing is lost: call in 1 s */
};

struct drop;

/**
 * drop_new(opts):
 * Prepare to take files out of the folder ${opts} names, which need not exist
 * yet; nothing is opened.  Return NULL with errno (ENOMEM).
 */
struct drop *drop_new(const struct drop_opts *opts);

/**
 * drop_free(drop):
 * Close and free everything; ${drop} may be NULL.  What was noted and is not
 * taken stays in the folder.
 */
void drop_free(struct drop *drop);

/**
 * drop_note(drop, file):
 * Note that ${file} in the folder was closed after writing or moved in; any
 * name will do, also of what does not count or is gone.
 */
void drop_note(struct drop *drop, const char *file);

/**
 * drop_rescan(drop):
 * Note that there may be files that nobody told of: at the start, when events
 * were lost, and where there are no events.  Of these a file that is still open
 * for writing is left alone; where that cannot be seen (files of others,
 * network file systems), one that was changed in the last DROP_SETTLE_MS.
 */
void drop_rescan(struct drop *drop);

/* After this long without a change a file is complete. */
#define DROP_SETTLE_MS 3000

/**
 * drop_take(drop, until_ms):
 * Take what waits, in the order of names, until there is nothing more or
 * clock_mono_ms() is ${until_ms}; a few files, or a large one, may take it
 * longer.  If more waits then, the result is DROP_MORE.  Never waits for
 * anybody but the disk.
 */
enum drop_result drop_take(struct drop *drop, int64_t until_ms);

/**
 * drop_pause(drop):
 * Finish, or give up, what a call has left for the next, so that others can
 * take: otherwise the journal stays locked between two calls.
 */
void drop_pause(struct drop *drop);

#endif
