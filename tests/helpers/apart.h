/*
 * Running part of a test in a process of its own, which may do with itself as
 * it likes.  To be included after <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_APART_H
#define SPOOLCAST_TESTS_HELPERS_APART_H

#include <sys/mount.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* A user who has nothing to do with anybody. */
#define STRANGER 54323

/* In a child that fails by its exit status, the line that failed. */
#define EXPECT(so)                                                             \
	do {                                                                   \
		if (!(so)) {                                                   \
			dprintf(2, "%d: not so: %s, errno %d\n", __LINE__,     \
			    #so, errno);                                       \
			_exit(1);                                              \
		}                                                              \
	} while (0)

static inline void
apart(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid != -1);
	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void
apart_be_a_stranger(void)
{
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(STRANGER, STRANGER, STRANGER) == 0);
	EXPECT(setresuid(STRANGER, STRANGER, STRANGER) == 0);
}

/* Put a disk in memory over ${path} that nobody else sees. */
static inline void
apart_mount(const char *path, const char *options)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("none", path, "tmpfs", 0, options) == 0);
}

#endif
