#include "fuzz/disorder/target.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/verdict.h"

/* What memory may be beyond the base and [limits] memory. */
#define SPARE_KB 10240
/*
 * Descriptors that may come with what the base has not met: the folder and the
 * locks of .spoolcast, a watch of the folder above.
 */
#define SPARE_FDS 4

static void
add_option(const char *name, const char *format, const char *folder)
{
	const char *before = getenv(name);
	char text[2000];
	int len = snprintf(text, sizeof(text), "%s%s",
	    before == NULL ? "" : before, before == NULL ? "" : ":");

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text + len, sizeof(text) - (size_t)len, format, folder);
#pragma GCC diagnostic pop
	setenv(name, text, 1);
}

static void
set_clock(const char *folder)
{
	char path[1000];
	FILE *file;

	snprintf(path, sizeof(path), "%s/clock", folder);
	if ((file = fopen(path, "we")) != NULL) {
		fputs("+0\n", file);
		fclose(file);
	}
	setenv("FAKETIME_TIMESTAMP_FILE", path, 1);
	setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
	setenv("FAKETIME_NO_CACHE", "1", 1);
	setenv("NO_FAKE_STAT", "1", 1);
}

_Noreturn static void
be_target(const struct target *target)
{
	struct rlimit limit = { target->plan->nofile, target->plan->nofile };
	char listen_to[300], processes[20], log[300];
	int fd;

	snprintf(listen_to, sizeof(listen_to), "unix:%s", target->socket);
	snprintf(processes, sizeof(processes), "%u", target->plan->processes);
	snprintf(log, sizeof(log), "%s/log", target->folder);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	if (target->plan->has_clock) {
		set_clock(target->folder);
		setenv("LD_PRELOAD", target->options->faketime, 1);
	}
	execl(target->options->program, target->options->program, "serve", "-c",
	    target->config, "--listen", listen_to, "--processes", processes,
	    (char *)NULL);
	_exit(111);
}

static bool
is_listening(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_there;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	is_there = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return is_there;
}

/* What sanitizers find goes to the folder of the round, of all programs. */
static void
set_sanitizers(const struct target *target)
{
	static char *asan, *ubsan;

	/* As they were before the first round. */
	if (asan == NULL) {
		asan = strdup(getenv("ASAN_OPTIONS") == NULL ?
			"" :
			getenv("ASAN_OPTIONS"));
		ubsan = strdup(getenv("UBSAN_OPTIONS") == NULL ?
			"" :
			getenv("UBSAN_OPTIONS"));
	}
	setenv("ASAN_OPTIONS", asan, 1);
	setenv("UBSAN_OPTIONS", ubsan, 1);
	add_option("ASAN_OPTIONS", "log_path=%s/report", target->folder);
	add_option("UBSAN_OPTIONS", "log_path=%s/report", target->folder);
}

int
target_start(struct target *target)
{
	set_sanitizers(target);
	target->pid = fork();
	if (target->pid == 0)
		be_target(target);
	while (target->pid > 0 && !is_listening(target->socket)) {
		if (!target_is_alive(target))
			return -1;
		if (report_ms() > REPORT_DEADLINE_MS) {
			report_found("it does not begin to listen");
			return -1;
		}
		usleep(1000);
	}
	return target->pid > 0 ? 0 : -1;
}

/* Find those that answer. */
static void
find_pids(struct target *target)
{
	char path[100];
	FILE *file;
	long pid;

	target->n_pids = 0;
	target->pids[target->n_pids++] = target->pid;
	if (target->plan->processes == 1)
		return;
	target->n_pids = 0;
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
	    (long)target->pid, (long)target->pid);
	if ((file = fopen(path, "re")) == NULL)
		return;
	while (target->n_pids < TARGET_PROCESSES_MAX &&
	    fscanf(file, "%ld", &pid) == 1)
		target->pids[target->n_pids++] = (pid_t)pid;
	fclose(file);
}

static unsigned
count_fds(pid_t pid)
{
	char path[100];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static unsigned
most_fds(struct target *target)
{
	unsigned most = 0, n;

	find_pids(target);
	for (unsigned i = 0; i < target->n_pids; i++) {
		n = count_fds(target->pids[i]);
		most = n > most ? n : most;
	}
	return most;
}

/* The number behind ${key} in the status of ${pid}. */
static long
read_status(pid_t pid, const char *key)
{
	char path[100], line[200];
	long n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	if ((file = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			n = strtol(line + strlen(key), NULL, 10);
	fclose(file);
	return n;
}

static long
most_kb(struct target *target)
{
	long most = 0, n;

	find_pids(target);
	for (unsigned i = 0; i < target->n_pids; i++) {
		n = read_status(target->pids[i], "RssAnon:");
		most = n > most ? n : most;
	}
	return most;
}

void
target_measure(struct target *target)
{
	target->base_fds = most_fds(target);
	target->base_kb = most_kb(target);
}

void
target_sample(struct target *target)
{
	long kb = most_kb(target) - target->base_kb;
	long limit = (long)target->plan->memory_kb + SPARE_KB;

	if (kb <= target->most_kb)
		return;
	/* What a sanitizer takes says nothing. */
	if (!target->options->is_sanitized && target->most_kb <= limit &&
	    kb > limit)
		report_found("it takes more memory than base + limit: "
			     "%ld + %ld and %ld kB",
		    target->base_kb, (long)target->plan->memory_kb,
		    kb - (long)target->plan->memory_kb);
	target->most_kb = kb;
}

bool
target_is_lean(struct target *target)
{
	return most_fds(target) <= target->base_fds + SPARE_FDS;
}

void
target_tell_fds(struct target *target)
{
	char command[600];

	report_found("descriptors stay open: %u at first, %u now",
	    target->base_fds, most_fds(target));
	for (unsigned i = 0; i < target->n_pids; i++) {
		snprintf(command, sizeof(command),
		    "ls -l /proc/%ld/fd >>'%s/descriptors'",
		    (long)target->pids[i], target->folder);
		if (system(command) != 0)
			report_note("they cannot be listed");
		verdict_of_hang(target->folder, target->pids[i]);
	}
}

bool
target_is_alive(struct target *target)
{
	int status;

	if (target->pid <= 0)
		return false;
	if (waitpid(target->pid, &status, WNOHANG) == 0)
		return true;
	target->pid = 0;
	verdict_of_end(target->folder, status);
	return false;
}

void
target_abort(struct target *target)
{
	find_pids(target);
	for (unsigned i = 0; i < target->n_pids; i++)
		verdict_of_hang(target->folder, target->pids[i]);
	for (unsigned i = 0; i < target->n_pids; i++)
		kill(target->pids[i], SIGABRT);
	usleep(3000000);
	for (unsigned i = 0; i < target->n_pids; i++)
		kill(target->pids[i], SIGKILL);
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	target->pid = 0;
	verdict_of_reports(target->folder);
}

void
target_stop(struct target *target)
{
	int64_t began = report_ms();
	int status = 0;

	if (target->pid <= 0)
		return;
	report_note("SIGTERM");
	kill(target->pid, SIGTERM);
	while (waitpid(target->pid, &status, WNOHANG) == 0) {
		if (report_ms() - began > REPORT_DEADLINE_MS) {
			report_found("it is deaf to SIGTERM");
			target_abort(target);
			return;
		}
		usleep(1000);
	}
	target->pid = 0;
	verdict_of_end(target->folder, status);
}
