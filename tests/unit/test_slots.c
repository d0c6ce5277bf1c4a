/* Slots held by real processes, which come, go and are killed. */
#include <sys/mman.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "helpers/temp_dir.h"

#include "helpers/slots_child.h"

#define CROWD 50
#define CROWD_SLOTS 8
#define PATIENCE_MS 20000

static enum slots_result
take_of(struct slots_child *child, uint64_t max_all, uint64_t max_address,
    uint64_t address)
{
	return slots_child_do(child,
	    (struct slots_order){ .what = 't',
		.max_all = max_all,
		.max_address = max_address,
		.address = address });
}

static struct slots_record
read_record(int64_t index)
{
	struct slots_record record;
	int fd = slots_child_fd();

	assert_int_equal(pread(fd, &record, sizeof(record),
			     (off_t)(index * (int64_t)sizeof(record))),
	    sizeof(record));
	close(fd);
	return record;
}

static void
write_record(int64_t index, struct slots_record record)
{
	int fd = slots_child_fd();

	slots_record_seal(&record);
	assert_int_equal(pwrite(fd, &record, sizeof(record),
			     (off_t)(index * (int64_t)sizeof(record))),
	    sizeof(record));
	close(fd);
}

static void
test_the_limit_holds_across_processes(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *c = slots_child_start();

	(void)state;
	assert_int_equal(slots_child_take(a, 2), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(b, 2), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(c, 2), SLOTS_FULL);
	assert_int_equal(slots_child_count(), 2);
	slots_child_give(a);
	assert_int_equal(slots_child_count(), 1);
	assert_int_equal(slots_child_take(c, 2), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(a, 2), SLOTS_FULL);
	/* Another process may have another limit, or none. */
	assert_int_equal(slots_child_take(a, 3), SLOTS_TAKEN);
	slots_child_give(a);
	assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 3);
}

static void
test_what_a_killed_process_had_can_be_taken(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(b, 1), SLOTS_FULL);
	slots_child_kill(a);
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 1);
}

static void
test_a_zombie_has_no_slot(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	siginfo_t info;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	assert_int_equal(kill(a->pid, SIGKILL), 0);
	assert_int_equal(
	    waitid(P_PID, (id_t)a->pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	slots_child_reap(a);
}

static void
test_the_limit_of_an_address_concerns_only_that(void **state)
{
	struct slots_child *c[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		c[i] = slots_child_start();
	assert_int_equal(take_of(c[0], 5, 2, 7), SLOTS_TAKEN);
	assert_int_equal(take_of(c[1], 5, 2, 7), SLOTS_TAKEN);
	assert_int_equal(take_of(c[2], 5, 2, 7), SLOTS_ADDRESS_FULL);
	assert_int_equal(take_of(c[2], 5, 2, 8), SLOTS_TAKEN);
	/* What has no address counts, but only in all. */
	assert_int_equal(take_of(c[3], 5, 1, 0), SLOTS_TAKEN);
	assert_int_equal(take_of(c[4], 5, 1, 0), SLOTS_TAKEN);
	assert_int_equal(take_of(c[5], 5, 2, 9), SLOTS_FULL);
	assert_int_equal(take_of(c[5], 5, 2, 7), SLOTS_ADDRESS_FULL);
	assert_int_equal(take_of(c[5], 0, 2, 7), SLOTS_ADDRESS_FULL);
	slots_child_kill(c[0]);
	assert_int_equal(take_of(c[5], 0, 2, 7), SLOTS_TAKEN);
}

static void
test_one_process_after_another_request_has_one_slot(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct stat st;
	int fd;

	(void)state;
	/* With nothing given back in between: it was lost. */
	for (int i = 0; i < 500; i++)
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	for (int i = 0; i < 500; i++) {
		slots_child_give(a);
		assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
		slots_child_give(b);
		assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	}
	assert_int_equal(slots_child_count(), 1);
	fd = slots_child_fd();
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_true(st.st_size < 4096);
}

static void
test_what_was_not_given_back_is_found_again(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct slots_record lost;

	(void)state;
	assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
	lost = read_record(0);
	slots_child_give(a);
	/* Behind the place that it takes next. */
	write_record(5, lost);
	assert_int_equal(slots_child_take(b, 1), SLOTS_FULL);
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 1);
}

static void
test_a_process_id_that_was_used_again_is_no_owner(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct slots_record record;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	record = read_record(0);
	assert_int_equal(record.pid, a->pid);
	assert_true(record.started > 0);
	record.started--;
	write_record(0, record);
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
}

static void
test_among_many_a_used_id_is_found_in_some_calls(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	int64_t deadline_ms = clock_mono_ms() + PATIENCE_MS;
	struct slots_record live, reused;
	enum slots_result result;

	(void)state;
	assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
	live = reused = read_record(0);
	reused.started--;
	for (int64_t i = 0; i < 600; i++)
		write_record(i, i == 300 ? reused : live);
	assert_int_equal(slots_child_count(), 599);
	do
		result = slots_child_take(b, 600);
	while (result == SLOTS_FULL && clock_mono_ms() < deadline_ms);
	assert_int_equal(result, SLOTS_TAKEN);
	assert_int_equal(read_record(300).pid, b->pid);
	assert_int_equal(
	    slots_child_take(slots_child_start(), 600), SLOTS_FULL);
}

static void
test_another_host_is_believed_until_its_time(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	int64_t now_s = clock_wall_s();
	struct slots_record record;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	record = read_record(0);
	/* For ever is not believed. */
	assert_true(record.until_s <= now_s + 1000 + SLOTS_RECORD_LONGEST_S);
	slots_child_kill(a);
	record.host++;
	record.until_s = now_s + 1000;
	write_record(0, record);
	assert_int_equal(slots_child_take(b, 1), SLOTS_FULL);
	assert_int_equal(slots_child_count(), 1);
	record.until_s = now_s - 1;
	write_record(0, record);
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	slots_child_give(b);
	record.until_s = now_s + 1000 + SLOTS_RECORD_LONGEST_S;
	write_record(0, record);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
}

static void
test_without_start_times_the_process_id_has_to_do(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	int64_t now_s = clock_wall_s();
	struct slots_record record;

	(void)state;
	assert_int_equal(slots_child_take(a, 1), SLOTS_TAKEN);
	record = read_record(0);
	record.started = 0;
	write_record(0, record);
	assert_int_equal(slots_child_take(b, 1), SLOTS_FULL);
	/* And the time after which it would be somebody else's. */
	record.until_s = now_s - 1;
	write_record(0, record);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	slots_child_give(b);
	record.until_s = now_s + 1000;
	write_record(0, record);
	slots_child_kill(a);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
}

static void
test_the_table_grows_and_shrinks(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start();
	struct slots_record live;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(slots_child_take(a, 0), SLOTS_TAKEN);
	live = read_record(0);
	for (int64_t i = 0; i < 1000; i++)
		write_record(i, live);
	assert_int_equal(slots_child_count(), 1000);
	assert_int_equal(slots_child_take(b, 1000), SLOTS_FULL);
	assert_int_equal(slots_child_take(b, 1001), SLOTS_TAKEN);
	assert_int_equal(read_record(1000).pid, b->pid);
	assert_int_equal(slots_child_count(), 1001);
	slots_child_kill(a);
	slots_child_give(b);
	/* The first call finds that they are dead, the second has no need. */
	assert_int_equal(slots_child_take(b, 1000), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(b, 1000), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 1);
	fd = slots_child_fd();
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_true(st.st_size < 4096);
}

/* What a crowd shares: how many have a slot now, and had at once at most. */
struct crowd {
	atomic_int now, most, rounds;
};

static void
join_crowd(struct crowd *crowd)
{
	struct slots slots;

	if (slots_open(&slots, temp_dir) != 0)
		_exit(1);
	for (;;) {
		struct timespec pause = { .tv_nsec = 1000000 };
		int now, most;

		/* One that could not lock it tries again, as others do. */
		if (slots_take(&slots, CROWD_SLOTS, 0, 0, SLOTS_CHILD_UNTIL) ==
		    SLOTS_TAKEN) {
			now = atomic_fetch_add(&crowd->now, 1) + 1;
			most = atomic_load(&crowd->most);
			while (now > most &&
			    !atomic_compare_exchange_weak(
				&crowd->most, &most, now))
				;
			nanosleep(&pause, NULL);
			atomic_fetch_add(&crowd->rounds, 1);
			atomic_fetch_sub(&crowd->now, 1);
			slots_give(&slots);
		}
		nanosleep(&pause, NULL);
	}
}

static void
test_a_crowd_never_has_more_and_leaves_nothing(void **state)
{
	int64_t deadline_ms = clock_mono_ms() + PATIENCE_MS;
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[CROWD];
	int most;

	(void)state;
	assert_true(crowd != MAP_FAILED);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		assert_true(pids[i] != -1);
		if (pids[i] == 0)
			join_crowd(crowd);
	}
	while ((atomic_load(&crowd->rounds) < 20 * CROWD ||
		   atomic_load(&crowd->most) < CROWD_SLOTS) &&
	    clock_mono_ms() < deadline_ms) {
		struct timespec pause = { .tv_nsec = 1000000 };

		nanosleep(&pause, NULL);
	}
	/* Those that are killed cannot say that they have none any more. */
	most = atomic_load(&crowd->most);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(kill(pids[i], SIGKILL), 0);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	assert_int_equal(most, CROWD_SLOTS);
	assert_true(atomic_load(&crowd->rounds) >= 20 * CROWD);
	munmap(crowd, sizeof(*crowd));
	assert_int_equal(slots_child_count(), 0);
	for (int i = 0; i < CROWD_SLOTS; i++)
		assert_int_equal(
		    slots_child_take(slots_child_start(), CROWD_SLOTS),
		    SLOTS_TAKEN);
	assert_int_equal(
	    slots_child_take(slots_child_start(), CROWD_SLOTS), SLOTS_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SLOTS(test) cmocka_unit_test_teardown(test, slots_child_end)
		SLOTS(test_the_limit_holds_across_processes),
		SLOTS(test_what_a_killed_process_had_can_be_taken),
		SLOTS(test_a_zombie_has_no_slot),
		SLOTS(test_the_limit_of_an_address_concerns_only_that),
		SLOTS(test_one_process_after_another_request_has_one_slot),
		SLOTS(test_what_was_not_given_back_is_found_again),
		SLOTS(test_a_process_id_that_was_used_again_is_no_owner),
		SLOTS(test_among_many_a_used_id_is_found_in_some_calls),
		SLOTS(test_another_host_is_believed_until_its_time),
		SLOTS(test_without_start_times_the_process_id_has_to_do),
		SLOTS(test_the_table_grows_and_shrinks),
		SLOTS(test_a_crowd_never_has_more_and_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "slots", tests, temp_dir_make, temp_dir_remove);
}
