#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/lock.h"
#include "spool/own.h"
#include "take/take_elect.h"

#define LOCK_FILE "sources"

/* Begin, or cease, to take from all inlets that are open. */
static void
set_taker(struct take *take, bool is_taker)
{
	take->is_taker = is_taker;
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (!inlet->is_open)
			continue;
		inlet->kind->follow(inlet, is_taker);
		if (is_taker)
			inlet_soon(inlet);
		else
			inlet_rest(inlet);
	}
}

void
take_elect_end(struct take *take)
{
	if (take->lock == -1)
		return;
	set_taker(take, false);
	close(take->lock);
	take->lock = -1;
}

static const char *
remedy_for(int error)
{
	switch (error) {
	case EPERM:
		return "remove that file, or the folder, which another user "
		       "made";
	case EACCES:
		return "let the web server's user write to the spool";
	case EROFS:
		return "put the spool where it can be written";
	case ELOOP:
	case EMLINK:
	case EISDIR:
	case ENOTDIR:
	case EINVAL:
		return "remove what is in the place of that file";
	}
	return "see the error; it is tried again";
}

/* Log that nothing can be taken, by errno; what is held already stays so. */
static void
refuse(struct take *take)
{
	if (errno != take->lock_errno &&
	    log_allow(&take->quota, clock_mono_ms()))
		log_errno(LOG_LEVEL_ERROR,
		    "event=sources-refused spool=\"%s\" file=" OWN_FOLDER
		    "/" LOCK_FILE " effect=\"this process reads no pipes and "
		    "drop folders\" remedy=\"%s\"",
		    take->folder->path, remedy_for(errno));
	take->lock_errno = errno;
	take_elect_end(take);
}

/* Try to lock the file that is open.  Return whether we have it now. */
static bool
try_lock(struct take *take)
{
	if (lock_get(take->lock, LOCK_OWN, LOCK_FILE, false) != 0) {
		if (errno == EWOULDBLOCK || errno == EINTR)
			take->has_waited = true;
		else
			refuse(take);
		return false;
	}
	/* While we opened it, another file may have taken its name. */
	if (own_is_current(take->lock, take->folder->path, LOCK_FILE))
		return true;
	take_elect_end(take);
	return false;
}

void
take_elect(struct take *take)
{
	const char *spool = take->folder->path;

	if (take->lock != -1 && !own_is_current(take->lock, spool, LOCK_FILE)) {
		/* Do not recreate at once a folder that someone is deleting. */
		take_elect_end(take);
		take->rest_ms = clock_mono_ms() + TAKE_TRY_MS / 2;
	}
	if (clock_mono_ms() < take->rest_ms)
		return;
	if (take->lock == -1 &&
	    (take->lock = own_open(spool, LOCK_FILE, OWN_WRITERS)) == -1) {
		refuse(take);
		return;
	}
	if (!take->is_taker && try_lock(take)) {
		if (take->has_waited)
			log_msg(LOG_LEVEL_INFO,
			    "event=took-over spool=\"%s\" sources=%u", spool,
			    take->n_inlets);
		set_taker(take, true);
	}
	if (take->lock != -1)
		take->lock_errno = 0;
}
