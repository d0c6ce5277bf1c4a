#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spool/writers.h"
#include "take/drop.h"
#include "take/drop_file.h"

/* A file that is not seen for so long may be forgotten. */
#define FORGET_MS (INT64_C(10) * DROP_SETTLE_MS)
/*
 * DROP_SETTLE_MS in whole seconds of a clock that may be set, and one more for
 * rounding.
 */
#define SETTLE_S (DROP_SETTLE_MS / 1000 + 1)
/* O_NONBLOCK, O_NOCTTY: by now it may be a pipe or a terminal. */
#define FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

bool
drop_file_is_written(int fd)
{
	return writers_find(fd) == WRITERS_SOME;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/*
 * Return the place of the file ${ino}, or one that it may have (with ino 0), or
 * NULL.
 */
static struct drop_young *
find_young(struct drop_young_files *young, ino_t ino, int64_t now_ms)
{
	struct drop_young *place = NULL;

	for (size_t i = 0; i < DROP_YOUNG_MAX; i++) {
		struct drop_young *it = &young->list[i];

		if (it->ino == ino)
			return it;
		if (it->ino == 0 || now_ms - it->seen_ms > FORGET_MS)
			place = it;
	}
	if (place != NULL)
		place->ino = 0;
	return place;
}

/* Return whether the file was like that for long while we watched it. */
static bool
was_still(struct drop_young *it, const struct stat *st, int64_t now_ms)
{
	if (it->ino != st->st_ino || it->size != st->st_size ||
	    !is_same_time(&it->mtime, &st->st_mtim) ||
	    !is_same_time(&it->ctime, &st->st_ctim)) {
		it->ino = st->st_ino;
		it->size = st->st_size;
		it->mtime = st->st_mtim;
		it->ctime = st->st_ctim;
		it->since_ms = now_ms;
	}
	it->seen_ms = now_ms;
	return now_ms - it->since_ms >= DROP_SETTLE_MS;
}

/*
 * Return whether the file is old by the clock; one whose times are yet to come
 * is not.
 */
static bool
is_old(const struct stat *st)
{
	int64_t now_s = clock_wall_s();

	return now_s - st->st_mtim.tv_sec >= SETTLE_S &&
	    now_s - st->st_ctim.tv_sec >= SETTLE_S;
}

/*
 * Return whether the file is complete, although it has ${writers} or these are
 * not known.  If it is not, remember it in ${young}.
 */
static bool
is_complete(struct drop_young_files *young, struct drop_file *file,
    enum writers writers, bool is_told)
{
	int64_t now_ms = clock_mono_ms();
	struct drop_young *it = find_young(young, file->st.st_ino, now_ms);
	bool is_new = it != NULL && it->ino == 0;
	bool is_still = is_old(&file->st);

	if (it != NULL) {
		is_still |= was_still(it, &file->st, now_ms);
		it->is_told = is_told || (!is_new && it->is_told);
		is_told = it->is_told;
	}
	if (writers == WRITERS_UNKNOWN ? is_told || is_still :
					 is_told && is_still) {
		if (it != NULL)
			it->ino = 0;
		return true;
	}
	return false;
}

/* Open what is a regular file, and only that. */
static enum drop_state
open_regular(int dir_fd, const char *name, struct drop_file *out)
{
	/* Look first: even to open something else may have an effect. */
	if (fstatat(dir_fd, name, &out->st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? DROP_GONE : DROP_REFUSED;
	if (!S_ISREG(out->st.st_mode))
		return DROP_OTHER;
	out->fd = openat(dir_fd, name, FLAGS);
	if (out->fd == -1 && errno == ENOENT)
		return DROP_GONE;
	/* Somebody has a lease on it, and gives it back now. */
	if (out->fd == -1 && errno == EWOULDBLOCK)
		return DROP_YOUNG;
	if (out->fd == -1)
		return errno == ELOOP ? DROP_OTHER : DROP_REFUSED;
	/* Another file may have taken the name before it was opened. */
	if (fstat(out->fd, &out->st) != 0) {
		fd_close(out->fd);
		return DROP_REFUSED;
	}
	if (!S_ISREG(out->st.st_mode)) {
		close(out->fd);
		return DROP_OTHER;
	}
	return DROP_READY;
}

enum drop_state
drop_file_open(struct drop_young_files *young, int dir_fd, const char *name,
    bool is_told, struct drop_file *out)
{
	enum drop_state state = open_regular(dir_fd, name, out);
	enum writers writers;

	if (state != DROP_READY)
		return state;
	writers = writers_find(out->fd);
	out->is_written = writers == WRITERS_SOME;
	if (writers == WRITERS_NONE ||
	    is_complete(young, out, writers, is_told))
		return DROP_READY;
	close(out->fd);
	return DROP_YOUNG;
}
