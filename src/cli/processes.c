#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/processes.h"

/* A responder that lasted this long is not taken to fail again and again. */
#define SETTLED_MS 10000
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 5000
/* How much longer a responder is waited for than it may take. */
#define GRACE_MS 2000

struct responder {
	pid_t pid; /* 0: it does not run */
	int64_t started_ms;
	int64_t due_ms;	  /* when to start it again */
	int64_t pause_ms; /* between its next end and that */
};

struct fleet {
	struct responder each[PROCESSES_MAX];
	unsigned n;
	unsigned n_running;
	const struct processes_ops *ops;
	void *cookie;
	bool is_stopping;
	int64_t kill_ms; /* when stopping: what still runs then is killed */
	struct log_quota quota; /* of lines about responders that end */
};

static const int end_signals[] = { SIGTERM, SIGUSR1, SIGINT, SIGHUP };

static void
fill_signals(sigset_t *set, bool with_child)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]);
	     i++)
		sigaddset(set, end_signals[i]);
	if (with_child)
		sigaddset(set, SIGCHLD);
}

void
processes_ready(void)
{
	sigset_t set;

	fill_signals(&set, true);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
plan_again(struct responder *r, int64_t now_ms)
{
	if (now_ms - r->started_ms >= SETTLED_MS)
		r->pause_ms = 0;
	r->due_ms = now_ms + r->pause_ms;
	r->pause_ms = r->pause_ms == 0 ? FIRST_PAUSE_MS : 2 * r->pause_ms;
	if (r->pause_ms > LONGEST_PAUSE_MS)
		r->pause_ms = LONGEST_PAUSE_MS;
}

/* Start responder ${index}.  Return true in the child. */
static bool
start(struct fleet *fleet, unsigned index)
{
	struct responder *r = &fleet->each[index];
	/*
	 * This is fork(2) without its handlers, of which a static program has 2
	 * kB.
	 */
	pid_t parent = getpid(), pid = _Fork();

	r->started_ms = clock_mono_ms();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		/*
		 * If the parent was killed before that, no signal will come:
		 * raise it.
		 */
		if (getppid() != parent)
			raise(SIGTERM);
		return true;
	}
	if (pid == -1) {
		plan_again(r, r->started_ms);
		if (log_allow(&fleet->quota, r->started_ms))
			log_errno(LOG_LEVEL_ERROR,
			    "event=process-failed again_in_ms=%" PRId64,
			    r->due_ms - r->started_ms);
		return false;
	}
	r->pid = pid;
	fleet->n_running++;
	return false;
}

static void
tell_end(
    struct fleet *fleet, const struct responder *r, int status, int64_t now_ms)
{
	bool is_killed = WIFSIGNALED(status);
	enum log_level level = status == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;

	if (fleet->is_stopping || !log_allow(&fleet->quota, now_ms))
		return;
	log_msg(level,
	    "event=process-%s pid=%ld %s=%d lasted_ms=%" PRId64
	    " again_in_ms=%" PRId64,
	    status == 0 ? "ended" : "died", (long)r->pid,
	    is_killed ? "signal" : "status",
	    is_killed ? WTERMSIG(status) : WEXITSTATUS(status),
	    now_ms - r->started_ms, r->due_ms - now_ms);
}

/* Take note of all responders that have ended. */
static void
reap(struct fleet *fleet)
{
	int64_t now_ms = clock_mono_ms();
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < fleet->n; i++) {
			struct responder *r = &fleet->each[i];

			if (r->pid != pid)
				continue;
			plan_again(r, now_ms);
			tell_end(fleet, r, status, now_ms);
			r->pid = 0;
			fleet->n_running--;
			fleet->ops->on_end(fleet->cookie, i);
		}
	}
}

static void
tell_all(const struct fleet *fleet, int signo)
{
	for (unsigned i = 0; i < fleet->n; i++) {
		if (fleet->each[i].pid != 0)
			kill(fleet->each[i].pid, signo);
	}
}

static void
stop(struct fleet *fleet, int signo, int64_t drain_ms)
{
	tell_all(fleet, signo);
	if (fleet->is_stopping)
		return;
	fleet->is_stopping = true;
	fleet->kill_ms = clock_mono_ms() + drain_ms + GRACE_MS;
	log_msg(LOG_LEVEL_INFO, "event=stopping signal=%s processes=%u",
	    sigabbrev_np(signo), fleet->n_running);
	fleet->ops->on_stop(fleet->cookie);
}

static void
kill_rest(struct fleet *fleet, int64_t now_ms)
{
	log_msg(LOG_LEVEL_WARN,
	    "event=process-killed processes=%u reason=\"not ended within "
	    "[stream] drain\"",
	    fleet->n_running);
	tell_all(fleet, SIGKILL);
	fleet->kill_ms = now_ms + GRACE_MS;
}

/* Do what the time asks for.  Return true in a child that was started. */
static bool
work(struct fleet *fleet, unsigned *index)
{
	int64_t now_ms = clock_mono_ms();

	if (fleet->is_stopping) {
		if (now_ms >= fleet->kill_ms)
			kill_rest(fleet, now_ms);
		return false;
	}
	for (unsigned i = 0; i < fleet->n; i++) {
		if (fleet->each[i].pid != 0 || fleet->each[i].due_ms > now_ms)
			continue;
		*index = i;
		if (start(fleet, i))
			return true;
	}
	return false;
}

/* Return in how many ms there is something to do if no signal comes, or -1. */
static int64_t
next_ms(const struct fleet *fleet)
{
	int64_t at_ms = fleet->is_stopping ? fleet->kill_ms : INT64_MAX, now_ms;

	for (unsigned i = 0; i < fleet->n && !fleet->is_stopping; i++) {
		if (fleet->each[i].pid == 0 && fleet->each[i].due_ms < at_ms)
			at_ms = fleet->each[i].due_ms;
	}
	if (at_ms == INT64_MAX)
		return -1;
	now_ms = clock_mono_ms();
	return at_ms > now_ms ? at_ms - now_ms : 0;
}

/* Wait for one of ${signals}, or until there is something to do. */
static int
wait_signal(const struct fleet *fleet, const sigset_t *signals)
{
	int64_t ms = next_ms(fleet);
	struct timespec until = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	return ms < 0 ? sigwaitinfo(signals, NULL) :
			sigtimedwait(signals, NULL, &until);
}

int
processes_run(
    unsigned n, int64_t drain_ms, const struct processes_ops *ops, void *cookie)
{
	struct fleet fleet = { .n = n, .ops = ops, .cookie = cookie };
	sigset_t signals;
	unsigned index;

	fill_signals(&signals, true);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	while (!fleet.is_stopping || fleet.n_running > 0) {
		int signo;

		if (work(&fleet, &index))
			return ops->run(cookie, index);
		signo = wait_signal(&fleet, &signals);
		if (signo == SIGCHLD)
			reap(&fleet);
		else if (signo != -1)
			stop(&fleet, signo, drain_ms);
	}
	return EXIT_DONE;
}
