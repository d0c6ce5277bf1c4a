#include "fuzz/disorder/side.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/verdict.h"

#define RUNNING_MAX 4
/* As a web server that has lost its client. */
#define CGI_MS 1500
/* None of them has so much to do. */
#define CPU_S_MAX 10

static struct {
	pid_t pid; /* 0: none */
	const char *verb;
	int64_t began_ms;
	bool was_stopped;
} running[RUNNING_MAX];

static struct side_opts opts;

void
side_begin(const struct side_opts *now)
{
	opts = *now;
}

_Noreturn static void
be_cgi(const char *argument)
{
	char uri[300];

	snprintf(uri, sizeof(uri), "/events/%s?history=20", argument);
	setenv("REQUEST_METHOD", "GET", 1);
	setenv("REQUEST_URI", uri, 1);
	setenv("HTTP_ACCEPT", "text/event-stream", 1);
	setenv("HTTP_LAST_EVENT_ID", "x", 1);
	execl(opts.program, opts.program, (char *)NULL);
	_exit(111);
}

_Noreturn static void
be_verb(const char *verb, const char *argument)
{
	char path[400];
	int log, null = open("/dev/null", O_RDWR);

	snprintf(path, sizeof(path), "%s/log-of-%s", opts.folder, verb);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	setenv("SPOOLCAST_CONFIG", opts.config, 1);
	if (strcmp(verb, "cgi") == 0)
		be_cgi(argument);
	if (strcmp(verb, "publish") == 0)
		execl(opts.program, opts.program, verb, argument, "text",
		    (char *)NULL);
	else if (strcmp(verb, "check") == 0)
		execl(opts.program, opts.program, verb, (char *)NULL);
	else
		execl(opts.program, opts.program, verb, argument, (char *)NULL);
	_exit(111);
}

void
side_run(const char *verb, const char *argument)
{
	size_t at = 0;
	pid_t pid;

	while (at < RUNNING_MAX && running[at].pid != 0)
		at++;
	if (at == RUNNING_MAX)
		return;
	pid = fork();
	if (pid == 0)
		be_verb(verb, argument);
	if (pid == -1)
		return;
	report_note("run %s %s", verb, argument);
	report_count("programs", verb, 1);
	running[at].pid = pid;
	running[at].verb = verb;
	running[at].began_ms = report_ms();
	running[at].was_stopped = false;
}

static bool
is_expected(int status, bool was_stopped)
{
	static const int codes[] = { 0, 1, 100, 111 };

	if (WIFSIGNALED(status))
		return was_stopped && WTERMSIG(status) == SIGTERM;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (WEXITSTATUS(status) == codes[i])
			return true;
	return false;
}

/* Return whether it runs still. */
static bool
look(size_t at)
{
	struct rusage usage;
	int status;

	if (running[at].pid == 0)
		return false;
	if (wait4(running[at].pid, &status, WNOHANG, &usage) == 0)
		return true;
	running[at].pid = 0;
	if (!is_expected(status, running[at].was_stopped))
		report_found("%s ended by %s %d", running[at].verb,
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status));
	if (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= CPU_S_MAX)
		report_found("%s took %ld s of CPU", running[at].verb,
		    (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec));
	return false;
}

static void
stop(size_t at)
{
	if (running[at].was_stopped)
		return;
	kill(running[at].pid, SIGTERM);
	running[at].was_stopped = true;
}

void
side_turn(void)
{
	for (size_t at = 0; at < RUNNING_MAX; at++)
		if (look(at) && strcmp(running[at].verb, "cgi") == 0 &&
		    report_ms() - running[at].began_ms > CGI_MS)
			stop(at);
}

/* One that does not end is ended, and that is told. */
static void
give_up(size_t at)
{
	report_found("%s does not end", running[at].verb);
	verdict_of_hang(opts.folder, running[at].pid);
	kill(running[at].pid, SIGABRT);
	usleep(2000000);
	kill(running[at].pid, SIGKILL);
	waitpid(running[at].pid, NULL, 0);
	running[at].pid = 0;
}

bool
side_settle(int64_t since_ms)
{
	bool is_over = true;

	for (size_t at = 0; at < RUNNING_MAX; at++) {
		if (!look(at))
			continue;
		/* A writer to a pipe that nobody reads waits for ever. */
		if (strcmp(running[at].verb, "publish") == 0 ||
		    strcmp(running[at].verb, "cgi") == 0)
			stop(at);
		if (report_ms() - since_ms > REPORT_DEADLINE_MS)
			give_up(at);
		else
			is_over = false;
	}
	return is_over;
}
