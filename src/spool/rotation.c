#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "spool/form.h"
#include "spool/own.h"
#include "spool/rotation_steps.h"
#include "spool/series.h"
#include "spool/trust.h"

#define LOCK_NAME "rotation"
#define S_TO_MS 1000

/*
 * What the locked file says: "BASE INODE KEEP", or blanks when nothing is being
 * done.  It always has as many bytes, so that it can be written on a full disk,
 * too.
 */
#define NOTE_SIZE 160

struct note {
	char base[ROTATION_BASE_SIZE];
	uint64_t ino;
	uint64_t keep;
};

/* Read the field at ${*text}, which ends at a blank, and go on to the next. */
static bool
read_number(const char **text, uint64_t *out)
{
	size_t len = strcspn(*text, " ");
	bool is_one = num_uint(*text, len, out) == NUM_OK;

	*text += len;
	*text += strspn(*text, " ");
	return is_one;
}

/*
 * Return whether the file ${fd} has a note that makes sense; put it into
 * ${note}.
 */
static bool
read_note(int fd, struct note *note)
{
	char text[NOTE_SIZE + 1];
	ssize_t n = pread(fd, text, NOTE_SIZE, 0);
	const char *rest = text;
	size_t len;

	if (n != NOTE_SIZE)
		return false;
	text[NOTE_SIZE] = '\0';
	len = strcspn(text, " ");
	if (len == 0 || len >= sizeof(note->base))
		return false;
	memcpy(note->base, text, len);
	note->base[len] = '\0';
	rest = text + len + 1;
	/* A note that names anything else must not get us to rename it. */
	return form_is_series(note->base) && read_number(&rest, &note->ino) &&
	    read_number(&rest, &note->keep) && note->keep <= ROTATION_KEEP_MAX;
}

static int
write_note(int fd, const char *text)
{
	char note[NOTE_SIZE + 1];
	ssize_t n;

	snprintf(note, sizeof(note), "%-*s\n", NOTE_SIZE - 1, text);
	n = pwrite(fd, note, NOTE_SIZE, 0);
	if (n >= 0 && n < NOTE_SIZE)
		errno = ENOSPC;
	return n == NOTE_SIZE ? 0 : -1;
}

static int
note_work(struct rotation_work *work, int lock_fd)
{
	char text[NOTE_SIZE];

	snprintf(text, sizeof(text), "%s %ju %u", work->base,
	    (uintmax_t)work->st.st_ino,
	    work->keep < ROTATION_KEEP_MAX ? work->keep : ROTATION_KEEP_MAX);
	if (write_note(lock_fd, text) == 0)
		return 0;
	return rotation_steps_fail(work,
	    "cannot write the spool's " OWN_FOLDER "/" LOCK_NAME " (%s): make "
	    "room",
	    strerror(errno));
}

/* Rotate, beginning with the file that is the newest now, which is locked. */
static enum rotation_result
carry_out(struct rotation_work *work, int lock_fd)
{
	if (rotation_check(work) != 0)
		return ROTATION_FAILED;
	if (note_work(work, lock_fd) == 0 && rotation_steps_make(work) == 0 &&
	    rotation_steps_move(work) == 0 && rotation_steps_renew(work) == 0) {
		(void)write_note(lock_fd, "");
		work->report->size = (uint64_t)work->st.st_size;
		return ROTATION_DONE;
	}
	/*
	 * If something has moved, the note stays, for the next process to do
	 * the rest.
	 */
	if (!work->has_moved) {
		(void)write_note(lock_fd, "");
		rotation_steps_abandon(work);
	}
	return ROTATION_FAILED;
}

/*
 * Return whether the note in the file ${fd} could be written only by users that
 * could also rename and remove what is in the spool.
 */
static bool
is_trusted(int fd, const char *spool)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	struct stat st, dir;
	mode_t could;

	if (fstat(fd, &st) != 0 || stat(spool, &dir) != 0)
		return false;
	could = dir.st_mode & S_ISVTX ? 0 : dir.st_mode & others;
	return (st.st_mode & others & ~could) == 0 &&
	    (could != 0 || trust_is(st.st_uid, dir.st_uid));
}

/* Complete what ${note} says, which strangers cannot have written. */
static enum rotation_result
complete_noted(struct rotation_work *work, int lock_fd, const struct note *note)
{
	if (work->fd != -1 && work->st.st_ino == note->ino)
		return carry_out(work, lock_fd);
	if (rotation_steps_restore(
		work, rotation_steps_is_moved(work, note->ino)) != 0)
		return ROTATION_FAILED;
	(void)write_note(lock_fd, "");
	return ROTATION_DONE;
}

/*
 * Complete what ${note} says, which anybody may have written.  So the files
 * have to show that a user that may move them began this, and nothing is
 * removed for it.
 */
static enum rotation_result
complete_seen(struct rotation_work *work, int lock_fd, const struct note *note)
{
	bool is_newest = work->fd != -1 && work->st.st_ino == note->ino;
	bool is_moved = rotation_steps_is_moved(work, note->ino);
	enum rotation_result result = ROTATION_NOTHING;
	bool is_owners = (is_newest || is_moved) &&
	    rotation_check_is_owners(work, work->st.st_uid);

	work->keep = SERIES_LAST;
	if (is_owners && is_newest && rotation_check_is_begun(work))
		return carry_out(work, lock_fd);
	if (is_owners && is_moved)
		result = rotation_steps_restore(work, true) == 0 ?
		    ROTATION_DONE :
		    ROTATION_FAILED;
	if (result != ROTATION_FAILED)
		(void)write_note(lock_fd, "");
	return result;
}

static enum rotation_result
complete(const char *spool, int lock_fd, bool may_wait,
    struct rotation_report *report)
{
	struct rotation_work work = { .may_wait = may_wait, .report = report };
	enum rotation_result result;
	struct note note;

	if (!read_note(lock_fd, &note))
		return ROTATION_NOTHING;
	work.keep = (unsigned)note.keep;
	result = rotation_steps_open(&work, spool, note.base);
	if (result == ROTATION_DONE || result == ROTATION_NOTHING)
		result = is_trusted(lock_fd, spool) ?
		    complete_noted(&work, lock_fd, &note) :
		    complete_seen(&work, lock_fd, &note);
	rotation_steps_close(&work);
	return result;
}

/* Return when the newest segment was made, as far as can be told. */
static int64_t
born_s(const char *path, const struct statx *stx)
{
	char older[PATH_MAX + 2];
	struct statx before;

	if (stx->stx_mask & STATX_BTIME)
		return stx->stx_btime.tv_sec;
	series_name(older, sizeof(older), path, 1);
	if (statx(AT_FDCWD, older, 0, STATX_CTIME, &before) == 0)
		return before.stx_ctime.tv_sec;
	return stx->stx_mtime.tv_sec;
}

int64_t
rotation_due_ms(const char *spool, const struct rotation *rotation)
{
	char path[PATH_MAX];
	struct statx stx;
	int64_t age_ms;

	snprintf(path, sizeof(path), "%s/%s", spool, rotation->base);
	/*
	 * Links are followed here, so that they are refused when what they lead
	 * to is due.
	 */
	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) !=
		0 ||
	    stx.stx_size == 0)
		return INT64_MAX;
	if (rotation->max_size == 0 && rotation->max_age_ms == 0)
		return 0;
	if (rotation->max_size > 0 && stx.stx_size >= rotation->max_size)
		return 0;
	if (rotation->max_age_ms == 0)
		return INT64_MAX;
	age_ms = (clock_wall_s() - born_s(path, &stx)) * S_TO_MS;
	/* The clock was set back. */
	if (age_ms < 0)
		age_ms = 0;
	return age_ms < rotation->max_age_ms ? rotation->max_age_ms - age_ms :
					       0;
}

static enum rotation_result
refuse_lock(struct rotation_report *report)
{
	if (errno == EWOULDBLOCK)
		return ROTATION_BUSY;
	if (errno == ETIMEDOUT)
		return rotation_steps_give_up(report, OWN_FOLDER "/" LOCK_NAME);
	snprintf(report->problem, sizeof(report->problem),
	    "cannot lock the spool's " OWN_FOLDER "/" LOCK_NAME " (%s)%s",
	    strerror(errno),
	    errno == EACCES || errno == EPERM ?
		": run `spoolcast rotate` as a user who may write to it" :
		"");
	return ROTATION_FAILED;
}

/* Do ${rotation} under the lock of the spool. */
static enum rotation_result
run(const char *spool, int lock_fd, const struct rotation *rotation,
    struct rotation_report *report)
{
	struct rotation_work work = { .may_wait = rotation->may_wait,
		.keep = (unsigned)rotation->keep,
		.report = report };
	enum rotation_result result;

	result = rotation_steps_open(&work, spool, rotation->base);
	/* Another process may have rotated it since we saw that it is due. */
	if (result == ROTATION_DONE && rotation_due_ms(spool, rotation) > 0)
		result = ROTATION_NOTHING;
	if (result == ROTATION_DONE)
		result = carry_out(&work, lock_fd);
	rotation_steps_close(&work);
	return result;
}

enum rotation_result
rotation_run(const char *spool, const struct rotation *rotation,
    struct rotation_report *report)
{
	enum rotation_result result;
	int lock_fd;

	memset(report, 0, sizeof(*report));
	if (rotation_due_ms(spool, rotation) > 0)
		return ROTATION_NOTHING;
	lock_fd = own_lock(spool, LOCK_NAME, OWN_SHARED, rotation->may_wait);
	if (lock_fd == -1)
		return refuse_lock(report);
	/*
	 * A rotation that cannot be completed must not keep us from this one.
	 */
	result = complete(spool, lock_fd, rotation->may_wait, report);
	if (result != ROTATION_BUSY)
		result = run(spool, lock_fd, rotation, report);
	close(lock_fd);
	return result;
}

enum rotation_result
rotation_complete(
    const char *spool, bool may_wait, struct rotation_report *report)
{
	enum rotation_result result;
	char path[PATH_MAX];
	int lock_fd;

	memset(report, 0, sizeof(*report));
	snprintf(path, sizeof(path), "%s/%s/%s", spool, OWN_FOLDER, LOCK_NAME);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ROTATION_NOTHING;
	lock_fd = own_lock(spool, LOCK_NAME, OWN_SHARED, may_wait);
	if (lock_fd == -1)
		return refuse_lock(report);
	result = complete(spool, lock_fd, may_wait, report);
	close(lock_fd);
	return result;
}

bool
rotation_find_holder(
    const char *spool, const char *base, struct lock_holder *out)
{
	const char *const files[] = { OWN_FOLDER "/" LOCK_NAME, base };
	bool is_found = false;

	for (size_t i = 0; !is_found && i < 2; i++) {
		char path[PATH_MAX];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", spool, files[i]);
		fd = open(path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd == -1)
			continue;
		is_found = lock_find_holder(fd, out);
		close(fd);
	}
	return is_found;
}
