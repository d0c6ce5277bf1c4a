/*
 * publish/publish.c: what becomes of a record in each form of channel, and what
 * is said of one that cannot be published, to a caller that does not wait.
 */
#include <sys/file.h>
#include <sys/resource.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/fifo.h"
#include "publish/publish.h"

static const struct message_names names = {
	.type = "type",
	.id = "id",
	.retry = "retry",
	.flush = "flush",
	.all = "type, id, retry, flush and ttl",
};

static struct settings settings;
static struct publish publish;

static int
start(void **state)
{
	(void)state;
	settings = (struct settings){ .max_record = 1000 };
	publish_init(&publish);
	publish.spool = temp_dir;
	publish.channel = "news";
	publish.settings = &settings;
	publish.names = &names;
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	publish_close(&publish);
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

static struct message
text(const char *bytes)
{
	return (struct message){
		.has_data = true,
		.bytes = (const uint8_t *)bytes,
		.len = strlen(bytes),
	};
}

/* The result is that one, and what is said of it has ${why} in it. */
static void
gives(enum publish_result want, const char *why, enum publish_result result)
{
	const char *said = report_why(&publish.report);

	if (why == NULL)
		assert_null(said);
	else if (said == NULL || strstr(said, why) == NULL)
		fail_msg("%s is not in: %s", why, said);
	assert_int_equal(result, want);
}

/* Open the spool, and have that much published to the channel. */
static void
gives_of(enum publish_result want, const char *why, struct message message)
{
	if (publish.target.spool_fd == -1)
		gives(PUBLISH_DONE, NULL, publish_open(&publish));
	gives(want, why, publish_record(&publish, &message));
}

static void
went_to(const char *file, const char *bytes)
{
	char path[sizeof(temp_dir) + 300];

	snprintf(path, sizeof(path), "%s/%s", temp_dir, file);
	assert_string_equal((const char *)publish.path.data, path);
	assert_int_equal(publish.record.len, strlen(bytes));
	assert_memory_equal(publish.record.data, bytes, publish.record.len);
}

static void
test_a_line_goes_to_a_new_file_and_a_type_to_a_block(void **state)
{
	struct message message = text("two");

	(void)state;
	gives_of(PUBLISH_DONE, NULL, text("one"));
	went_to("news", "one\n");
	gives_of(PUBLISH_DONE, NULL, message);
	went_to("news", "two\n");
	assert_true(fifo_file_has("news", "one\ntwo\n"));

	message.type = "build";
	gives_of(PUBLISH_REFUSED,
	    "news is in line form, which has no place for type, id, retry, "
	    "flush and ttl: leave them out, or",
	    message);
	unlinkat(temp_dir_fd, "news", 0);
	gives_of(PUBLISH_DONE, NULL, message);
	went_to("news.sse", "event: build\ndata: two\n\n");
	assert_true(fifo_file_has("news.sse", "event: build\ndata: two\n\n"));
}

static void
test_names_that_are_none_open_nothing(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "a.b",
		"_x", "a b", "\xc3\xa4" };
	struct message message = text("x");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		publish.channel = bad[i];
		gives(PUBLISH_REFUSED, " is not a channel name: 1 to 64 ",
		    publish_check(&publish, &message));
		gives(PUBLISH_REFUSED, " is not a channel name: 1 to 64 ",
		    publish_open(&publish));
		assert_int_equal(publish.target.spool_fd, -1);
	}
	publish.channel = "x";
	message.flush = "later";
	gives(PUBLISH_REFUSED, "flush takes now, hold or close, not later",
	    publish_check(&publish, &message));
}

static void
test_what_is_no_channel_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "news", 0755), 0);
	gives_of(PUBLISH_REFUSED, "news is a folder, and no form of a channel",
	    text("x"));
	unlinkat(temp_dir_fd, "news", AT_REMOVEDIR);
	assert_int_equal(symlinkat("nowhere", temp_dir_fd, "news"), 0);
	gives_of(PUBLISH_FAILED, "that leads nowhere", text("x"));
	assert_false(fifo_exists("nowhere"));
	unlinkat(temp_dir_fd, "news", 0);
	gives_of(PUBLISH_REFUSED, "a blank line is no event", text(""));
	assert_false(fifo_exists("news"));
}

static void
test_a_spool_that_is_not_there_is_told(void **state)
{
	char path[sizeof(temp_dir) + 8], why[2 * sizeof(path)];

	(void)state;
	snprintf(path, sizeof(path), "%s/none", temp_dir);
	snprintf(why, sizeof(why),
	    "there is no spool folder (`mkdir -p %s` makes it): %s", path,
	    strerror(ENOENT));
	publish.spool = path;
	gives(PUBLISH_FAILED, why, publish_open(&publish));
}

static void
test_too_much_is_refused(void **state)
{
	char bytes[1002];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[1001] = '\0';
	gives_of(PUBLISH_TOO_LARGE,
	    "a record of 1001 bytes is over max_record of channel news, 1000",
	    text(bytes));
	assert_false(fifo_exists("news"));
	gives_of(PUBLISH_DONE, NULL, text(bytes + 1));
	/* While it is read: each CRLF may become one byte. */
	gives(PUBLISH_DONE, NULL, publish_fits(&publish, 2002));
	gives(PUBLISH_TOO_LARGE, "a record of more than 1001 bytes is over",
	    publish_fits(&publish, 2003));
}

static void
test_a_locked_file_is_left_alone(void **state)
{
	int fd;

	(void)state;
	fifo_add_file("news", "one\n");
	fd = openat(temp_dir_fd, "news", O_RDONLY);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	gives_of(PUBLISH_BUSY,
	    "news is locked by another process now: try again", text("two"));
	gives(
	    PUBLISH_BUSY, "the channel has not ended: ", publish_end(&publish));
	assert_false(fifo_exists("news.end"));
	close(fd);
	gives_of(PUBLISH_DONE, NULL, text("two"));
	assert_true(fifo_file_has("news", "one\ntwo\n"));
}

static void
test_nothing_comes_after_the_end(void **state)
{
	(void)state;
	gives_of(PUBLISH_DONE, NULL, text("last"));
	gives(PUBLISH_DONE, NULL, publish_end(&publish));
	gives_of(PUBLISH_ENDED, "news.end", text("x"));
	gives(PUBLISH_DONE, NULL, publish_end(&publish));
	assert_true(fifo_file_has("news", "last\n"));

	/* A channel may end that has no file. */
	publish_close(&publish);
	start(state);
	publish.channel = "jobs";
	gives(PUBLISH_DONE, NULL, publish_open(&publish));
	gives(PUBLISH_DONE, NULL, publish_end(&publish));
	assert_true(fifo_exists("jobs.end"));
	assert_false(fifo_exists("jobs"));
}

static void
test_a_record_that_finds_no_room_is_taken_back(void **state)
{
	struct rlimit before, less;
	struct message message = text("too long for it");
	enum publish_result result;

	(void)state;
	/* The end of the torn line stays, as it may have been read by now. */
	fifo_add_file("news", "one\ntorn");
	gives(PUBLISH_DONE, NULL, publish_open(&publish));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	less = before;
	less.rlim_cur = 12;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
	result = publish_record(&publish, &message);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	gives(
	    PUBLISH_NO_ROOM, "nothing was published: cannot write to ", result);
	gives(PUBLISH_NO_ROOM, strerror(ENOSPC), result);
	assert_true(fifo_file_has("news", "one\ntorn\n"));
}

static void
test_a_file_that_cannot_be_rotated_is_told_with_the_record(void **state)
{
	(void)state;
	settings.max_size = 4;
	settings.keep = 1;
	fifo_add_file("news", "one\n");
	assert_int_equal(
	    linkat(temp_dir_fd, "news", temp_dir_fd, "other", 0), 0);
	/* Others may still do it. */
	gives_of(PUBLISH_DONE, NULL, text("ab"));
	gives_of(PUBLISH_DONE,
	    "published, but the file cannot be rotated: ", text("two"));
	/* It is said once. */
	gives(PUBLISH_DONE, NULL, publish_end(&publish));
	assert_true(fifo_file_has("news", "one\nab\ntwo\n"));

	unlinkat(temp_dir_fd, "other", 0);
	unlinkat(temp_dir_fd, "news.end", 0);
	gives_of(PUBLISH_DONE, NULL, text("three"));
	assert_true(fifo_file_has("news.1", "one\nab\ntwo\nthree\n"));
}

static void
test_a_pipe_takes_a_line_if_somebody_reads(void **state)
{
	char bytes[PIPE_BUF + 1], line[PIPE_BUF];
	int fd;

	(void)state;
	fifo_make("news.fifo");
	gives_of(PUBLISH_BUSY, "news.fifo now; start a responder", text("x"));
	fd = openat(temp_dir_fd, "news.fifo", O_RDWR | O_NONBLOCK);
	gives_of(PUBLISH_DONE, NULL, text("x"));
	went_to("news.fifo", "x\n");
	assert_int_equal(read(fd, line, sizeof(line)), 3);
	assert_memory_equal(line, "\nx\n", 3);

	settings.max_record = sizeof(bytes);
	memset(bytes, 'x', sizeof(bytes));
	bytes[PIPE_BUF - 1] = '\0';
	gives_of(PUBLISH_TOO_LARGE,
	    "a line of 4095 bytes is over the 4094 that a pipe takes",
	    text(bytes));
	/* Until it is full, each takes a page of it. */
	assert_int_equal(fcntl(fd, F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
	gives_of(PUBLISH_DONE, NULL, text(bytes + 1));
	gives_of(PUBLISH_BUSY, "news.fifo is full now: try again", text("x"));
	close(fd);
}

static void
test_a_drop_folder_takes_a_file(void **state)
{
	struct message message = text("a\nb\n");
	const char *name;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "news.d", 0755), 0);
	gives_of(PUBLISH_DONE, NULL, message);
	name = (const char *)publish.path.data + strlen(temp_dir) + 1;
	/* One line end is dropped there. */
	assert_true(fifo_file_has(name, "a\nb\n\n"));
	assert_null(strchr(name + strlen("news.d/"), '.'));

	message.type = "txt";
	gives_of(PUBLISH_REFUSED,
	    "news.d is a drop folder, where type takes type_from_extension",
	    message);
	settings.type_from_extension = 1;
	gives_of(PUBLISH_DONE, NULL, message);
	name = strrchr((const char *)publish.path.data, '.');
	assert_string_equal(name, ".txt");
	message.type = "tmp";
	gives_of(
	    PUBLISH_REFUSED, "tmp cannot be the extension of a file", message);
	message.id = "7";
	gives_of(PUBLISH_REFUSED, "news.d is a drop folder, which has no place",
	    message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_line_goes_to_a_new_file_and_a_type_to_a_block),
		TEST(test_names_that_are_none_open_nothing),
		TEST(test_what_is_no_channel_is_refused),
		TEST(test_a_spool_that_is_not_there_is_told),
		TEST(test_too_much_is_refused),
		TEST(test_a_locked_file_is_left_alone),
		TEST(test_nothing_comes_after_the_end),
		TEST(test_a_record_that_finds_no_room_is_taken_back),
		TEST(
		    test_a_file_that_cannot_be_rotated_is_told_with_the_record),
		TEST(test_a_pipe_takes_a_line_if_somebody_reads),
		TEST(test_a_drop_folder_takes_a_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
