/* The segments of a channel while another process renames them. */
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"
#include "spool/channel_log.h"

#define ROTATIONS 400

/* In a process of its own; assertions have nobody to tell there. */
static void
rotate_again_and_again(void)
{
	char from[32], to[32];
	int fd = openat(temp_dir_fd, "spool", O_DIRECTORY | O_RDONLY);

	for (int n = 1; n <= ROTATIONS; n++) {
		for (int number = n; number > 0; number--) {
			snprintf(from, sizeof(from), "news.%d", number);
			snprintf(to, sizeof(to), "news.%d", number + 1);
			if (renameat(fd, from, fd, to) != 0)
				_exit(1);
		}
		if (renameat(fd, "news", fd, "news.1") != 0 ||
		    openat(fd, "news", O_WRONLY | O_CREAT, 0600) == -1)
			_exit(1);
	}
	_exit(0);
}

/* The position behind the first line, in the oldest segment. */
static void
make_oldest(struct channel *channel, struct position *at)
{
	struct segment *oldest;

	assert_int_equal(channel_find_oldest(channel, &oldest), 0);
	assert_int_equal(segment_tail(oldest, at), 0);
	assert_int_equal(at->offset, 7);
	segment_drop(&oldest);
}

/*
 * A search begins anew where files were renamed meanwhile.  How often is up to
 * the machine; it ends when the renaming does.
 */
static bool
is_to_repeat(void)
{
	return errno == ESTALE || errno == EBUSY;
}

static void
assert_found(struct channel *channel, const struct position *at)
{
	struct channel_copies copies = { 0 };
	enum channel_place place;
	struct segment *seg;
	int rc;

	do {
		place = channel_find_place(channel, at, &copies, &seg);
	} while (place == CHANNEL_ERROR && is_to_repeat());
	assert_int_equal(place, CHANNEL_FOUND);
	segment_drop(&seg);
	do {
		rc = channel_find_oldest(channel, &seg);
	} while (rc != 0 && is_to_repeat());
	assert_int_equal(rc, 0);
	assert_true(segment_is(seg, at));
	segment_drop(&seg);
}

static void
test_the_oldest_is_found_whenever_it_is_looked_for(void **state)
{
	struct channel *channel;
	struct position at;
	int looks = 0, status = 0;
	pid_t child;

	(void)state;
	spool_append("news.1", "oldest\n");
	spool_append("news", "newest\n");
	channel = spool_use("news");
	make_oldest(channel, &at);
	channel_unref(channel);
	if ((child = fork()) == 0)
		rotate_again_and_again();
	assert_true(child > 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		channel = spool_use("news");
		assert_found(channel, &at);
		channel_unref(channel);
		looks++;
	}
	assert_int_equal(status, 0);
	assert_true(looks > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_the_oldest_is_found_whenever_it_is_looked_for,
		    spool_start_open, spool_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "channel_renamed", tests, temp_dir_make, temp_dir_remove);
}
