/*
 * Processes that hold slots, because each process has one at most: children
 * that do what they are told by pipes.  To be included after <cmocka.h> and
 * helpers/temp_dir.h, whose folder is the spool.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_SLOTS_CHILD_H
#define SPOOLCAST_TESTS_HELPERS_SLOTS_CHILD_H

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "spool/slots.h"

#define SLOTS_CHILD_MAX 128

struct slots_child {
	pid_t pid;
	int to, from;
};

/* What to do: take a slot, give it back or lock the file for ever. */
struct slots_order {
	char what; /* 't', 'g' or 'l' */
	uint64_t max_all, max_address, address;
};

struct slots_reply {
	enum slots_result result;
	int error;
};

static struct slots_child slots_children[SLOTS_CHILD_MAX];
static int slots_n_children;

static inline int
slots_child_fd(void)
{
	return openat(temp_dir_fd, ".spoolcast/processes", O_RDWR | O_CLOEXEC);
}

static inline void
slots_child_run(int from, int to)
{
	struct slots_order order;
	int slot = SLOTS_NONE;

	while (read(from, &order, sizeof(order)) == sizeof(order)) {
		struct flock lock = { .l_type = F_WRLCK };
		struct slots_reply reply = { .result = SLOTS_TAKEN };

		if (order.what == 't')
			reply.result = slots_take(temp_dir, order.max_all,
			    order.max_address, order.address, &slot);
		else if (order.what == 'g')
			slots_give(&slot);
		else if (fcntl(slots_child_fd(), F_OFD_SETLK, &lock) != 0)
			reply.result = SLOTS_ERROR;
		reply.error = errno;
		if (write(to, &reply, sizeof(reply)) != sizeof(reply))
			break;
	}
	_exit(0);
}

static inline struct slots_child *
slots_child_start(void)
{
	struct slots_child *child = &slots_children[slots_n_children];
	int down[2], up[2];

	assert_true(slots_n_children < SLOTS_CHILD_MAX);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	child->pid = fork();
	assert_true(child->pid != -1);
	if (child->pid == 0) {
		/* Its brothers shall see the end of their pipes. */
		for (int i = 0; i < slots_n_children; i++)
			close(slots_children[i].to);
		close(down[1]);
		slots_child_run(down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	child->to = down[1];
	child->from = up[0];
	slots_n_children++;
	return child;
}

static inline void
slots_child_tell(struct slots_child *child, struct slots_order order)
{
	assert_int_equal(
	    write(child->to, &order, sizeof(order)), sizeof(order));
}

/* What came of the last order; errno is that of the child. */
static inline enum slots_result
slots_child_hear(struct slots_child *child)
{
	struct slots_reply reply;

	assert_int_equal(
	    read(child->from, &reply, sizeof(reply)), sizeof(reply));
	errno = reply.error;
	return reply.result;
}

static inline enum slots_result
slots_child_do(struct slots_child *child, struct slots_order order)
{
	slots_child_tell(child, order);
	return slots_child_hear(child);
}

/* A slot for it, of ${max} in all. */
static inline enum slots_result
slots_child_take(struct slots_child *child, uint64_t max)
{
	return slots_child_do(
	    child, (struct slots_order){ .what = 't', .max_all = max });
}

static inline void
slots_child_give(struct slots_child *child)
{
	assert_int_equal(
	    slots_child_do(child, (struct slots_order){ .what = 'g' }),
	    SLOTS_TAKEN);
}

static inline void
slots_child_reap(struct slots_child *child)
{
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
	child->pid = -1;
}

/* It dies without a chance to give anything back. */
static inline void
slots_child_kill(struct slots_child *child)
{
	assert_int_equal(kill(child->pid, SIGKILL), 0);
	slots_child_reap(child);
}

static inline uint64_t
slots_child_count(void)
{
	uint64_t n;

	assert_int_equal(slots_count(temp_dir, &n), 0);
	return n;
}

/* For the end of each test. */
static inline int
slots_child_end(void **state)
{
	(void)state;
	for (int i = 0; i < slots_n_children; i++) {
		struct slots_child *child = &slots_children[i];

		if (child->pid != -1)
			slots_child_kill(child);
		close(child->to);
		close(child->from);
	}
	slots_n_children = 0;
	temp_dir_clear(temp_dir_fd, ".");
	return 0;
}

#endif
