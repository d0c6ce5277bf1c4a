#include "fuzz/disorder/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define NOTES_MAX 2000
#define NOTE_SIZE 200
#define FOUND_MAX 40
#define COUNTS_MAX 200

static struct {
	uint64_t round;
	int64_t began_ms;
	const char *folder;
	bool is_bad;
	size_t n_notes; /* all of them; the last NOTES_MAX are there */
	char notes[NOTES_MAX][NOTE_SIZE];
} now;

static struct {
	char text[NOTE_SIZE]; /* with a # for every number */
	unsigned n;
} found[FOUND_MAX];
static unsigned n_found;

static struct {
	const char *group, *name;
	uint64_t n;
} counts[COUNTS_MAX];
static size_t n_counts;
static int64_t first_ms; /* when the first round began */

void
report_begin(uint64_t round, const char *folder)
{
	now.round = round;
	now.folder = folder;
	now.began_ms = clock_mono_ms();
	if (first_ms == 0)
		first_ms = now.began_ms;
	now.is_bad = false;
	now.n_notes = 0;
}

int64_t
report_ms(void)
{
	return clock_mono_ms() - now.began_ms;
}

void
report_note(const char *format, ...)
{
	char *note = now.notes[now.n_notes++ % NOTES_MAX];
	va_list args;
	int len = snprintf(note, NOTE_SIZE, "%7" PRId64 " ", report_ms());

	va_start(args, format);
	vsnprintf(note + len, NOTE_SIZE - (size_t)len, format, args);
	va_end(args);
}

static void
write_notes(void)
{
	char path[4096];
	size_t at = now.n_notes > NOTES_MAX ? now.n_notes - NOTES_MAX : 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/actions", now.folder);
	if ((file = fopen(path, "w")) == NULL)
		return;
	for (; at < now.n_notes; at++)
		fprintf(file, "%s\n", now.notes[at % NOTES_MAX]);
	fclose(file);
}

/* Copy ${text} so that what differs in numbers only is the same. */
static void
strip_numbers(const char *text, char out[NOTE_SIZE])
{
	size_t len = 0;

	for (; *text != '\0' && len + 1 < NOTE_SIZE; text++) {
		if (!isdigit((unsigned char)*text))
			out[len++] = *text;
		else if (len == 0 || out[len - 1] != '#')
			out[len++] = '#';
	}
	out[len] = '\0';
}

static uint64_t
count_connections(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < n_counts; i++)
		if (strcmp(counts[i].group, "peers") == 0 &&
		    strcmp(counts[i].name, "not-let-in") != 0)
			n += counts[i].n;
	return n;
}

void
report_found(const char *format, ...)
{
	char text[1000], stripped[NOTE_SIZE];
	unsigned i = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_note("FOUND: %s", text);
	now.is_bad = true;
	write_notes();
	strip_numbers(text, stripped);
	while (i < n_found && strcmp(found[i].text, stripped) != 0)
		i++;
	if (i == FOUND_MAX)
		return;
	if (i == n_found) {
		memcpy(found[n_found++].text, stripped, NOTE_SIZE);
		printf("FOUND in round %" PRIu64 " after %.1f s, of all %.0f s "
		       "and %" PRIu64 " connections: %s\n"
		       "  its logs are in %s\n",
		    now.round, (double)report_ms() / 1e3,
		    (double)(clock_mono_ms() - first_ms) / 1e3,
		    count_connections(), text, now.folder);
		fflush(stdout);
	}
	found[i].n++;
}

bool
report_is_bad(void)
{
	return now.is_bad;
}

unsigned
report_n_found(void)
{
	return n_found;
}

void
report_count(const char *group, const char *name, uint64_t by)
{
	size_t i = 0;

	while (i < n_counts &&
	    (counts[i].name != name || counts[i].group != group))
		i++;
	if (i == COUNTS_MAX)
		return;
	if (i == n_counts) {
		counts[i].group = group;
		counts[i].name = name;
		n_counts++;
	}
	counts[i].n += by;
}

static void
print_group(const char *group)
{
	int column = printf("%s:", group);

	for (size_t i = 0; i < n_counts; i++) {
		if (strcmp(counts[i].group, group) != 0)
			continue;
		if (column > 64)
			column = printf("\n   ") - 1;
		column += printf(" %s %" PRIu64, counts[i].name, counts[i].n);
	}
	printf("\n");
}

void
report_print(void)
{
	for (size_t i = 0; i < n_counts; i++) {
		size_t before = 0;

		while (strcmp(counts[before].group, counts[i].group) != 0)
			before++;
		if (before == i)
			print_group(counts[i].group);
	}
	for (unsigned i = 0; i < n_found; i++)
		printf("found %u times: %s\n", found[i].n, found[i].text);
	if (n_found == 0)
		printf("nothing found\n");
	fflush(stdout);
}
