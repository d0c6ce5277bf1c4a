#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spool/own.h"
#include "take/pipe.h"
#include "take/pipe_journal.h"
#include "take/take.h"

/* A turn takes so many bytes at most. */
#define TURN_BYTES 1048576
/* A pipe holds so many bytes, as a rule (pipe(7)). */
#define PEEK_BYTES 65536

struct pipe {
	struct inlet inlet;
	int fd;
	dev_t dev;
	ino_t ino;
	ev_io io;
	bool is_followed;
	bool is_copied; /* its journal's file system has no splice */
};

static struct pipe *
pipe_of(struct inlet *inlet)
{
	return (struct pipe *)(void *)inlet;
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct pipe *pipe = io->data;

	(void)loop;
	(void)revents;
	inlet_run(&pipe->inlet);
}

static struct inlet *
make(void)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));

	return pipe == NULL ? NULL : &pipe->inlet;
}

static const char *
remedy_for(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "let the web server's user read and write the pipe";
	case ELOOP:
		return "make the pipe itself in the spool, no link to one";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files";
	}
	return "see the error; it is tried again";
}

static int
open_fifo(const char *path, struct stat *st)
{
	int fd =
	    open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && S_ISFIFO(st->st_mode))
		return fd;
	close(fd);
	/* It is no pipe any more: for us it is gone. */
	errno = ENOENT;
	return -1;
}

static int
open_inlet(struct inlet *inlet, const char **remedy)
{
	struct pipe *pipe = pipe_of(inlet);
	struct folder *folder = inlet->take->folder;
	struct stat st;

	pipe->fd = open_fifo(
	    folder_file(folder, inlet->name, inlet->kind->form->suffix), &st);
	if (pipe->fd == -1) {
		*remedy = remedy_for(errno);
		return -1;
	}
	pipe->dev = st.st_dev;
	pipe->ino = st.st_ino;
	pipe->is_followed = false;
	ev_io_init(&pipe->io, on_readable, pipe->fd, EV_READ);
	pipe->io.data = pipe;
	return 0;
}

static bool
is_same(const struct inlet *inlet, const struct stat *st)
{
	const struct pipe *pipe = (const struct pipe *)(const void *)inlet;

	return pipe->dev == st->st_dev && pipe->ino == st->st_ino;
}

/* Wait for input if ${is_on} and it is followed; else do not. */
static void
wait_for_input(struct pipe *pipe, bool is_on)
{
	struct ev_loop *loop = pipe->inlet.take->folder->loop;

	if (is_on && pipe->is_followed)
		ev_io_start(loop, &pipe->io);
	else
		ev_io_stop(loop, &pipe->io);
}

static void
follow(struct inlet *inlet, bool is_on)
{
	struct pipe *pipe = pipe_of(inlet);

	pipe->is_followed = is_on;
	wait_for_input(pipe, is_on);
}

/*
 * Copy what comes next into ${bytes}, and leave it in the pipe.  Return as
 * splice(2) does: 0 at the end, -1 with EAGAIN if there is nothing.
 */
static ssize_t
peek(struct pipe *pipe, char *bytes, size_t len)
{
	int copy[2];
	ssize_t n;

	if (pipe2(copy, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	n = tee(pipe->fd, copy[1], len, SPLICE_F_NONBLOCK);
	if (n > 0)
		n = read(copy[0], bytes, (size_t)n);
	fd_close(copy[0]);
	fd_close(copy[1]);
	return n;
}

/* Move up to ${len} bytes without splice(2); see c) in pipe.h. */
static ssize_t
copy(struct pipe *pipe, const struct pipe_journal *journal, size_t len)
{
	char *bytes = malloc(PEEK_BYTES);
	ssize_t n;

	if (bytes == NULL)
		return -1;
	n = peek(pipe, bytes, len < PEEK_BYTES ? len : PEEK_BYTES);
	if (n > 0)
		n = pwrite(journal->fd, bytes, (size_t)n, journal->end);
	if (n > 0)
		n = read(pipe->fd, bytes, (size_t)n);
	free(bytes);
	return n;
}

/* Move up to ${len} bytes; return as splice(2) does. */
static ssize_t
move(struct pipe *pipe, struct pipe_journal *journal, size_t len)
{
	loff_t end = journal->end;
	ssize_t n = 0;

	if (!pipe->is_copied) {
		n = splice(pipe->fd, NULL, journal->fd, &end, len,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		pipe->is_copied =
		    n == -1 && (errno == EINVAL || errno == ENOSYS);
	}
	if (pipe->is_copied)
		n = copy(pipe, journal, len);
	if (n > 0)
		journal->end += n;
	return n;
}

/*
 * Move the rest of a line, as far as it is there, to the segment in which the
 * line began.
 */
static ssize_t
move_rest(struct pipe *pipe, struct pipe_journal *journal)
{
	char *bytes = malloc(PEEK_BYTES), *end;
	ssize_t n;

	if (bytes == NULL)
		return -1;
	n = peek(pipe, bytes, PEEK_BYTES);
	end = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;
	if (end != NULL)
		n = end + 1 - bytes;
	free(bytes);
	return n > 0 ? move(pipe, journal, (size_t)n) : n;
}

/* Return what to do about a journal that cannot be written. */
static const char *
journal_remedy(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room";
	case ELOOP:
	case EMLINK:
	case EISDIR:
	case ENOTDIR:
	case EINVAL:
	case EPERM:
		return "remove the link, what another user made, or whatever "
		       "else is in the place of "
		       "the journal, from " OWN_FOLDER;
	}
	return "let the web server's user write to the spool";
}

/* Return what a turn came to in which nothing was moved, by errno. */
static enum inlet_result
fail(struct pipe *pipe)
{
	bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	if (errno == EAGAIN)
		return INLET_DONE;
	if (errno == EINTR)
		return INLET_MORE;
	/* What was written stays in the pipe; when it is full, writers wait. */
	inlet_tell(&pipe->inlet, is_full ? "journal-full" : "journal-failed",
	    journal_remedy(errno));
	return INLET_FAILED;
}

/* Move what there is into one segment of the journal. */
static enum inlet_result
move_some(struct pipe *pipe, struct pipe_journal *journal, int64_t until_ms)
{
	size_t left = TURN_BYTES;
	ssize_t n;

	if (journal->is_older) {
		n = move_rest(pipe, journal);
		return n > 0 ? INLET_MORE : n == 0 ? INLET_OVER : fail(pipe);
	}
	while (left > 0) {
		n = move(pipe, journal, left);
		if (n <= 0)
			return n == 0 ? INLET_OVER : fail(pipe);
		left -= (size_t)n;
		if (clock_mono_ms() >= until_ms)
			break;
	}
	return INLET_MORE;
}

static enum inlet_result
take_some(struct pipe *pipe, int64_t until_ms)
{
	struct inlet *inlet = &pipe->inlet;
	struct pipe_journal journal;
	char name[NAME_MAX];
	enum inlet_result result;

	snprintf(
	    name, sizeof(name), "%s%s", inlet->name, inlet->kind->form->log);
	if (pipe_journal_open(&journal, inlet->take->folder->path, name) != 0)
		return errno == EAGAIN ? INLET_BUSY : fail(pipe);
	result = move_some(pipe, &journal, until_ms);
	pipe_journal_close(&journal);
	return result;
}

/*
 * Take what there is.  If there is nothing, do not open the journal: that would
 * make one.
 */
static enum inlet_result
take_if_any(struct pipe *pipe, int64_t until_ms)
{
	struct pollfd state = { .fd = pipe->fd, .events = POLLIN };

	if (poll(&state, 1, 0) == -1)
		return INLET_MORE;
	if (state.revents & POLLIN)
		return take_some(pipe, until_ms);
	/* No writer has it open any more; see e) in pipe.h. */
	return state.revents & POLLHUP ? INLET_OVER : INLET_DONE;
}

static enum inlet_result
turn(struct inlet *inlet, int64_t until_ms)
{
	struct pipe *pipe = pipe_of(inlet);
	enum inlet_result result = take_if_any(pipe, until_ms);

	wait_for_input(pipe, result == INLET_DONE);
	return result;
}

static bool
outlive(struct inlet *inlet)
{
	struct pipe *pipe = pipe_of(inlet);
	char path[64];
	struct stat st;
	int fd;

	/* If it has another name, it belongs to another channel. */
	if (fstat(pipe->fd, &st) != 0 || st.st_nlink > 0)
		return false;
	/* Open only to read, it tells when there is no writer left. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe->fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	wait_for_input(pipe, false);
	close(pipe->fd);
	pipe->fd = fd;
	ev_io_set(&pipe->io, fd, EV_READ);
	wait_for_input(pipe, true);
	return true;
}

static void
close_inlet(struct inlet *inlet)
{
	struct pipe *pipe = pipe_of(inlet);
	int n = 0;

	/* What is left is lost, unless another process has the pipe open. */
	if (inlet->take->is_taker && ioctl(pipe->fd, FIONREAD, &n) == 0 &&
	    n > 0)
		log_msg(LOG_LEVEL_ERROR,
		    "event=pipe-left channel=%s bytes=%d effect=\"lost, unless "
		    "another process has the pipe open\"",
		    inlet->name, n);
	close(pipe->fd);
}

const struct inlet_kind pipe_inlet = {
	.form = &forms[FORM_PIPE],
	.make = make,
	.open = open_inlet,
	.is_same = is_same,
	.follow = follow,
	.turn = turn,
	.outlive = outlive,
	.close = close_inlet,
};
