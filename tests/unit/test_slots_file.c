/* The file of slots: what others do to it. */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rnd.h"
#include "helpers/temp_dir.h"

#include "helpers/apart.h"
#include "helpers/slots_child.h"

#define NAME ".spoolcast/processes"
#define FORMER ".spoolcast/streams"

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
test_who_locks_all_and_stops_hangs_nobody(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *holder = slots_child_start();
	struct slots_order lock = { .what = 'l' };
	uint64_t n;

	(void)state;
	assert_int_equal(slots_child_count(), 0);
	assert_int_equal(slots_child_do(holder, lock), SLOTS_TAKEN);
	assert_int_equal(kill(holder->pid, SIGSTOP), 0);
	assert_int_equal(slots_child_take(b, 2), SLOTS_ERROR);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(slots_count(temp_dir, &n), -1);
	assert_int_equal(errno, EAGAIN);
	slots_child_kill(holder);
	assert_int_equal(slots_child_take(b, 1), SLOTS_TAKEN);
	/* A stream that has a slot is in the way of such a lock. */
	holder = slots_child_start();
	assert_int_equal(slots_child_do(holder, lock), SLOTS_ERROR);
	assert_int_equal(slots_child_take(a, 1), SLOTS_FULL);
}

static void
test_who_is_stopped_keeps_its_slot_only(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *c = slots_child_start();

	(void)state;
	assert_int_equal(slots_child_take(a, 2), SLOTS_TAKEN);
	assert_int_equal(kill(a->pid, SIGSTOP), 0);
	assert_int_equal(slots_child_take(b, 2), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(c, 2), SLOTS_FULL);
	slots_child_give(b);
	assert_int_equal(slots_child_take(c, 2), SLOTS_TAKEN);
}

/* From here on the system has no locks of open files. */
static void
refuse_locks(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fcntl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_GETLK, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void
where_nothing_can_be_locked(void)
{
	int slot = SLOTS_NONE;
	uint64_t n;

	refuse_locks();
	errno = 0;
	EXPECT(slots_take(temp_dir, 1, 0, 0, &slot) == SLOTS_ERROR);
	EXPECT(errno == ENOLCK && slot == SLOTS_NONE);
	errno = 0;
	EXPECT(slots_take(temp_dir, 0, 1, 7, &slot) == SLOTS_ERROR);
	EXPECT(errno == ENOLCK && slot == SLOTS_NONE);
	errno = 0;
	EXPECT(slots_count(temp_dir, &n) == -1 && errno == ENOLCK);
}

static void
test_without_locks_nothing_is_known(void **state)
{
	(void)state;
	apart(where_nothing_can_be_locked);
	assert_int_equal(slots_child_take(slots_child_start(), 1), SLOTS_TAKEN);
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
test_what_is_in_the_file_is_not_counted(void **state)
{
	static const off_t sizes[] = { 0, 1, 47, 48, 49, 1001, 65536,
		(off_t)1 << 20, (off_t)1 << 40 };
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *c = slots_child_start();
	struct rnd rnd = { .state = 20261122 };
	uint8_t noise[4096];
	int fd;

	(void)state;
	assert_int_equal(slots_child_take(a, 2), SLOTS_TAKEN);
	fd = slots_child_fd();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (uint8_t)rnd_between(&rnd, 0, 255);
		assert_int_equal(
		    pwrite(fd, noise, sizeof(noise), 0), sizeof(noise));
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_int_equal(slots_child_count(), 1);
		assert_int_equal(slots_child_take(b, 2), SLOTS_TAKEN);
		assert_int_equal(slots_child_take(c, 2), SLOTS_FULL);
		assert_int_equal(size_of(NAME), sizes[i]);
		slots_child_give(b);
	}
	close(fd);
}

/* Where the lock for an address is. */
static off_t
find_address(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = SLOTS_MAX };
	int fd = slots_child_fd();

	assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
	close(fd);
	assert_int_equal(lock.l_type, F_WRLCK);
	return lock.l_start;
}

static enum slots_result
take_for_seven(struct slots_child *child)
{
	return slots_child_do(child,
	    (struct slots_order){
		.what = 't', .max_all = 3, .max_address = 1, .address = 7 });
}

static void
test_nobody_can_tell_an_address_from_its_lock(void **state)
{
	struct slots_child *a = slots_child_start();
	off_t at;

	(void)state;
	assert_int_equal(take_for_seven(a), SLOTS_TAKEN);
	at = find_address();
	assert_int_equal(take_for_seven(a), SLOTS_TAKEN);
	assert_int_equal(find_address(), at);
	/* The same address in another spool. */
	remove_file();
	assert_int_equal(take_for_seven(a), SLOTS_TAKEN);
	assert_int_not_equal(find_address(), at);
}

static void
test_another_key_forgets_addresses_but_no_streams(void **state)
{
	struct slots_child *a = slots_child_start(), *b = slots_child_start(),
			   *c = slots_child_start(), *d = slots_child_start();
	uint8_t key[16];
	int fd;

	(void)state;
	assert_int_equal(take_for_seven(a), SLOTS_TAKEN);
	assert_int_equal(take_for_seven(b), SLOTS_ADDRESS_FULL);
	fd = slots_child_fd();
	assert_int_equal(size_of(NAME), sizeof(key));
	assert_int_equal(pread(fd, key, sizeof(key), 0), sizeof(key));
	key[0] ^= 1;
	assert_int_equal(pwrite(fd, key, sizeof(key), 0), sizeof(key));
	assert_int_equal(take_for_seven(b), SLOTS_TAKEN);
	/* One that was cut is made whole. */
	assert_int_equal(ftruncate(fd, 3), 0);
	close(fd);
	assert_int_equal(take_for_seven(c), SLOTS_TAKEN);
	assert_int_equal(take_for_seven(d), SLOTS_ADDRESS_FULL);
	assert_int_equal(slots_child_count(), 3);
	assert_int_equal(slots_child_take(d, 3), SLOTS_FULL);
}

static void
test_the_table_of_an_earlier_version_is_left_alone(void **state)
{
	static const char table[48] = "10CS";
	int fd;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, ".spoolcast", 0700), 0);
	fd = openat(temp_dir_fd, FORMER, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, table, sizeof(table)), sizeof(table));
	close(fd);
	assert_int_equal(slots_child_take(slots_child_start(), 1), SLOTS_TAKEN);
	assert_int_equal(slots_child_take(slots_child_start(), 1), SLOTS_FULL);
	assert_int_equal(slots_child_count(), 1);
	assert_int_equal(size_of(FORMER), sizeof(table));
}

static void
test_a_file_that_is_removed_again_and_again(void **state)
{
	struct slots_child *a = slots_child_start();
	struct slots_order order = { .what = 't', .max_all = 1 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		enum slots_result result;

		slots_child_tell(a, order);
		(void)unlinkat(temp_dir_fd, NAME, 0);
		(void)unlinkat(temp_dir_fd, NAME, 0);
		result = slots_child_hear(a);
		assert_true(result == SLOTS_TAKEN ||
		    (result == SLOTS_ERROR &&
			(errno == ESTALE || errno == ENOENT)));
	}
	assert_int_equal(slots_child_do(a, order), SLOTS_TAKEN);
	assert_int_equal(slots_child_count(), 1);
}

static void
test_what_is_no_file_is_refused_and_left_alone(void **state)
{
	struct slots_child *a = slots_child_start();
	uint64_t n;

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
		assert_int_equal(slots_count(temp_dir, &n), -1);
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
	int slot = SLOTS_NONE;

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "elsewhere", 0700), 0);
	assert_int_equal(symlinkat("elsewhere", temp_dir_fd, ".spoolcast"), 0);
	errno = 0;
	assert_int_equal(slots_take(temp_dir, 1, 0, 0, &slot), SLOTS_ERROR);
	assert_true(errno == ELOOP || errno == ENOTDIR);
	assert_int_equal(
	    faccessat(temp_dir_fd, "elsewhere/processes", F_OK, 0), -1);
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
		SLOTS(test_who_locks_all_and_stops_hangs_nobody),
		SLOTS(test_who_is_stopped_keeps_its_slot_only),
		SLOTS(test_without_locks_nothing_is_known),
		SLOTS(test_a_second_name_of_the_file_is_refused),
		SLOTS(test_what_is_in_the_file_is_not_counted),
		SLOTS(test_nobody_can_tell_an_address_from_its_lock),
		SLOTS(test_another_key_forgets_addresses_but_no_streams),
		SLOTS(test_the_table_of_an_earlier_version_is_left_alone),
		SLOTS(test_a_file_that_is_removed_again_and_again),
		SLOTS(test_what_is_no_file_is_refused_and_left_alone),
		SLOTS(test_a_link_in_the_place_of_the_folder_is_refused),
		SLOTS(test_another_file_by_its_name_is_noticed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "slots_file", tests, temp_dir_make, temp_dir_remove);
}
