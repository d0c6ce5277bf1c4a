/* The walk of a cursor from segment to segment, without a hub or a socket. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "feed/walk.h"
#include "helpers/spool_folder.h"
#include "spool/folder_parts.h"

/* See what the channel's name stands for now, as after a change. */
static void
look(struct channel *channel)
{
	(void)channel_look(channel);
}

static void
assert_at(const struct cursor *cursor, const struct segment *seg, uint64_t at)
{
	assert_int_equal(cursor->state, MARK_AT);
	assert_ptr_equal(cursor->segment, seg);
	assert_int_equal(cursor->at.offset, at);
}

static void
assert_lost(const struct cursor *cursor, enum gap_reason reason)
{
	assert_int_equal(cursor->state, MARK_LOST);
	assert_int_equal(cursor->reason, reason);
}

static void
enter_tail(struct channel *channel, struct cursor *cursor)
{
	assert_int_equal(walk_to_tail(channel, cursor, channel->segment), 0);
}

static void
test_from_the_oldest_to_the_newest(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;

	(void)state;
	spool_append("news.2", "one\n");
	spool_append("news.1", "two\n");
	spool_append("news", "three\n");
	channel = spool_use("news");
	assert_int_equal(walk_to_oldest(channel, &cursor), 0);
	assert_int_equal(cursor.segment->number, 2);
	assert_int_equal(cursor.at.offset, 0);
	assert_null(cursor.before);
	for (int number = 1; number >= 0; number--) {
		assert_int_equal(segment_tail(cursor.segment, &cursor.at), 0);
		assert_int_equal(walk_on(channel, &cursor), WALK_MOVED);
		assert_int_equal(cursor.segment->number, number);
		assert_int_equal(cursor.at.offset, 0);
		assert_int_equal(cursor.before->number, number + 1);
		assert_int_equal(cursor.before_at.offset, 4);
	}
	assert_ptr_equal(cursor.segment, channel->segment);
	assert_int_equal(walk_on(channel, &cursor), WALK_STAYS);
	cursor_clear(&cursor);
	channel_unref(channel);
}

static void
test_history_is_counted_over_segments(void **state)
{
	const struct {
		uint64_t records, offset;
		int number;
	} rows[] = { { 1, 4, 0 }, { 2, 0, 0 }, { 3, 2, 1 }, { 4, 0, 1 },
		{ 9, 0, 1 } };
	struct channel *channel;

	(void)state;
	spool_append("news.1", "1\n2\n");
	spool_append("news", "3 a\n4\n");
	channel = spool_use("news");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cursor cursor = { .state = MARK_START };
		struct walk_search search = { 0 };

		assert_int_equal(
		    walk_back(channel, &cursor, rows[i].records, &search), 0);
		assert_int_equal(cursor.segment->number, rows[i].number);
		assert_int_equal(cursor.at.offset, rows[i].offset);
		walk_search_end(&search);
		cursor_clear(&cursor);
	}
	channel_unref(channel);
}

/* What an id says of ${cursor}. */
static struct mark
mark_of(const struct cursor *cursor)
{
	return (struct mark){
		.state = MARK_AT,
		.at = cursor->at,
		.before = cursor->before == NULL ?
		    0 :
		    segment_before_code(
			cursor->before, cursor->before_at.offset),
	};
}

/* What an id says of the newest record now. */
static struct mark
mark_of_tail(struct channel *channel)
{
	struct cursor cursor = { .state = MARK_START };
	struct mark mark;

	enter_tail(channel, &cursor);
	mark = mark_of(&cursor);
	cursor_clear(&cursor);
	return mark;
}

static void
resume(struct channel *channel, struct cursor *cursor, const struct mark *mark)
{
	struct walk_search search = { 0 };
	int rc;

	/* What was known of the files may be from before a rotation. */
	while ((rc = walk_resume(channel, cursor, mark, &search)) == -1 &&
	    errno == EAGAIN)
		;
	assert_int_equal(rc, 0);
	walk_search_end(&search);
}

static void
test_an_id_is_found_after_a_rotation(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	mark = mark_of_tail(channel);
	spool_move("news", "news.1");
	spool_append("news", "two\n");
	look(channel);
	resume(channel, &cursor, &mark);
	assert_at(&cursor, channel->before, 4);
	assert_int_equal(walk_on(channel, &cursor), WALK_MOVED);
	assert_at(&cursor, channel->segment, 0);
	cursor_clear(&cursor);
	channel_unref(channel);
}

static void
test_an_id_of_a_file_that_is_gone_is_a_gap(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	mark = mark_of_tail(channel);
	spool_delete("news");
	spool_append("news", "two\n");
	look(channel);
	resume(channel, &cursor, &mark);
	assert_lost(&cursor, GAP_REPLACED);
	cursor_clear(&cursor);
	channel_unref(channel);
}

static void
test_an_id_within_a_record_is_a_gap(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark = { .state = MARK_AT };

	(void)state;
	spool_append("news", "one\ntwo\n");
	channel = spool_use("news");
	assert_int_equal(segment_position(channel->segment, 2, &mark.at), 0);
	resume(channel, &cursor, &mark);
	assert_lost(&cursor, GAP_REPLACED);
	cursor_clear(&cursor);
	channel_unref(channel);
}

/* Make news.1 with ${content} so late that it is younger than news. */
static void
copy(const char *content)
{
	struct segment_id original, id;
	int dir_fd = openat(temp_dir_fd, "spool", O_RDONLY | O_DIRECTORY);

	assert_true(dir_fd != -1);
	assert_int_equal(
	    segment_look(dir_fd, "news", TRUST_NONE, &original, NULL), 0);
	/* Births within one tick of the kernel's clock are equal. */
	for (;;) {
		spool_append("news.1", content);
		assert_int_equal(
		    segment_look(dir_fd, "news.1", TRUST_NONE, &id, NULL), 0);
		if (id.birth_ns > original.birth_ns)
			break;
		spool_delete("news.1");
	}
	close(dir_fd);
}

/* Cut that file to nothing. */
static void
cut(const char *path)
{
	int fd = openat(temp_dir_fd, path, O_WRONLY | O_TRUNC);

	assert_true(fd != -1);
	close(fd);
}

static void
test_a_file_that_was_cut_is_left_for_its_copy(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;

	(void)state;
	spool_append("news", "one\ntwo\n");
	channel = spool_use("news");
	assert_int_equal(segment_position(channel->segment, 4, &cursor.at), 0);
	cursor_go(&cursor, channel->segment, &cursor.at);
	/* As copytruncate does. */
	copy("one\ntwo\n");
	cut("spool/news");
	look(channel);
	assert_int_equal(walk_changed(channel, &cursor), 0);
	assert_at(&cursor, channel->before, 4);
	cursor_clear(&cursor);
	channel_unref(channel);
}

/*
 * While copytruncate copies a file, the copy is the segment before it by its
 * number, and gets what a viewer of the file has had.
 */
static void
test_a_copy_that_is_being_made_comes_before_nothing(void **state)
{
	struct cursor comes_back = { .state = MARK_START };
	struct cursor is_new = { .state = MARK_START };
	struct cursor *cursors[] = { &comes_back, &is_new };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "one\ntwo\n");
	channel = spool_use("news");
	mark = mark_of_tail(channel);
	copy("one\n");
	look(channel);
	resume(channel, &comes_back, &mark);
	enter_tail(channel, &is_new);
	for (size_t i = 0; i < 2; i++) {
		assert_at(cursors[i], channel->segment, 8);
		assert_null(cursors[i]->before);
	}
	spool_append("news", "three\n");
	spool_append("news.1", "two\nthree\n");
	cut("spool/news");
	spool_append("news", "one\ntwo\n");
	look(channel);
	/* The bytes before the cursors are the same again. */
	for (size_t i = 0; i < 2; i++) {
		assert_true(walk_was_cut(channel, cursors[i]));
		cursor_clear(cursors[i]);
	}
	channel_unref(channel);
}

static void
test_an_id_from_before_a_cut_leads_to_the_copy(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "tick\n");
	channel = spool_use("news");
	mark = mark_of_tail(channel);
	spool_append("news", "tock\n");
	copy("tick\ntock\n");
	cut("spool/news");
	spool_append("news", "tick\n");
	look(channel);
	resume(channel, &cursor, &mark);
	assert_at(&cursor, channel->before, 5);
	cursor_clear(&cursor);
	channel_unref(channel);
}

/* Do what copytruncate does with ${content}, which the newest has now. */
static void
copy_and_cut(struct channel *channel, const char *content)
{
	spool_move("news.1", "news.2");
	copy(content);
	cut("spool/news");
	look(channel);
}

static void
test_an_empty_copy_is_passed_over(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	copy("one\n");
	cut("spool/news");
	look(channel);
	/* Nothing was written since. */
	copy_and_cut(channel, "");
	spool_append("news", "two\n");
	enter_tail(channel, &cursor);
	assert_int_equal(cursor.before->number, 2);
	mark = mark_of(&cursor);
	cursor_clear(&cursor);
	spool_append("news", "three\n");
	spool_move("news.2", "news.3");
	copy_and_cut(channel, "two\nthree\n");
	resume(channel, &cursor, &mark);
	assert_at(&cursor, channel->before, 4);
	cursor_clear(&cursor);
	channel_unref(channel);
}

static void
test_a_copy_with_the_same_lines_is_found(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;
	struct mark mark;

	(void)state;
	spool_append("news", "ping\n");
	channel = spool_use("news");
	copy("ping\n");
	cut("spool/news");
	look(channel);
	spool_append("news", "ping\nping\n");
	copy_and_cut(channel, "ping\nping\n");
	spool_append("news", "ping\n");
	enter_tail(channel, &cursor);
	assert_int_equal(cursor.before->number, 1);
	mark = mark_of(&cursor);
	cursor_clear(&cursor);
	/* As far as the bytes tell, it might not be cut by now. */
	spool_append("news", "ping\nping\nping\n");
	look(channel);
	resume(channel, &cursor, &mark);
	assert_at(&cursor, channel->segment, 5);
	assert_int_equal(cursor.before->number, 1);
	cursor_clear(&cursor);
	channel_unref(channel);
}

/* A look for what is missing comes at any time, also before the kernel told. */
static void
test_a_file_that_was_not_told_of_yet_is_not_the_one_that_was(void **state)
{
	struct cursor cursor = { .state = MARK_START };
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	spool_wait_for_name("news");
	channel = spool_use("news");
	enter_tail(channel, &cursor);
	spool_delete("news");
	spool_append("news", "nobody saw this\n");
	spool_delete("news");
	spool_wait();
	assert_ptr_equal(channel->segment, cursor.segment);
	spool_append("news", "two\n");
	folder_look_for_missing(&spool);
	folder_look(&spool);
	assert_ptr_not_equal(channel->segment, cursor.segment);
	assert_int_equal(walk_on(channel, &cursor), WALK_MOVED);
	assert_lost(&cursor, GAP_REPLACED);
	cursor_clear(&cursor);
	channel_unref(channel);
}

/*
 * Let two files be the newest in turn, and then both lose their names at once:
 * each came after the other once.
 */
static void
test_two_files_that_came_after_each_other_make_no_circle(void **state)
{
	struct cursor first = { .state = MARK_START };
	struct cursor second = { .state = MARK_START };
	struct channel *channel;
	unsigned moves = 0;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	enter_tail(channel, &first);
	spool_move("news", "news.1");
	spool_append("news", "two\n");
	look(channel);
	enter_tail(channel, &second);
	spool_move("news.1", "aside");
	spool_move("news", "news.1");
	spool_move("aside", "news");
	look(channel);
	assert_ptr_equal(channel->segment, first.segment);
	assert_ptr_equal(channel->before, second.segment);
	spool_delete("news");
	spool_delete("news.1");
	spool_append("news.1", "three\n");
	spool_append("news", "four\n");
	look(channel);
	/* What came between is not known, which is a gap, and said once. */
	while (
	    walk_on(channel, &first) == WALK_MOVED && first.state == MARK_AT) {
		assert_ptr_not_equal(first.segment, second.segment);
		assert_true(++moves < 3);
		assert_int_equal(segment_tail(first.segment, &first.at), 0);
	}
	assert_int_equal(first.state, MARK_LOST);
	cursor_clear(&first);
	cursor_clear(&second);
	channel_unref(channel);
}

int
main(void)
{
#define WALK_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, spool_start_open, spool_stop)
	const struct CMUnitTest tests[] = {
		WALK_TEST(test_from_the_oldest_to_the_newest),
		WALK_TEST(test_history_is_counted_over_segments),
		WALK_TEST(test_an_id_is_found_after_a_rotation),
		WALK_TEST(test_an_id_of_a_file_that_is_gone_is_a_gap),
		WALK_TEST(test_an_id_within_a_record_is_a_gap),
		WALK_TEST(test_a_file_that_was_cut_is_left_for_its_copy),
		WALK_TEST(test_a_copy_that_is_being_made_comes_before_nothing),
		WALK_TEST(test_an_id_from_before_a_cut_leads_to_the_copy),
		WALK_TEST(test_an_empty_copy_is_passed_over),
		WALK_TEST(test_a_copy_with_the_same_lines_is_found),
		WALK_TEST(
		    test_a_file_that_was_not_told_of_yet_is_not_the_one_that_was),
		WALK_TEST(
		    test_two_files_that_came_after_each_other_make_no_circle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "walk", tests, temp_dir_make, temp_dir_remove);
}
