/*
 * Responders of one spool, in one loop, as far as they take what comes in by
 * pipes and drop folders.  To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_TAKERS_H
#define SPOOLCAST_TESTS_HELPERS_TAKERS_H

#include <sys/stat.h>

#include "helpers/fifo.h"
#include "helpers/loop_until.h"
#include "helpers/temp_dir.h"
#include "take/take.h"

#define SPOOL "spool/"
#define OWN SPOOL ".spoolcast/"
#define JOURNAL OWN "alerts.fifo.log"

/* One of the processes that there would be. */
struct responder {
	struct folder folder;
	struct take take;
};

static struct ev_loop *loop;
static struct responder one, two;
static const char *want; /* what is to be in the journal in the end */

static inline void
on_channel(void *cookie, struct channel *channel)
{
	(void)cookie;
	(void)channel;
}

static inline void
on_name(void *cookie, const char *name)
{
	(void)cookie;
	(void)name;
}

static inline void
on_file(void *cookie, const char *file)
{
	struct responder *responder = cookie;

	if (take_is_on(&responder->take))
		take_note(&responder->take, file);
}

static inline void
on_lost(void *cookie)
{
	struct responder *responder = cookie;

	if (take_is_on(&responder->take))
		take_rescan(&responder->take);
}

static const struct folder_ops folder_ops = {
	.on_channel = on_channel,
	.on_name = on_name,
	.on_file = on_file,
	.on_lost = on_lost,
};

static inline void
get_settings(void *cookie, const char *name, struct take_settings *out)
{
	(void)cookie;
	(void)name;
	*out = (struct take_settings){ .max_record = 65536 };
}

static const struct take_ops take_ops = {
	.settings = get_settings,
};

static inline void
begin(struct responder *responder)
{
	char path[sizeof(temp_dir) + 8];

	memset(responder, 0, sizeof(*responder));
	snprintf(path, sizeof(path), "%s/spool", temp_dir);
	assert_int_equal(
	    folder_init(&responder->folder, loop, path, &folder_ops, responder),
	    0);
	assert_int_equal(folder_open(&responder->folder), 0);
	folder_follow(&responder->folder);
	take_start(&responder->take, &responder->folder, &take_ops, NULL);
}

static inline void
end(struct responder *responder)
{
	if (!take_is_on(&responder->take))
		return;
	take_end(&responder->take);
	assert_false(take_is_on(&responder->take));
	folder_free(&responder->folder);
}

static inline int
start(void **state)
{
	(void)state;
	loop = ev_loop_new(0);
	return loop == NULL ? -1 : mkdirat(temp_dir_fd, "spool", 0700);
}

static inline int
stop(void **state)
{
	(void)state;
	end(&one);
	end(&two);
	ev_loop_destroy(loop);
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

static inline bool
is_journalled(void)
{
	return fifo_file_has(JOURNAL, want);
}

static inline void
assert_journal(const char *text)
{
	want = text;
	assert_true(loop_until(loop, is_journalled));
}

#endif
