/*
 * The names of files that wait in a drop folder, lowest first.
 *
 * However many there are, only the lowest are kept, DROP_NAMES_MAX of them.
 * When those are gone, another pass through the folder finds the next ones.
 */
#ifndef SPOOLCAST_TAKE_DROP_NAMES_H
#define SPOOLCAST_TAKE_DROP_NAMES_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DROP_NAMES_MAX 8192

struct drop_name {
	bool is_told; /* we were told of it; else it was only found */
	char text[];
};

struct drop_names {
	struct drop_name **list; /* the highest first */
	size_t n;
	size_t cap;
	/*
	 * There may be others above the ceiling, which is the highest name
	 * that was kept when there was no room for one.
	 */
	bool has_more;
	char ceiling[NAME_MAX + 1];

	/* A pass through the folder. */
	DIR *dir;		  /* NULL: none */
	char floor[NAME_MAX + 1]; /* up to it, names are passed over */
	uint64_t n_found;	  /* names above it */
	uint64_t n_others;	  /* how many of them are known as no files */
	char other[NAME_MAX + 1]; /* the name of one of those */
};

enum drop_pass {
	DROP_PASS_DONE,	 /* the names that were found are kept */
	DROP_PASS_MORE,	 /* the time was up: call again */
	DROP_PASS_ERROR, /* errno; the pass is over */
};

/**
 * drop_names_free(names):
 * Free everything; ${names} is as if zeroed then, and may be used again.
 */
void drop_names_free(struct drop_names *names);

/**
 * drop_names_count(text):
 * Return whether a file called ${text} counts: not if that starts with a dot or
 * ends in "~" or ".tmp".
 */
bool drop_names_count(const char *text);

/**
 * drop_names_wait(path):
 * Return whether the drop folder ${path} has files that may still be taken, or
 * some that are being taken, also by another process.  A folder with some
 * thousand names that do not count is not searched to its end: return true
 * then, too.
 */
bool drop_names_wait(const char *path);

/**
 * drop_names_add(names, text, is_told):
 * Add ${text} if it counts and there is room.  A name for which there is no
 * room, or no memory, is found by the next pass.
 */
void drop_names_add(struct drop_names *names, const char *text, bool is_told);

/**
 * drop_names_take(names):
 * Take out the lowest name and return it, to be freed by free(3); NULL: none.
 */
struct drop_name *drop_names_take(struct drop_names *names);

/**
 * drop_names_have(names, text):
 * Return whether ${text} is one of the names kept.
 */
bool drop_names_have(const struct drop_names *names, const char *text);

/**
 * drop_names_begin(names, dir_fd, is_first):
 * Begin a pass through the folder ${dir_fd}: unless it ${is_first}, from the
 * ceiling on.  There is no ceiling then.  A pass that was not finished is given
 * up.  Return 0, or -1 with errno.
 */
int drop_names_begin(struct drop_names *names, int dir_fd, bool is_first);

/**
 * drop_names_pass(names, until_ms):
 * Go on with the pass while clock_mono_ms() is below ${until_ms}, but for some
 * hundred names in any case.
 */
enum drop_pass drop_names_pass(struct drop_names *names, int64_t until_ms);

#endif
