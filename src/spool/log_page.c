#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spool/lock.h"
#include "spool/log_page.h"
#include "spool/own.h"

#define FILE_NAME "lines"
/* This number changes with the layout. */
#define VERSION 0x4c503031
#define MINUTE_S 60
/* How long to wait for the lock, in all. */
#define PATIENCE_MS 100

/* The whole file. */
struct content {
	uint32_t version;
	uint32_t unused;
	int64_t minute; /* since 1970 */
	struct kind {
		uint32_t used;
		uint32_t held_back;
		uint64_t told[LOG_BURST]; /* hashes of the lines used */
	} kinds[LOG_ABOUTS];
};

static int
open_page(struct log_page *page, const char *spool)
{
	if (page->fd != -1)
		return 0;
	if (spool == NULL)
		return -1;
	/* A file beyond the size limit shall be an error and not kill us. */
	(void)signal(SIGXFSZ, SIG_IGN);
	page->fd = own_open(spool, FILE_NAME, OWN_WRITERS);
	return page->fd == -1 ? -1 : 0;
}

/*
 * Lock the page against all others that call this.  Return 0, or -1 with errno:
 * EAGAIN if somebody did not let go of it for PATIENCE_MS, or what the file
 * system says (ENOLCK).
 */
static int
lock_page(int fd)
{
	long pause_ms = 1, waited_ms = 0;

	while (lock_try_range(fd, F_WRLCK, 0, 0) != 0) {
		struct timespec pause = { .tv_nsec = pause_ms * 1000000 };

		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		/* The process that holds it is stopped, or has a slow disk. */
		if (waited_ms >= PATIENCE_MS) {
			errno = EAGAIN;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
		waited_ms += pause_ms;
		pause_ms *= 2;
		if (pause_ms > PATIENCE_MS - waited_ms)
			pause_ms = PATIENCE_MS - waited_ms;
	}
	return 0;
}

/*
 * Read the page; one that is short, torn or of another version counts as empty.
 * Return 0, or -1 with errno.
 */
static int
read_content(int fd, struct content *content)
{
	ssize_t len = pread(fd, content, sizeof(*content), 0);

	if (len == -1)
		return -1;
	if (len != (ssize_t)sizeof(*content) || content->version != VERSION)
		memset(content, 0, sizeof(*content));
	content->version = VERSION;
	return 0;
}

/* Begin a new minute.  Return how many lines were held back in the last. */
static unsigned
turn(struct content *content, int64_t minute)
{
	unsigned held_back = 0;

	/*
	 * Any other minute is a new one, also an earlier one: the clock may
	 * have been set back, or somebody may have made up the page.
	 */
	if (content->minute == minute)
		return 0;
	for (int i = 0; i < LOG_ABOUTS; i++)
		held_back += content->kinds[i].held_back;
	memset(content->kinds, 0, sizeof(content->kinds));
	content->minute = minute;
	return held_back;
}

static bool
was_told(const struct kind *kind, uint64_t hash)
{
	for (uint32_t i = 0; i < kind->used; i++) {
		if (kind->told[i] == hash)
			return true;
	}
	return false;
}

/* Take room for one line of ${kind}.  Return whether there was some. */
static bool
take_line(struct kind *kind, enum log_about about, uint64_t hash)
{
	bool is_once = about == LOG_ABOUT_SPOOL || about == LOG_ABOUT_US;

	if (kind->used > LOG_BURST)
		kind->used = LOG_BURST;
	if (kind->used == LOG_BURST || (is_once && was_told(kind, hash))) {
		kind->held_back++;
		return false;
	}
	kind->told[kind->used++] = hash;
	return true;
}

/*
 * Ask the page whether one more line may be written.  Return 1 if so, 0 if not,
 * or -1 if the page cannot be used.
 */
static int
ask_page(int fd, int64_t minute, enum log_about about, uint64_t hash,
    unsigned *held_back)
{
	struct content content;
	ssize_t len;
	bool may;

	if (lock_page(fd) != 0)
		return -1;
	if (read_content(fd, &content) != 0)
		goto err0;
	*held_back = turn(&content, minute);
	may = take_line(&content.kinds[about], about, hash);
	len = pwrite(fd, &content, sizeof(content), 0);
	(void)lock_try_range(fd, F_UNLCK, 0, 0);
	if (len == (ssize_t)sizeof(content))
		return may;
	/* The line was not counted, so no other process would know of it. */
	*held_back = 0;
	return -1;

err0:
	(void)lock_try_range(fd, F_UNLCK, 0, 0);
	return -1;
}

bool
log_page_may(struct log_page *page, const char *spool, int64_t now_s,
    enum log_about about, uint64_t hash, unsigned *held_back)
{
	int64_t minute = now_s / MINUTE_S;
	int saved = errno, may = -1;

	*held_back = 0;
	if (page->minute != minute)
		page->used = 0;
	page->minute = minute;
	if (page->used >= LOG_PAGE_OWN)
		return false;
	if (!page->is_alone && open_page(page, spool) == 0)
		may = ask_page(page->fd, minute, about, hash, held_back);
	errno = saved;
	/*
	 * Without the page, this process may write a few lines alone.  It tries
	 * the page again only if the spool was not known.
	 */
	if (may == -1) {
		page->is_alone = spool != NULL;
		may = page->used < LOG_PAGE_ALONE;
	}
	page->used += may == 1;
	return may == 1;
}

void
log_page_close(struct log_page *page)
{
	if (page->fd != -1)
		close(page->fd);
	page->fd = -1;
}
