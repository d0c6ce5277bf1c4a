#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/lock.h"

#define S_TO_MS INT64_C(1000)
/*
 * How many lines of /proc/locks are looked at; a lock on a later one is missed.
 */
#define LINES_MAX 10000

static void (*teller)(const char *what, const struct lock_holder *holder);
static struct lock_holder last;

void
lock_set_teller(
    void (*tell)(const char *what, const struct lock_holder *holder))
{
	teller = tell;
}

const struct lock_holder *
lock_last_holder(void)
{
	return &last;
}

static void
read_command(struct lock_holder *holder)
{
	char path[48];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)holder->pid);
	if ((file = fopen(path, "re")) == NULL) {
		/*
		 * The holder has ended, but its lock lives as long as any
		 * process has the file open.
		 */
		snprintf(holder->command, sizeof(holder->command),
		    "ended; its child has it");
		return;
	}
	if (fgets(holder->command, sizeof(holder->command), file) != NULL)
		holder->command[strcspn(holder->command, "\n")] = '\0';
	fclose(file);
	/* The owner of the process chose that name, so it may be anything. */
	for (char *c = holder->command; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~' || *c == '"')
			*c = '?';
	}
}

/*
 * Return whether ${line} of /proc/locks is a lock of the file ${ino} that is
 * held; ${*pid} is its holder then, 0 if that is not known.
 */
static bool
is_of(char *line, ino_t ino, pid_t *pid)
{
	const char *fields[6] = { NULL }, *number;
	char *rest = NULL, *field = strtok_r(line, " ", &rest);
	long holder;

	/* "1: FLOCK  ADVISORY  WRITE 815 fe:01:4711 0 EOF" */
	for (size_t i = 0; i < 6 && field != NULL; i++) {
		fields[i] = field;
		field = strtok_r(NULL, " ", &rest);
	}
	/* The line of a process that waits has an arrow before FLOCK. */
	if (fields[5] == NULL || strcmp(fields[1], "->") == 0 ||
	    (number = strrchr(fields[5], ':')) == NULL ||
	    strtoull(number + 1, NULL, 10) != ino)
		return false;
	holder = strtol(fields[4], NULL, 10);
	*pid = holder > 0 ? (pid_t)holder : 0;
	return true;
}

bool
lock_find_holder(int fd, struct lock_holder *out)
{
	struct lock_holder found = { 0, "?" };
	FILE *file = fopen("/proc/locks", "re");
	bool is_held = false;
	char line[256];
	struct stat st;
	pid_t pid;

	if (file != NULL && fstat(fd, &st) == 0) {
		for (int i = 0; i < LINES_MAX && found.pid == 0 &&
		     fgets(line, sizeof(line), file) != NULL;
		     i++) {
			if (!is_of(line, st.st_ino, &pid) || pid == getpid())
				continue;
			is_held = true;
			found.pid = pid;
		}
	}
	if (file != NULL)
		fclose(file);
	if (found.pid != 0)
		read_command(&found);
	*out = found;
	return is_held;
}

/* What is to be locked, and how. */
struct wanted {
	int fd;
	const char *what;
	bool may_wait;
	int64_t since_ms;
	bool is_told;
};

/*
 * A lock could not be had now.  Return whether to go on waiting; if not, errno
 * says why.
 */
static bool
waits_on(struct wanted *wanted)
{
	int64_t waited_ms = clock_mono_ms() - wanted->since_ms;
	int saved = errno;

	if (saved != EINTR || !wanted->may_wait) {
		if (saved == EACCES)
			saved = EWOULDBLOCK;
	} else if (waited_ms >= LOCK_GIVE_UP_S * S_TO_MS) {
		saved = ETIMEDOUT;
		(void)lock_find_holder(wanted->fd, &last);
	} else if (waited_ms >= LOCK_TELL_S * S_TO_MS && !wanted->is_told) {
		wanted->is_told = true;
		(void)lock_find_holder(wanted->fd, &last);
		if (teller != NULL)
			teller(wanted->what, &last);
	}
	errno = saved;
	return saved == EINTR;
}

static int
take_flock(struct wanted *wanted)
{
	int how = wanted->may_wait ? LOCK_EX : LOCK_EX | LOCK_NB;

	while (flock(wanted->fd, how) != 0) {
		if (!waits_on(wanted))
			return -1;
	}
	return 0;
}

static int
set_range(int fd, int how, short type, off_t offset, off_t len)
{
	struct flock range = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = offset,
		.l_len = len };

	return fcntl(fd, how, &range);
}

int
lock_try_range(int fd, short type, off_t offset, off_t len)
{
	return set_range(fd, F_OFD_SETLK, type, offset, len);
}

/*
 * Lock ${len} bytes from ${offset} on, or all if it is 0.  EINVAL says that the
 * system has no such locks.
 */
static int
take_range(struct wanted *wanted, off_t offset, off_t len)
{
	int how = wanted->may_wait ? F_OFD_SETLKW : F_OFD_SETLK;

	while (set_range(wanted->fd, how, F_WRLCK, offset, len) != 0) {
		if (!waits_on(wanted))
			return -1;
	}
	return 0;
}

static void
on_alarm(int signal)
{
	(void)signal;
}

/* Let a signal interrupt system calls each second, or end that. */
static void
set_alarm(bool is_on)
{
	static struct sigaction before;
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval each = { .it_interval.tv_sec = is_on,
		.it_value.tv_sec = is_on };

	if (is_on)
		(void)sigaction(SIGALRM, &action, &before);
	(void)setitimer(ITIMER_REAL, &each, NULL);
	if (!is_on)
		(void)sigaction(SIGALRM, &before, NULL);
}

/*
 * Lock what is ${wanted}: the whole file or, with ${is_part}, the byte at
 * ${offset}.
 */
static int
get(struct wanted *wanted, enum lock_kind kind, bool is_part, off_t offset)
{
	int rc = 0, saved;

	wanted->since_ms = clock_mono_ms();
	if (wanted->may_wait)
		set_alarm(true);
	if (!is_part)
		rc = take_flock(wanted);
	if (rc == 0 && kind == LOCK_OWN &&
	    (rc = take_range(wanted, offset, is_part)) != 0 && errno == EINVAL)
		rc = is_part ? take_flock(wanted) : 0;
	saved = errno;
	/* The flock(2) without the other lock would only be in the way. */
	if (rc != 0 && !is_part)
		(void)flock(wanted->fd, LOCK_UN);
	if (wanted->may_wait)
		set_alarm(false);
	errno = saved;
	return rc;
}

int
lock_get(int fd, enum lock_kind kind, const char *what, bool may_wait)
{
	struct wanted wanted = { .fd = fd, .what = what, .may_wait = may_wait };

	return get(&wanted, kind, false, 0);
}

int
lock_get_at(int fd, off_t offset, const char *what, bool may_wait)
{
	struct wanted wanted = { .fd = fd, .what = what, .may_wait = may_wait };

	return get(&wanted, LOCK_OWN, true, offset);
}
