#include "fuzz/disorder/verdict.h"

#include <sys/wait.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/disorder/report.h"

/* Frames that are told. */
#define FRAMES_MAX 7

/* Append the function and the place of the frame in ${line} to ${text}. */
static void
add_frame(char *text, size_t size, const char *line)
{
	const char *in = strstr(line, " in ");
	size_t len = strlen(text);

	snprintf(text + len, size - len, " < %.*s", (int)strcspn(in + 4, "\n"),
	    in + 4);
}

/* Tell of one report: what it is, and where. */
static void
tell_report(const char *path)
{
	char line[1000], text[900] = "";
	FILE *file = fopen(path, "re");
	unsigned n_frames = 0;
	const char *what;

	if (file == NULL)
		return;
	while (
	    fgets(line, sizeof(line), file) != NULL && n_frames < FRAMES_MAX) {
		what = strstr(line, "ERROR: ");
		if (what == NULL)
			what = strstr(line, "runtime error: ");
		if (what == NULL)
			what = strstr(line, "hard rss limit");
		if (what != NULL && *text == '\0')
			snprintf(text, sizeof(text), "%.*s",
			    (int)strcspn(what, "\n(0"), what);
		if (*text != '\0' && strstr(line, " in ") != NULL &&
		    strstr(line, "src/") != NULL &&
		    strstr(line, "libsanitizer") == NULL) {
			add_frame(text, sizeof(text), line);
			n_frames++;
		}
	}
	fclose(file);
	if (*text != '\0')
		report_found("a sanitizer: %s", text);
}

void
verdict_of_reports(const char *folder)
{
	char path[1000];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, "report.", 7) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		tell_report(path);
	}
	closedir(dir);
}

/* What stands in the log and never should. */
static void
read_log(const char *folder)
{
	static const char *const bad[] = { "event=process-died", "Assertion",
		"(libev)", "*** ", "malloc(", "free(): " };
	char path[1000], line[1000];
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", folder);
	if ((file = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			if (strstr(line, bad[i]) != NULL)
				report_found("the log: %.*s",
				    (int)strcspn(line, "\n"), line);
	fclose(file);
}

void
verdict_of_end(const char *folder, int status)
{
	verdict_of_reports(folder);
	read_log(folder);
	if (WIFSIGNALED(status))
		report_found("it ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		report_found("it ended with status %d", WEXITSTATUS(status));
}

void
verdict_of_hang(const char *folder, pid_t pid)
{
	char command[1200];

	/*
	 * What the kernel does for it, which locks are held or wanted, and
	 * twice, as a loop is elsewhere a moment later, where it is itself.
	 */
	snprintf(command, sizeof(command),
	    "pid=%ld; { echo \"process $pid\"; cd /proc/$pid && "
	    "head -n 99 stat wchan syscall stack /proc/locks; "
	    "for i in 1 2; do ! command -v gdb >/dev/null || "
	    "gdb -p $pid -batch -ex bt </dev/null; done; } >>'%s/hang' 2>&1",
	    (long)pid, folder);
	if (system(command) != 0)
		report_note("what it does is not known");
}
