/*
 * Killed at any system call, and whatever happens before somebody else goes on:
 * each file is in the journal once.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/drop_folder.h"

#define N_FILES 3
/*
 * A process stops twice for each system call, and is the same at the return
 * from one as at the entry to the next.  None of this makes more calls.
 */
#define STOPS_MAX 5000
/* With a sanitizer a process takes long to begin, and stops more often. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 10
#else
#define STEP 2
#endif

/* Files are told apart by the letter that they consist of. */
static size_t file_len;
static unsigned n_letters; /* that were used up */
static off_t first_size;   /* of the journal, before anybody is killed */

static void
put_letter(const char *name)
{
	char *bytes = malloc(file_len);

	assert_non_null(bytes);
	memset(bytes, (char)('A' + n_letters++), file_len);
	drop_put(name, bytes, file_len);
	free(bytes);
}

/* Put one where there is none. */
static void
put_letters(void)
{
	static const char *const names[N_FILES] = { "a", "b c", "d.txt" };
	struct stat st;

	for (int i = 0; i < N_FILES; i++) {
		if (fstatat(temp_dir_fd, drop_path(names[i]), &st, 0) != 0)
			put_letter(names[i]);
	}
}

static off_t
journal_size(void)
{
	struct stat st;

	return fstatat(temp_dir_fd, JOURNAL, &st, 0) == 0 ? st.st_size : 0;
}

/* One file is taken by us, and three wait. */
static void
begin(size_t len)
{
	temp_dir_clear(temp_dir_fd, ".");
	assert_int_equal(mkdirat(temp_dir_fd, FOLDER, 0700), 0);
	file_len = len;
	n_letters = 0;
	put_letter("a");
	assert_int_equal(drop_once(), DROP_DONE);
	first_size = journal_size();
	put_letters();
}

/* Take what there is, in a process that stops for whoever traces it. */
static pid_t
take_traced(void)
{
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(drop_once() == DROP_DONE ? 0 : 1);
	}
	return pid;
}

/* Wait until it stops.  Return whether it does; else it has ended well. */
static bool
stops(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		return true;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void
go_on(pid_t pid)
{
	assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
}

static void
kill_it(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/*
 * Take what there is, in a process that is killed at the ${n}th entry to or
 * return from a system call.  Return whether there were so many.
 */
static bool
take_until_killed(int n)
{
	pid_t pid = take_traced();

	for (int i = 0; i < n; i++) {
		if (!stops(pid))
			return false;
		go_on(pid);
	}
	if (!stops(pid))
		return false;
	kill_it(pid);
	return true;
}

/* The same, when records were written, and before they are made safe. */
static void
take_until_written(void)
{
	struct __ptrace_syscall_info info = { 0 };
	pid_t pid = take_traced();

	assert_true(stops(pid));
	/* From now on the stops are told from those for signals. */
	assert_int_equal(
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD), 0);
	do {
		go_on(pid);
		assert_true(stops(pid));
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
				&info) > 0);
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY ||
	    info.entry.nr != SYS_fdatasync);
	kill_it(pid);
}

static void
count_letters(const char *path, unsigned counts[])
{
	struct buf story = { 0 };
	size_t at = 0;

	if (faccessat(temp_dir_fd, path, F_OK, 0) != 0)
		return;
	drop_story(path, &story);
	while (at < story.len) {
		unsigned letter = story.data[at] - 'A';

		assert_true(letter < n_letters);
		assert_true(at + file_len < story.len);
		assert_int_equal(story.data[at + file_len], '\n');
		counts[letter]++;
		at += file_len + 1;
	}
	buf_free(&story);
}

static void
assert_each_once(void)
{
	unsigned counts[64] = { 0 };

	count_letters(JOURNAL, counts);
	count_letters(JOURNAL ".1", counts);
	for (unsigned i = 0; i < n_letters; i++)
		assert_int_equal(counts[i], 1);
	if (drop_opts.keep_files) {
		assert_int_equal(drop_count(FOLDER "/.done"), n_letters);
		assert_int_equal(drop_count(FOLDER), 1);
	} else {
		assert_int_equal(drop_count(FOLDER), 0);
	}
}

/* How many files were moved out of the folder and are not removed yet. */
static int
count_taken(void)
{
	int fd = openat(temp_dir_fd, FOLDER "/.taking", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		char path[NAME_MAX + 32];

		snprintf(
		    path, sizeof(path), FOLDER "/.taking/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			n += drop_count(path);
	}
	closedir(dir);
	return n;
}

static bool
may_trace(void)
{
	begin(1);
	return take_until_killed(1);
}

static void
test_the_next_one_goes_on(void **state)
{
	(void)state;
	for (size_t len = 1; len < 60000; len *= 40000) {
		for (int keep = 0; keep < 2; keep++) {
			drop_opts.keep_files = keep;
			for (int n = 1; n < STOPS_MAX; n += STEP) {
				begin(len);
				if (!take_until_killed(n))
					break;
				assert_int_equal(drop_once(), DROP_DONE);
				assert_each_once();
			}
			assert_each_once();
		}
	}
}

static void
test_the_next_one_is_killed_as_well(void **state)
{
	(void)state;
	for (int n = 1; n < STOPS_MAX; n += STEP) {
		drop_opts.keep_files = n % 4 == 1;
		begin(1);
		if (!take_until_killed(n))
			break;
		/* Each time later in its life. */
		for (int next = 1 + n % 11; take_until_killed(next); next += 29)
			;
		assert_each_once();
	}
}

static void
test_names_are_used_again_meanwhile(void **state)
{
	(void)state;
	for (int n = 1; n < STOPS_MAX; n += STEP) {
		bool is_killed;

		begin(1);
		is_killed = take_until_killed(n);
		put_letters();
		if (is_killed && n % 4 == 1)
			take_until_killed(n);
		put_letters();
		assert_int_equal(drop_once(), DROP_DONE);
		assert_each_once();
		if (!is_killed)
			break;
	}
}

static void
test_the_journal_is_rotated_meanwhile(void **state)
{
	(void)state;
	for (int n = 1; n < STOPS_MAX; n += STEP) {
		bool is_killed;

		begin(1);
		is_killed = take_until_killed(n);
		(void)renameat(temp_dir_fd, JOURNAL, temp_dir_fd, JOURNAL ".1");
		if (n % 4 == 1)
			take_until_killed(n);
		assert_int_equal(drop_once(), DROP_DONE);
		assert_each_once();
		if (!is_killed)
			break;
	}
}

/*
 * Kill one that has written, as if it had written only the first ${size} bytes.
 * Return whether there were more.
 */
static bool
tear(off_t size)
{
	int fd;

	begin(20);
	take_until_written();
	assert_int_equal(count_taken(), N_FILES);
	if (size >= journal_size())
		return false;
	fd = openat(temp_dir_fd, JOURNAL, O_WRONLY);
	assert_true(fd != -1);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	return true;
}

static void
test_a_record_is_only_half_written(void **state)
{
	off_t size;

	(void)state;
	begin(20);
	for (size = first_size; tear(size); size += STEP / 2) {
		if (size % 2 == 1)
			assert_int_equal(renameat(temp_dir_fd, JOURNAL,
					     temp_dir_fd, JOURNAL ".1"),
			    0);
		if (size % 3 == 0)
			take_until_killed(100 + (int)size % 40);
		assert_int_equal(drop_once(), DROP_DONE);
		assert_each_once();
	}
	/* All of it, at every length. */
	assert_true(size > first_size + 3 * 20);
}

static int
start(void **state)
{
	if (drop_start(state) != 0)
		return -1;
	if (!may_trace())
		return -1;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define KILL(test) cmocka_unit_test_setup_teardown(test, start, drop_stop)
		KILL(test_the_next_one_goes_on),
		KILL(test_the_next_one_is_killed_as_well),
		KILL(test_names_are_used_again_meanwhile),
		KILL(test_the_journal_is_rotated_meanwhile),
		KILL(test_a_record_is_only_half_written),
	};

	/* In memory, where waiting for the disk takes no time. */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "drop_kill", tests, temp_dir_make, temp_dir_remove);
}
