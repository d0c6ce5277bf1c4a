/*
 * The files of this module share what is declared here; no others use it.
 */
#ifndef SPOOLCAST_TAKE_DROP_PARTS_H
#define SPOOLCAST_TAKE_DROP_PARTS_H

#include "base/buf.h"
#include "base/rnd.h"
#include "take/drop.h"
#include "take/drop_file.h"
#include "take/drop_journal.h"
#include "take/drop_names.h"
#include "take/drop_record.h"
#include "take/drop_search.h"

/* A batch is full with so many files, or with so many bytes of them. */
#define DROP_BATCH_FILES 64
#define DROP_BATCH_BYTES (256 << 10)

/* Files that were moved to a folder of their own, to be taken together. */
struct drop_batch {
	int fd; /* of that folder; -1: none yet */
	char token[DROP_TOKEN_MAX];
	struct drop_name *names[DROP_BATCH_FILES];
	unsigned n;
	uint64_t bytes;
};

/* Files that stay in the folder for one reason. */
struct drop_left {
	uint64_t n; /* how many since drop_parts_tell_left was called */
	int error;  /* of the first of them, and its name */
	char file[NAME_MAX + 1];
	int64_t logged_ms; /* 0: never */
};

/* Looking takes at most one part in so many of the time. */
#define DROP_LOOK_SHARE 20

/* What is done, one after the other, for each batch that others began. */
enum drop_stage {
	DROP_LISTS, /* list its files */
	DROP_FINDS, /* find those of them that are in the journal */
	DROP_TAKES, /* take the others */
};

struct drop_recovery {
	DIR *tokens; /* ".taking", as far as it is read; NULL: none */
	enum drop_stage stage;
	struct drop_names waiting;
	struct drop_names found;
	struct drop_search search;
	int64_t began_ms;
};

/*
 * So many are kept to come first; if there are more, the rest come in the order
 * in which they are found.
 */
#define DROP_AGAIN_MAX 32

struct drop {
	struct drop_opts opts; /* with texts of its own */
	struct rnd rnd;
	int dir; /* the folder; -1: not open */
	dev_t dev;
	ino_t ino;
	int taking; /* the folders in it; -1: not open */
	int done;
	bool is_recovered; /* nothing of others is left in .taking */
	bool is_recovering;
	int64_t recover_ms; /* when to do that next, at the earliest */
	struct drop_recovery recovery;
	int64_t until_ms; /* when to leave the rest for the next call */
	struct drop_journal journal;
	struct drop_batch batch;
	struct buf out; /* whole records that are not in the journal yet */
	struct drop_names names;
	struct drop_young_files young;
	/*
	 * We were told of these, but they are still written to: inotify tells
	 * that a file is closed a moment before it is.  They come first when we
	 * are called again, before files that we were told of later.
	 */
	struct drop_name *again[DROP_AGAIN_MAX];
	unsigned n_again;
	bool wants_pass;       /* there may be files that nobody told of */
	bool is_looking;       /* we are between the first pass and the last */
	int64_t pass_ms;       /* what a pass through the folder takes */
	int64_t look_again_ms; /* when to look again; 0: no need to */

	struct drop_left refused; /* may not be read, or not be moved */
	struct drop_left others;  /* are no files */
	int64_t waiting_logged_ms;
	const char *failed_at; /* what an error is about */
	char failed_file[NAME_MAX + 1];
	int failed_errno; /* what the log said last */
	int64_t failed_logged_ms;
};

/**
 * drop_parts_fail(drop, at, file):
 * Note that errno is about ${at}, a text that stays, and there about ${file}
 * unless it is NULL.  Return -1, with errno preserved.
 */
int drop_parts_fail(struct drop *drop, const char *at, const char *file);

/**
 * drop_parts_may_log(logged_ms):
 * Return whether the log may be told again of what it was told at ${*logged_ms}
 * (0: never); if so, set that to now.
 */
bool drop_parts_may_log(int64_t *logged_ms);

/**
 * drop_parts_tell_failure(drop), drop_parts_tell_left(drop):
 * The first logs that errno came of what drop_parts_fail noted, and preserves
 * errno. The second logs what drop_parts_leave noted since it was last called.
 */
void drop_parts_tell_failure(struct drop *drop);
void drop_parts_tell_left(struct drop *drop);

/**
 * drop_parts_leave(drop, left, file):
 * Note that ${file} is left alone, with errno as the reason.
 */
void drop_parts_leave(
    struct drop *drop, struct drop_left *left, const char *file);

/**
 * drop_parts_look_again(drop, pause_ms):
 * Look for files again in ${pause_ms}, or later where looking takes long.
 */
void drop_parts_look_again(struct drop *drop, int64_t pause_ms);

/**
 * drop_fill(drop, fd, name):
 * Add the file ${name}, which is in the folder of the batch and open as ${fd},
 * to the batch, which takes ${name}, and its record to those that wait to be
 * written.  Return 0; or -1, and nothing was added or taken.
 */
int drop_fill(struct drop *drop, int fd, struct drop_name *name);

/*
 * Each function below that returns -1 has called drop_parts_fail; the folder
 * has to be recovered then.
 */

/**
 * drop_batch_take(drop, until_ms):
 * Take a batch of the names kept; when the time is up, leave it open, to go on
 * with it in the next call.  Nothing is taken as long as the journal's end has
 * to be searched.
 */
int drop_batch_take(struct drop *drop, int64_t until_ms);

/**
 * drop_batch_again(drop):
 * Put the names in ${drop}->again, of files that were told but written to, back
 * among the names.
 */
void drop_batch_again(struct drop *drop);

/**
 * drop_batch_is_full(batch):
 * Return whether no more files should be added.
 */
bool drop_batch_is_full(const struct drop_batch *batch);

/**
 * drop_batch_open_kept(drop):
 * Make sure that the folder for files that are kept is open.
 */
int drop_batch_open_kept(struct drop *drop);

/**
 * drop_batch_write(drop):
 * Write the records that wait.
 */
int drop_batch_write(struct drop *drop);

/**
 * drop_batch_commit(drop):
 * Write the records that wait, make them safe, and let go of the files.
 */
int drop_batch_commit(struct drop *drop);

/**
 * drop_batch_finish(drop):
 * Do the same, and give up the folder of the batch, if there is one.
 */
int drop_batch_finish(struct drop *drop);

/**
 * drop_batch_put_away(drop, file):
 * Remove ${file}, whose record is safe, from the folder of the batch, or move
 * it to where files are kept.
 */
int drop_batch_put_away(struct drop *drop, const char *file);

/**
 * drop_batch_end(drop):
 * Give up the folder of the batch, and let the journal be rotated; if it is not
 * empty, the drop folder has to be recovered.
 */
void drop_batch_end(struct drop *drop);

/**
 * drop_batch_close(drop):
 * Close all there is of a batch, finished or not; errno is preserved.
 */
void drop_batch_close(struct drop *drop);

/**
 * drop_recover(drop), drop_recover_end(drop):
 * The first finishes the batches that others, or we before an error, began.  It
 * returns 0; 1 if the time is up: call it again; or -1.  The second gives that
 * up, after -1 or at any time, and preserves errno.
 */
int drop_recover(struct drop *drop);
void drop_recover_end(struct drop *drop);

#endif
