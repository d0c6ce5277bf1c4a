/* Series: segments by number, while they are renamed. */
#include <sys/stat.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/slice.h"
#include "helpers/temp_dir.h"
#include "spool/series_list.h"

static char path[5000];
static struct series series = { path, 0, RECORD_LINE, TRUST_OWNER };

static struct series_list list;

static enum series_step
after(const struct segment *seg, struct segment **out)
{
	return series_list_after(&series, &list, seg, out);
}

static enum series_step
before(const struct segment *seg, struct segment **out)
{
	return series_list_before(&series, &list, seg, out);
}

/* The highest number in the list, made anew; -1: it is empty. */
static int
oldest(void)
{
	series_list_forget(&list);
	assert_int_equal(series_list_make(&series, &list), 0);
	return list.n == 0 ? -1 : list.entries[list.n - 1].number;
}

static const char *
file_name(int number)
{
	static char names[2][32];
	static int next;
	char *name = names[next++ % 2];

	if (number == 0)
		return strcpy(name, "news");
	snprintf(name, sizeof(names[0]), "news.%d", number);
	return name;
}

static void
make(int number)
{
	int fd = openat(
	    temp_dir_fd, file_name(number), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, file_name(number), 4), 4);
	close(fd);
}

static void
move(int from, int to)
{
	assert_int_equal(
	    renameat(temp_dir_fd, file_name(from), temp_dir_fd, file_name(to)),
	    0);
}

static int
begin(void **state)
{
	(void)state;
	temp_dir_clear(temp_dir_fd, ".");
	series_list_free(&list);
	snprintf(path, sizeof(path), "%s/news", temp_dir);
	series.len = strlen(path);
	return 0;
}

/* Go from ${number} to ${to} with ${step}; -1: that gives no segment. */
static void
assert_step(int number, enum series_step want, int to,
    enum series_step (*go)(const struct segment *, struct segment **))
{
	struct segment *seg = series_open(&series, number), *out = NULL;
	struct segment_id id;

	assert_non_null(seg);
	assert_int_equal(go(seg, &out), want);
	if (to == -1) {
		assert_null(out);
	} else {
		assert_int_equal(series_look(&series, to, &id), 0);
		assert_true(segment_id_equal(&out->id, &id));
	}
	segment_drop(&out);
	segment_drop(&seg);
}

static void
test_a_walk_looks_a_little_further_than_the_last_it_met(void **state)
{
	struct series_walk walk = { .number = -1 };

	(void)state;
	for (int number = 0; number <= SERIES_MISSING; number++) {
		assert_true(series_walk(&walk));
		assert_int_equal(walk.number, number);
	}
	walk.missing = 0;
	for (int i = 0; i <= SERIES_MISSING; i++)
		assert_true(series_walk(&walk));
	assert_false(series_walk(&walk));
	assert_int_equal(walk.number, 2 * SERIES_MISSING + 2);
}

static void
test_a_walk_goes_no_further_than_the_last_number(void **state)
{
	struct series_walk walk = { .number = SERIES_LAST - 1 };

	(void)state;
	assert_true(series_walk(&walk));
	walk.missing = 0;
	assert_false(series_walk(&walk));
}

static void
test_the_newest_has_no_number_in_its_name(void **state)
{
	char name[32];

	(void)state;
	assert_string_equal(
	    series_name(name, sizeof(name), "a.sse", 0), "a.sse");
	assert_string_equal(
	    series_name(name, sizeof(name), "a.sse", 12), "a.sse.12");
}

static void
test_one_leads_to_the_next(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++)
		make(n);
	assert_int_equal(oldest(), 3);
	for (int n = 1; n < 4; n++)
		assert_step(n, SERIES_NEXT, n - 1, after);
	assert_step(0, SERIES_NONE, -1, after);
	for (int n = 0; n < 3; n++)
		assert_step(n, SERIES_NEXT, n + 1, before);
	assert_step(3, SERIES_NONE, -1, before);
}

static void
test_nothing_is_an_empty_series(void **state)
{
	struct segment_id id = { .ino = 1 };

	(void)state;
	assert_int_equal(oldest(), -1);
	assert_int_equal(series_find(&series, &id, 0), -1);
	assert_int_equal(errno, ENOENT);
	/* Before the new file is made, the others wait for it. */
	make(1);
	assert_int_equal(oldest(), 1);
	assert_step(1, SERIES_NONE, -1, after);
}

static void
test_a_file_is_found_under_its_new_number(void **state)
{
	struct segment *seg;

	(void)state;
	make(0);
	seg = series_open(&series, 0);
	for (int n = 0; n < 20; n++) {
		assert_int_equal(
		    series_find(&series, &seg->id, 0), n == 0 ? 0 : 1);
		move(n == 0 ? 0 : 1, 1);
	}
	move(1, 9);
	/* So many are searched beyond the last that is there. */
	assert_int_equal(series_find(&series, &seg->id, 0), -1);
	move(9, 8);
	assert_int_equal(series_find(&series, &seg->id, 0), 8);
	segment_drop(&seg);
}

static void
test_a_number_that_is_missing_is_a_hole_when_nobody_renames(void **state)
{
	struct segment *seg, *out = NULL;
	struct segment_id id;
	enum series_step step;

	(void)state;
	make(0);
	make(1);
	move(1, 2);
	seg = series_open(&series, 2);
	assert_non_null(seg);
	/* Just renamed: the next may be on its way. */
	assert_int_equal(after(seg, &out), SERIES_BUSY);
	assert_null(out);
	assert_step(0, SERIES_NEXT, 2, before);
	do {
		struct timespec pause = { .tv_nsec = 50000000 };

		nanosleep(&pause, NULL);
		step = after(seg, &out);
	} while (step == SERIES_BUSY);
	assert_int_equal(step, SERIES_HOLE);
	assert_int_equal(series_look(&series, 0, &id), 0);
	assert_true(segment_id_equal(&out->id, &id));
	segment_drop(&out);
	assert_step(0, SERIES_HOLE, 2, before);
	segment_drop(&seg);
}

static void
test_what_has_no_number_any_more_is_not_in_it(void **state)
{
	struct segment *seg, *out = NULL;

	(void)state;
	make(0);
	seg = series_open(&series, 0);
	unlinkat(temp_dir_fd, "news", 0);
	assert_int_equal(after(seg, &out), SERIES_NOT_IN);
	/* An inode that is used again is another file. */
	segment_drop(&seg);
	make(0);
	seg = series_open(&series, 0);
	assert_int_equal(after(seg, &out), SERIES_NONE);
	segment_drop(&seg);
}

static void
test_folders_and_links_to_nothing_are_no_segments(void **state)
{
	(void)state;
	make(0);
	assert_int_equal(mkdirat(temp_dir_fd, "news.1", 0700), 0);
	assert_int_equal(symlinkat("nothing", temp_dir_fd, "news.2"), 0);
	assert_int_equal(oldest(), 0);
	assert_step(0, SERIES_NONE, -1, before);
}

/* Who links what to what: each file is there once, and nothing goes round. */
static void
test_a_file_with_two_numbers_is_there_once(void **state)
{
	static const struct {
		int linked[3][2]; /* from, to: a hard link, or by a name */
		int n;		  /* files there are in the list */
		int numbers[4];	  /* of these */
	} rows[] = {
		{ { { 0, 1 } }, 1, { 0 } },
		{ { { 0, 2 } }, 2, { 0, 1 } },
		{ { { 1, 2 } }, 2, { 0, 1 } },
		{ { { 0, 2 }, { 1, 3 } }, 2, { 0, 1 } },
		{ { { 0, 3 }, { 1, 2 } }, 2, { 0, 1 } },
		{ { { 1, 3 }, { 2, 4 } }, 3, { 0, 1, 2 } },
	};

	(void)state;
	for (size_t row = 0; row < 2 * sizeof(rows) / sizeof(*rows); row++) {
		const int(*linked)[2] = rows[row / 2].linked;
		struct segment *seg, *out;
		int n = 0;

		temp_dir_clear(temp_dir_fd, ".");
		for (int i = 0; i < 3 && linked[i][1] > 0; i++) {
			int to = linked[i][1];

			if (faccessat(temp_dir_fd, file_name(linked[i][0]),
				F_OK, 0) != 0)
				make(linked[i][0]);
			if (row % 2 == 0)
				assert_int_equal(
				    linkat(temp_dir_fd, file_name(linked[i][0]),
					temp_dir_fd, file_name(to), 0),
				    0);
			else
				assert_int_equal(
				    symlinkat(file_name(linked[i][0]),
					temp_dir_fd, file_name(to)),
				    0);
		}
		for (int i = 0; i < 3; i++) {
			if (rows[row / 2].numbers[i] == i &&
			    i < rows[row / 2].n &&
			    faccessat(temp_dir_fd, file_name(i), F_OK, 0) != 0)
				make(i);
		}
		series_list_forget(&list);
		assert_int_equal(series_list_make(&series, &list), 0);
		assert_int_equal(list.n, rows[row / 2].n);
		assert_true(list.same[1] > list.same[0]);
		/* From the oldest on, each leads to the next, to the newest. */
		assert_int_equal(
		    series_list_open(&series, &list, list.n - 1, &seg), 0);
		while (after(seg, &out) == SERIES_NEXT && n < 10) {
			segment_drop(&seg);
			seg = out;
			n++;
		}
		assert_int_equal(n, rows[row / 2].n - 1);
		/* And back again. */
		while (before(seg, &out) == SERIES_NEXT && n > 0) {
			segment_drop(&seg);
			seg = out;
			n--;
		}
		assert_int_equal(n, 0);
		segment_drop(&seg);
	}
}

static void
test_a_long_list_is_made_in_slices(void **state)
{
	unsigned slices = 0;
	int rc;

	(void)state;
	for (int n = 0; n < 300; n++)
		make(n);
	do {
		slice_open(0, NULL, 0);
		rc = series_list_make(&series, &list);
		slice_close();
		slices++;
	} while (rc == -1 && errno == EAGAIN);
	assert_int_equal(rc, 0);
	assert_int_equal(list.n, 300);
	assert_true(slices > 300);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, begin)
	const struct CMUnitTest tests[] = {
		TEST(a_walk_looks_a_little_further_than_the_last_it_met),
		TEST(a_walk_goes_no_further_than_the_last_number),
		TEST(the_newest_has_no_number_in_its_name),
		TEST(one_leads_to_the_next),
		TEST(nothing_is_an_empty_series),
		TEST(a_file_is_found_under_its_new_number),
		TEST(a_number_that_is_missing_is_a_hole_when_nobody_renames),
		TEST(what_has_no_number_any_more_is_not_in_it),
		TEST(a_file_with_two_numbers_is_there_once),
		TEST(a_long_list_is_made_in_slices),
		TEST(folders_and_links_to_nothing_are_no_segments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "series", tests, temp_dir_make, temp_dir_remove);
}
