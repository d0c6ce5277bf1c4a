/*
 * A real loop, run until something is the case.  To be included after
 * <cmocka.h>.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_LOOP_UNTIL_H
#define SPOOLCAST_TESTS_HELPERS_LOOP_UNTIL_H

#include <sys/resource.h>

#include <ev.h>
#include <stdbool.h>
#include <unistd.h>

/* For what should come at once, on a machine that has other things to do. */
#define LOOP_PATIENCE_S 10.

static inline void
loop_on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	*(bool *)timer->data = true;
}

/* Run ${loop} until ${is_so} returns true; return whether it ever did. */
static inline bool
loop_until(struct ev_loop *loop, bool (*is_so)(void))
{
	bool is_late = false;
	ev_timer deadline;

	ev_now_update(loop);
	ev_timer_init(&deadline, loop_on_deadline, LOOP_PATIENCE_S, 0.);
	deadline.data = &is_late;
	ev_timer_start(loop, &deadline);
	while (!is_so() && !is_late)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &deadline);
	return is_so();
}

/*
 * Leave the process no descriptor but the next ${n}, so that what opens more
 * fails with EMFILE; return what to give to loop_free_fds.
 */
static inline rlim_t
loop_use_up_fds(int n)
{
	struct rlimit limit;
	int lowest = dup(STDOUT_FILENO);
	rlim_t before;

	assert_true(lowest != -1);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)(lowest + n);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static inline void
loop_free_fds(rlim_t before)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = before;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#endif
