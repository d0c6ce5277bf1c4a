#include <errno.h>
#include <limits.h>

#include "publish/append.h"
#include "publish/deliver.h"
#include "publish/put_file.h"
#include "publish/put_pipe.h"
#include "spool/lock.h"

/* The longest line that goes through a pipe in one piece, with its two LFs. */
#define PIPE_LINE (PIPE_BUF - 2)

static struct append
append_of(const struct target *target)
{
	return (struct append){
		.folder_fd = target->spool_fd,
		.name = target->form->type == S_IFREG ? target->file : NULL,
		.end = target->end,
		.form = target->form->record,
		.links = target->links,
		.may_wait = target->may_wait,
	};
}

/* Return whether errno says that another process has the file locked. */
static bool
is_locked(const struct target *target)
{
	return errno == (target->may_wait ? ETIMEDOUT : EWOULDBLOCK);
}

static enum publish_result
refuse_locked(const struct target *target, const char *what)
{
	const struct lock_holder *holder = lock_last_holder();

	if (!target->may_wait)
		return report_tell(target->report, PUBLISH_BUSY,
		    "%s: %s/%s is locked by another process now: try again",
		    what, target->spool, target->file);
	return report_tell(target->report, PUBLISH_BUSY,
	    "%s: %s/%s has been locked for %d s by process %ld (%s): let that "
	    "process unlock it, or end that process",
	    what, target->spool, target->file, LOCK_GIVE_UP_S,
	    (long)holder->pid, holder->command);
}

static enum publish_result
to_file(const struct target *target, const struct buf *record)
{
	struct append append = append_of(target);

	switch (append_record(&append, record)) {
	case APPEND_DONE:
		return PUBLISH_DONE;
	case APPEND_ENDED:
		return target_refuse_ended(target);
	case APPEND_NOTHING:
		if (errno == ELOOP)
			return target_refuse_link(target);
		if (is_locked(target))
			return refuse_locked(target, "nothing was published");
		return report_error(target->report, PUBLISH_FAILED,
		    "nothing was published: cannot write to %s/%s",
		    target->spool, target->file);
	case APPEND_TORN:
		break;
	}
	return report_error(target->report, PUBLISH_UNSURE,
	    "part of the record may be left at the end of %s/%s", target->spool,
	    target->file);
}

static enum publish_result
to_pipe(const struct target *target, const struct buf *record)
{
	if (put_pipe(
		target->spool_fd, target->file, record, target->may_wait) == 0)
		return PUBLISH_DONE;
	if (errno == ELOOP)
		return target_refuse_link(target);
	if (errno == EMSGSIZE)
		return report_tell(target->report, PUBLISH_TOO_LARGE,
		    "a line of %zu bytes is over the %d that a pipe takes in "
		    "one piece, and could be mixed with others: shorten it, or "
		    "use an append file or a drop folder",
		    record->len - 1, PIPE_LINE);
	if (errno == ENXIO || errno == EPIPE)
		return report_tell(target->report, PUBLISH_BUSY,
		    "nothing was published: nobody reads %s/%s now; start a "
		    "responder (the web server, or spoolcast serve)",
		    target->spool, target->file);
	if (errno == EAGAIN && !target->may_wait)
		return report_tell(target->report, PUBLISH_BUSY,
		    "nothing was published: %s/%s is full now: try again",
		    target->spool, target->file);
	return report_error(target->report, PUBLISH_FAILED,
	    "nothing was published: cannot write to %s/%s", target->spool,
	    target->file);
}

static enum publish_result
to_folder(const struct target *target, const struct buf *record,
    const char *extension, struct buf *path)
{
	char name[NAME_MAX + 1];

	if (put_file(target->spool_fd, target->file, extension, record, name) ==
	    -1)
		return errno == ELOOP || errno == ENOTDIR ?
		    target_refuse_link(target) :
		    report_error(target->report, PUBLISH_FAILED,
			"nothing was published: cannot put a file into %s/%s",
			target->spool, target->file);
	return buf_printf(path, "/%s", name) == 0 ?
	    PUBLISH_DONE :
	    report_error(
		target->report, PUBLISH_UNSURE, "published, but cannot tell");
}

enum publish_result
deliver_record(const struct target *target, const struct buf *record,
    const char *extension, struct buf *path)
{
	enum publish_result result;

	if (buf_printf(path, "%s/%s", target->spool, target->file) == -1)
		return report_error(
		    target->report, PUBLISH_FAILED, "nothing was published");
	switch (target->form->type) {
	case S_IFDIR:
		result = to_folder(target, record, extension, path);
		break;
	case S_IFIFO:
		result = to_pipe(target, record);
		break;
	default:
		result = to_file(target, record);
		break;
	}
	if (result == PUBLISH_DONE && buf_append(path, "", 1) == -1)
		return report_error(target->report, PUBLISH_UNSURE,
		    "published, but cannot tell");
	return result;
}

enum publish_result
deliver_end(const struct target *target)
{
	struct append append = append_of(target);

	if (append_end(&append) == 0)
		return PUBLISH_DONE;
	if (is_locked(target))
		return refuse_locked(target, "the channel has not ended");
	return report_error(target->report, PUBLISH_FAILED,
	    "the channel has not ended: cannot make %s/%s", target->spool,
	    target->end);
}
