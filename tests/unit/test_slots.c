/* Slots held by real processes, which come, go and are killed. */
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "helpers/temp_dir.h"

#include "helpers/apart.h"
#include "helpers/slots_child.h"

#define CROWD 50
#define CROWD_SLOTS 8
#define MANY 100
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

	(void)state;
	/* With nothing given back in between. */
	for (int i = 0; i < 500; i++)
		assert_int_equal(take_of(a, 1, 1, 7), SLOTS_TAKEN);
	for (int i = 0; i < 500; i++) {
		slots_child_give(a);
		assert_int_equal(take_of(b, 1, 1, 7), SLOTS_TAKEN);
		slots_child_give(b);
		assert_int_equal(take_of(a, 1, 1, 7), SLOTS_TAKEN);
	}
	assert_int_equal(slots_child_count(), 1);
}

/* What came of it, for each of ${n} processes that were told at once. */
static void
hear_many(unsigned n, unsigned results[SLOTS_ERROR + 1])
{
	memset(results, 0, (SLOTS_ERROR + 1) * sizeof(results[0]));
	for (unsigned i = 0; i < n; i++)
		results[slots_child_hear(&slots_children[i])]++;
}

static void
test_a_hundred_at_once_are_counted_exactly(void **state)
{
	const unsigned max = 60;
	unsigned results[SLOTS_ERROR + 1];

	(void)state;
	for (int i = 0; i < MANY; i++)
		(void)slots_child_start();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < MANY; i++)
			slots_child_tell(&slots_children[i],
			    (struct slots_order){ .what = 't',
				.max_all = max,
				.address = (uint64_t)i + 1 });
		hear_many(MANY, results);
		assert_int_equal(results[SLOTS_TAKEN], max);
		assert_int_equal(results[SLOTS_FULL], MANY - max);
		assert_int_equal(slots_child_count(), max);
		for (int i = 0; i < MANY; i++)
			slots_child_give(&slots_children[i]);
		assert_int_equal(slots_child_count(), 0);
	}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
		    slots_child_take(&slots_children[i], 0), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), MANY);
	for (int i = 0; i < MANY; i += 2)
		slots_child_kill(&slots_children[i]);
	assert_int_equal(slots_child_count(), MANY / 2);
}

static void
test_of_an_address_just_as_many_get_in_as_may(void **state)
{
	const unsigned max = 7, n_addresses = 4;
	unsigned results[SLOTS_ERROR + 1];

	(void)state;
	for (int i = 0; i < MANY; i++)
		(void)slots_child_start();
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < MANY; i++)
			slots_child_tell(&slots_children[i],
			    (struct slots_order){ .what = 't',
				.max_all = MANY,
				.max_address = max,
				.address = 1 + i % n_addresses });
		hear_many(MANY, results);
		assert_int_equal(results[SLOTS_TAKEN], max * n_addresses);
		assert_int_equal(
		    results[SLOTS_ADDRESS_FULL], MANY - max * n_addresses);
		assert_int_equal(slots_child_count(), max * n_addresses);
		for (int i = 0; i < MANY; i++)
			slots_child_give(&slots_children[i]);
	}
}

static void
test_a_lower_limit_counts_those_that_came_before(void **state)
{
	struct slots_child *c[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		c[i] = slots_child_start();
	for (int i = 0; i < 5; i++)
		assert_int_equal(take_of(c[i], 0, 0, 7), SLOTS_TAKEN);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(take_of(c[5], 2, 0, 7), SLOTS_FULL);
		assert_int_equal(take_of(c[5], 0, 2, 7), SLOTS_ADDRESS_FULL);
		assert_int_equal(take_of(c[5], 2, 0, 8), SLOTS_FULL);
		assert_int_equal(take_of(c[5], 6, 2, 8), SLOTS_TAKEN);
		slots_child_give(c[5]);
		assert_int_equal(slots_child_count(), 5 - i);
		slots_child_give(c[i]);
	}
	assert_int_equal(take_of(c[5], 2, 2, 7), SLOTS_TAKEN);
	assert_int_equal(take_of(c[0], 2, 2, 7), SLOTS_ADDRESS_FULL);
}

static void
test_a_slot_is_not_that_of_a_child(void **state)
{
	int slot = SLOTS_NONE, other = SLOTS_NONE, status, up[2], hold[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(slots_take(temp_dir, 1, 1, 7, &slot), SLOTS_TAKEN);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		/* It has none itself, and stays until it is told to end. */
		close(hold[1]);
		EXPECT(slots_take(temp_dir, 1, 0, 8, &other) == SLOTS_FULL);
		EXPECT(slots_take(temp_dir, 2, 0, 8, &other) == SLOTS_TAKEN);
		slots_give(&other);
		EXPECT(write(up[1], "x", 1) == 1);
		EXPECT(read(hold[0], &byte, 1) == 0);
		_exit(0);
	}
	close(hold[0]);
	close(up[1]);
	assert_int_equal(read(up[0], &byte, 1), 1);
	close(up[0]);
	assert_int_equal(slots_child_count(), 1);
	/* It has the descriptor, too; what we give back is free all the same.*/
	slots_give(&slot);
	assert_int_equal(slot, SLOTS_NONE);
	assert_int_equal(slots_take(temp_dir, 1, 1, 7, &slot), SLOTS_TAKEN);
	close(hold[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* And its end gives back nothing of ours. */
	assert_int_equal(slots_child_count(), 1);
	slots_give(&slot);
	assert_int_equal(slots_child_count(), 0);
}

static void
in_a_container(void)
{
	int slot = SLOTS_NONE, status;
	pid_t pid;

	EXPECT(unshare(CLONE_NEWPID) == 0);
	pid = fork();
	EXPECT(pid != -1);
	if (pid == 0) {
		EXPECT(getpid() == 1);
		EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_FULL);
		EXPECT(slots_take(temp_dir, 2, 0, 0, &slot) == SLOTS_TAKEN);
		EXPECT(
		    slots_take(temp_dir, 2, 1, 7, &slot) == SLOTS_ADDRESS_FULL);
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}

static void
test_processes_that_cannot_see_each_other_count_together(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(take_of(slots_child_start(), 1, 1, 7), SLOTS_TAKEN);
	apart(in_a_container);
	assert_int_equal(slots_child_count(), 1);
}

/* What a crowd shares: how many have a slot now, and had at once at most. */
struct crowd {
	atomic_int now, most, rounds;
};

static void
join_crowd(struct crowd *crowd)
{
	int slot = SLOTS_NONE;

	for (;;) {
		struct timespec pause = { .tv_nsec = 1000000 };
		int now, most;

		if (slots_take(temp_dir, CROWD_SLOTS, 0, 0, &slot) ==
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
			slots_give(&slot);
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
		SLOTS(test_a_hundred_at_once_are_counted_exactly),
		SLOTS(test_of_an_address_just_as_many_get_in_as_may),
		SLOTS(test_a_lower_limit_counts_those_that_came_before),
		SLOTS(test_a_slot_is_not_that_of_a_child),
		SLOTS(test_processes_that_cannot_see_each_other_count_together),
		SLOTS(test_a_crowd_never_has_more_and_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "slots", tests, temp_dir_make, temp_dir_remove);
}
