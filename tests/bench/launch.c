/*
 * launch: start a program again and again, as a web server does for CGI, and
 * print what it took, one line for each time:
 *
 *	launch COUNT first PROGRAM	microseconds to its first byte
 *	launch COUNT whole PROGRAM	microseconds of CPU, of the kernel and
 *its own, and microseconds to its end
 *
 * For `first` it is ended then.  Environment and stderr are ours, stdin has
 * nothing in it.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

_Noreturn static void
fail(const char *what, int error)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(error));
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t
us_of(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* Start ${argv}; store the end of the pipe that it writes to in ${fd}. */
static pid_t
start(char **argv, int *fd)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		fail("pipe", errno);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (error != 0)
		fail(argv[0], error);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

static void
launch(char **argv, int is_whole)
{
	struct rusage used;
	char bytes[65536];
	int64_t from = now_us(), first;
	int fd, status;
	ssize_t n;
	pid_t pid = start(argv, &fd);

	n = read(fd, bytes, sizeof(bytes));
	first = now_us();
	if (n <= 0)
		fail("the program wrote nothing", 0);
	if (!is_whole)
		kill(pid, SIGKILL);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		continue;
	if (wait4(pid, &status, 0, &used) != pid)
		fail("wait4", errno);
	close(fd);
	if (is_whole)
		printf("%lld %lld\n",
		    (long long)(us_of(used.ru_utime) + us_of(used.ru_stime)),
		    (long long)(now_us() - from));
	else
		printf("%lld\n", (long long)(first - from));
}

int
main(int argc, char **argv)
{
	int is_whole = argc > 2 && strcmp(argv[2], "whole") == 0;

	if (argc < 4 || (!is_whole && strcmp(argv[2], "first") != 0)) {
		fputs("usage: launch COUNT first|whole PROGRAM\n", stderr);
		return 100;
	}
	for (long i = strtol(argv[1], NULL, 10); i > 0; i--)
		launch(argv + 3, is_whole);
	return 0;
}
