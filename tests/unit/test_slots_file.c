/* The file of slots: what others do to it. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "helpers/temp_dir.h"

#include "helpers/slots_child.h"

#define NAME ".spoolcast/streams"

static void
remove_file(void)
{
	if (unlinkat(temp_dir_fd, NAME, 0) != 0)
		assert_int_equal(unlinkat(temp_dir_fd, NAME, AT_REMOVEDIR), 0);
}

static off_t
size_of(const char *name)
{
	struct stat st;

	assert_int_equal(
	    fstatat(temp_dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_size;
}

static void
test_who_is_stopped_with_the_lock_hangs_nobody(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *holder = slots_child_start();
	struct slots_order lock = { .what = 'l' };

	(void)state;
	assert_int_equal(slots_child_take(a, 2), SLOTS_TAKEN);
	assert_int_equal(slots_child_do(holder, lock), SLOTS_TAKEN);
	assert_int_equal(kill(holder->pid, SIGSTOP), 0);
	assert_int_equal(slots_child_take(b, 2), SLOTS_ERROR);
	assert_int_equal(errno, EAGAIN);
	/* Counting and giving need no lock. */
	assert_int_equal(slots_child_count(), 1);
	slots_child_give(a);
	assert_int_equal(slots_child_count(), 0);
	slots_child_kill(holder);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	/* Who asks for another has given back the one before in any case. */
	holder = slots_child_start();
	assert_int_equal(slots_child_do(holder, lock), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(b, 1), SLOTS_ERROR);
	assert_int_equal(slots_child_count(), 0);
	slots_child_kill(holder);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
}

/*
 * Let ${child} take a slot while we hold the lock, and let go of it when it
 * waits, as a rule; with ${is_moved} the file has another name by then.
 */
static enum slots_result
take_while_locked(struct slots_child *child, bool is_moved)
{
	struct timespec pause = { .tv_nsec = 10 * 1000000 };
	struct flock lock = { .l_type = F_WRLCK };
	int fd = slots_child_fd();

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	slots_child_tell(
	    child, (struct slots_order){ .what = 't', .max_all = 1 });
	nanosleep(&pause, NULL);
	if (is_moved)
		assert_int_equal(
		    renameat(temp_dir_fd, NAME, temp_dir_fd, "away"), 0);
	/* And unlock it. */
	close(fd);
	return slots_child_hear(child);
}

static void
test_a_lock_that_is_let_go_of_soon_is_waited_for(void **state)
{
	struct slots_child *a = slots_child_start();
	int n_taken = 0;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	/* We may be the one who is late: any one time will do. */
	for (int i = 0; i < 50 && n_taken == 0; i++)
		n_taken += take_while_locked(a, false) == SLOTS_TAKEN;
	assert_int_equal(n_taken, 1);
}

static void
test_a_file_that_goes_while_its_lock_is_waited_for_is_left(void **state)
{
	struct slots_child *a = slots_child_start();

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	for (int i = 0; i < 5; i++) {
		enum slots_result result = take_while_locked(a, true);

		assert_int_equal(
		    slots_child_count(), result == SLOTS_TAKEN ? 1 : 0);
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	}
}

static void
test_only_a_process_can_have_one(void **state)
{
	static const int32_t pids[] = { 0, -1, INT32_MIN, INT32_MAX };
	struct slots_child *a = slots_child_start();
	struct slots_record record;
	int fd;

	(void)state;
	slots_record_self(&record);
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
		slots_child_give(a);
		record.pid = pids[i];
		record.until_s = clock_wall_s() + 1000;
		slots_record_seal(&record);
		fd = slots_child_fd();
		assert_int_equal(
		    pwrite(fd, &record, sizeof(record), 0), sizeof(record));
		close(fd);
		assert_int_equal(slots_child_count(), 0);
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	}
}

static void
test_the_dead_make_room_before_the_file_grows(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct slots_record records[300];
	off_t full = sizeof(records);
	int fd;

	(void)state;
	assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
	fd = slots_child_fd();
	assert_int_equal(
	    pread(fd, records, sizeof(records[0]), 0), sizeof(records[0]));
	for (size_t i = 1; i < 300; i++)
		records[i] = records[0];
	assert_int_equal(pwrite(fd, records, sizeof(records), 0), full);
	slots_child_kill(a);
	/* Nothing but that it is full makes anybody ask. */
	assert_int_equal(slots_child_take(b, 0), SLOTS_TAKEN);
	assert_true(size_of(NAME) <= full);
	assert_int_equal(
	    pread(fd, records, sizeof(records[0]), 0), sizeof(records[0]));
	assert_int_equal(records[0].pid, b->pid);
	close(fd);
}

static void
test_the_end_that_was_given_is_kept(void **state)
{
	int64_t until_s = clock_wall_s() + 1000;
	struct slots_record record;
	struct slots slots;
	int fd;

	(void)state;
	assert_int_equal(slots_open(&slots, temp_dir), 0);
	assert_int_equal(slots_take(&slots, 1, 1, 7, until_s), SLOTS_TAKEN);
	fd = slots_child_fd();
	assert_int_equal(pread(fd, &record, sizeof(record), 0), sizeof(record));
	close(fd);
	assert_int_equal(record.until_s, until_s);
	assert_int_equal(record.address, 7);
	slots_close(&slots);
	assert_int_equal(slots_child_count(), 0);
}

static void
test_a_second_name_of_the_file_is_refused(void **state)
{
	struct slots_child *a = slots_child_start();

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	assert_int_equal(
	    linkat(temp_dir_fd, NAME, temp_dir_fd, "second", 0), 0);
	assert_int_equal(slots_child_take(a, 1), SLOTS_ERROR);
	assert_int_equal(errno, EMLINK);
}

static void
test_any_byte_that_is_changed_makes_it_no_record(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct slots_record record;
	uint8_t *bytes = (uint8_t *)&record;
	int fd;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	fd = slots_child_fd();
	assert_int_equal(pread(fd, &record, sizeof(record), 0), sizeof(record));
	for (size_t i = 0; i < sizeof(record); i++) {
		bytes[i] ^= 0x80;
		assert_int_equal(
		    pwrite(fd, &record, sizeof(record), 0), sizeof(record));
		bytes[i] ^= 0x80;
		assert_int_equal(slots_child_count(), 0);
	}
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	/* What a does not have any more it cannot give back. */
	slots_child_give(a);
	assert_int_equal(slots_child_count(), 1);
	close(fd);
}

static void
test_random_bytes_do_no_harm(void **state)
{
	struct slots_child *a = slots_child_start();
	struct rnd rnd = { .state = 20261122 };
	uint8_t noise[4096];
	int fd;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	fd = slots_child_fd();
	for (int i = 0; i < 300; i++) {
		size_t len = (size_t)rnd_between(&rnd, 0, sizeof(noise));

		for (size_t k = 0; k < len; k++)
			noise[k] = (uint8_t)rnd_between(&rnd, 0, 255);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, noise, len, 0), len);
		assert_int_equal(slots_child_count(), 0);
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
		assert_int_equal(slots_child_count(), 1);
	}
	close(fd);
}

static void
test_a_file_of_any_length_does_no_harm(void **state)
{
	static const off_t sizes[] = { 0, 1, 47, 48, 49, 1001, 65536,
		(off_t)1 << 20, (off_t)1 << 40 };
	struct slots_child *a = slots_child_start(), *b = slots_child_start();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd;

		assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
		fd = slots_child_fd();
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		slots_child_give(a);
		assert_int_equal(slots_child_count(), 0);
		assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
		assert_int_equal(slots_child_take(a, 1), SLOTS_FULL);
		assert_int_equal(slots_child_count(), 1);
		assert_true(size_of(NAME) < 65536);
		slots_child_give(b);
	}
}

static void
test_what_is_no_file_is_refused_and_left_alone(void **state)
{
	struct slots_child *a = slots_child_start();
	struct slots slots;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	close(openat(temp_dir_fd, "victim", O_WRONLY | O_CREAT, 0600));
	for (int i = 0; i < 4; i++) {
		static const int want[] = { ELOOP, EISDIR, EINVAL, EMLINK };

		remove_file();
		if (i == 0)
			assert_int_equal(
			    symlinkat("../victim", temp_dir_fd, NAME), 0);
		else if (i == 1)
			assert_int_equal(mkdirat(temp_dir_fd, NAME, 0700), 0);
		else if (i == 2)
			assert_int_equal(mkfifoat(temp_dir_fd, NAME, 0600), 0);
		else
			assert_int_equal(
			    linkat(temp_dir_fd, "victim", temp_dir_fd, NAME, 0),
			    0);
		assert_int_equal(slots_child_take(a, 1), SLOTS_ERROR);
		assert_int_equal(errno, want[i]);
		slots_child_give(a);
		errno = 0;
		assert_int_equal(slots_open(&slots, temp_dir), -1);
		assert_int_equal(errno, want[i]);
		assert_int_equal(size_of("victim"), 0);
	}
	remove_file();
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 1);
}

static void
test_a_link_in_the_place_of_the_folder_is_refused(void **state)
{
	struct slots slots;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "elsewhere", 0700), 0);
	assert_int_equal(symlinkat("elsewhere", temp_dir_fd, ".spoolcast"), 0);
	errno = 0;
	assert_int_equal(slots_open(&slots, temp_dir), -1);
	assert_true(errno == ELOOP || errno == ENOTDIR);
	assert_int_equal(
	    faccessat(temp_dir_fd, "elsewhere/streams", F_OK, 0), -1);
}

static void
test_another_file_by_its_name_is_noticed(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
		assert_int_equal(slots_child_take(b, 1), SLOTS_FULL);
		if (i == 0) {
			remove_file();
		} else if (i == 1) {
			assert_int_equal(
			    renameat(temp_dir_fd, NAME, temp_dir_fd, "away"),
			    0);
		} else {
			temp_dir_clear(temp_dir_fd, ".spoolcast");
			assert_int_equal(
			    unlinkat(temp_dir_fd, ".spoolcast", AT_REMOVEDIR),
			    0);
		}
		assert_int_equal(slots_child_count(), 0);
		assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
		assert_int_equal(slots_child_take(a, 1), SLOTS_FULL);
		/* What a gives back was in the other one. */
		slots_child_give(a);
		assert_int_equal(slots_child_count(), 1);
		slots_child_give(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SLOTS(test) cmocka_unit_test_teardown(test, slots_child_end)
		SLOTS(test_who_is_stopped_with_the_lock_hangs_nobody),
		SLOTS(test_a_lock_that_is_let_go_of_soon_is_waited_for),
		SLOTS(
		    test_a_file_that_goes_while_its_lock_is_waited_for_is_left),
		SLOTS(test_only_a_process_can_have_one),
		SLOTS(test_the_dead_make_room_before_the_file_grows),
		SLOTS(test_the_end_that_was_given_is_kept),
		SLOTS(test_a_second_name_of_the_file_is_refused),
		SLOTS(test_any_byte_that_is_changed_makes_it_no_record),
		SLOTS(test_random_bytes_do_no_harm),
		SLOTS(test_a_file_of_any_length_does_no_harm),
		SLOTS(test_what_is_no_file_is_refused_and_left_alone),
		SLOTS(test_a_link_in_the_place_of_the_folder_is_refused),
		SLOTS(test_another_file_by_its_name_is_noticed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "slots_file", tests, temp_dir_make, temp_dir_remove);
}
