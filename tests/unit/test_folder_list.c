/* Listing what is in a folder that is followed, without reading it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/spool_folder.h"

static struct buf listed;
static const char *wanted;

static int
list_one(void *cookie, const char *name)
{
	(void)cookie;
	return buf_printf(&listed, "%s ", name);
}

/* What there is, as far as it has been told: the folder is not read. */
static bool
is_listed(void)
{
	char *path = spool.path;
	static char nowhere[] = "/nonexistent";

	listed.len = 0;
	spool.path = nowhere;
	if (folder_list(&spool, list_one, NULL) != 0)
		listed.len = 0;
	spool.path = path;
	return buf_append(&listed, "", 1) == 0 &&
	    strcmp((const char *)listed.data, wanted) == 0;
}

static void
assert_listed(const char *want)
{
	wanted = want;
	assert_true(loop_until(spool_loop, is_listed));
}

static void
test_names_are_kept_once_somebody_asked(void **state)
{
	(void)state;
	spool_append("news", "one\n");
	wanted = "";
	assert_true(is_listed());
	assert_int_equal(folder_list(&spool, list_one, NULL), 0);
	assert_listed("news ");
	/* What comes, goes and is renamed is told. */
	spool_append("jobs.sse", "");
	spool_append("later.1", "");
	spool_append("ignored.gz", "");
	spool_append("gone.end", "");
	assert_listed("news jobs later ");
	spool_move("news", "news.1");
	spool_append("news", "two\n");
	spool_delete("jobs.sse");
	assert_listed("news later ");
	spool_delete("news");
	spool_move("later.1", "renamed.1");
	assert_listed("news renamed ");
	/* A change of rights is no end. */
	assert_int_equal(fchmodat(temp_dir_fd, "spool/news.1", 0640, 0), 0);
	spool_append("last", "");
	assert_listed("news renamed last ");
	spool_delete("news.1");
	assert_listed("renamed last ");
	buf_free(&listed);
}

static void
test_names_are_read_anew_when_events_were_lost(void **state)
{
	(void)state;
	spool_append("news", "one\n");
	assert_int_equal(folder_list(&spool, list_one, NULL), 0);
	assert_listed("news ");
	/* Nobody tells of it: the events are thrown away. */
	spool_append("unseen", "");
	spool_delete("news");
	while (read(spool.watch.io.fd, &(char[4096]){ 0 }, 4096) > 0)
		continue;
	assert_true(is_listed());
	spool.is_lost = true;
	folder_look(&spool);
	assert_listed("unseen ");
	/* And another folder has other names. */
	assert_int_equal(renameat(temp_dir_fd, "spool", temp_dir_fd, "old"), 0);
	spool_mkdir();
	spool_append("new", "");
	assert_listed("new ");
	buf_free(&listed);
}

static int
tell_meanwhile(void *cookie, const char *name)
{
	(void)cookie;
	(void)name;
	spool.is_lost = true;
	folder_look(&spool);
	return 0;
}

static void
test_a_folder_that_is_lost_while_it_is_listed_is_read_afterwards(void **state)
{
	(void)state;
	spool_append("a", "");
	spool_append("b", "");
	assert_int_equal(folder_list(&spool, list_one, NULL), 0);
	while (!spool.has_kept)
		ev_run(spool_loop, EVRUN_ONCE);
	assert_int_equal(folder_list(&spool, tell_meanwhile, NULL), 0);
	assert_true(spool.is_lost);
	while (spool.is_lost || !spool.has_kept)
		ev_run(spool_loop, EVRUN_ONCE);
	buf_free(&listed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WATCHED(test)                                                          \
	cmocka_unit_test_setup_teardown(test, spool_start_open, spool_stop)
		WATCHED(test_names_are_kept_once_somebody_asked),
		WATCHED(test_names_are_read_anew_when_events_were_lost),
		WATCHED(
		    test_a_folder_that_is_lost_while_it_is_listed_is_read_afterwards),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder_list", tests, temp_dir_make, temp_dir_remove);
}
