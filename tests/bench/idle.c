/*
 * idle: viewers at the FastCGI socket of a responder, an event that reaches all
 * of them, and then nothing but heartbeats, which are counted second by second.
 * See usage().
 */
#include <fcntl.h>
#include <getopt.h>

#include "bench/audience.h"

struct options {
	const char *address;
	const char *file;
	unsigned long pid;
	unsigned long viewers;
	unsigned long seconds; /* heartbeat */
};

/* What a process has done until now. */
struct usage {
	uint64_t cpu_ns;
	uint64_t waits; /* how often it has gone to sleep */
};

static void
usage(void)
{
	fputs(
	    "usage: idle --address ADDRESS --pid PID --file FILE\n"
	    "  --address A  unix:PATH or HOST:PORT of the responder\n"
	    "  --pid PID    its process\n"
	    "  --file FILE  its channel news, to which one event is appended\n"
	    "  --viewers N  9900\n"
	    "  --seconds N  count heartbeats for so long (15)\n",
	    stderr);
	exit(100);
}

static struct usage
usage_of(unsigned long pid)
{
	struct usage used = { .cpu_ns = audience_cpu_ns(pid) };
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/status", pid);
	if ((file = fopen(path, "re")) == NULL)
		audience_fail(path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
			used.waits = strtoull(line + 24, NULL, 10);
	fclose(file);
	return used;
}

static void
publish_one(const struct options *o)
{
	int fd = open(o->file, O_WRONLY | O_APPEND | O_CLOEXEC);
	char event[EVENT_BYTES + 1];

	audience_make_event(event, 1);
	if (fd < 0 || write(fd, event, sizeof(event)) != sizeof(event))
		audience_fail(o->file);
	close(fd);
}

/* Count for as long as a heartbeat takes; print what was found out. */
static void
measure(const struct options *o, struct audience *a, unsigned long after_s)
{
	struct usage before = usage_of(o->pid), after;
	double seconds = (double)o->seconds;
	uint64_t begun = audience_frames(a), last = begun, beats, most = 0;

	for (size_t i = 0; i < o->seconds; i++) {
		audience_for(a, 1);
		beats = audience_frames(a) - last;
		last += beats;
		if (beats > most)
			most = beats;
	}
	after = usage_of(o->pid);
	beats = last - begun;
	printf("%lu s|CPU, %%|%.2f\n", after_s,
	    (double)(after.cpu_ns - before.cpu_ns) / 1e7 / seconds);
	printf("%lu s|wake-ups/s|%.1f\n", after_s,
	    (double)(after.waits - before.waits) / seconds);
	printf("%lu s|heartbeats/s|%.0f\n", after_s, (double)beats / seconds);
	printf(
	    "%lu s|busiest second|%llu\n", after_s, (unsigned long long)most);
	printf("%lu s|x mean|%.2f\n", after_s,
	    (double)most * seconds / (double)beats);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 'a' },
		{ "pid", 1, NULL, 'p' },
		{ "file", 1, NULL, 'f' },
		{ "viewers", 1, NULL, 'v' },
		{ "seconds", 1, NULL, 's' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'a')
			o->address = optarg;
		else if (c == 'p')
			o->pid = strtoul(optarg, NULL, 10);
		else if (c == 'f')
			o->file = optarg;
		else if (c == 'v')
			o->viewers = strtoul(optarg, NULL, 10);
		else if (c == 's')
			o->seconds = strtoul(optarg, NULL, 10);
		else
			usage();
	}
	if (o->address == NULL || o->pid == 0 || o->file == NULL ||
	    o->viewers == 0 || o->seconds == 0)
		usage();
}

int
main(int argc, char **argv)
{
	struct options o = { .viewers = 9900, .seconds = 15 };
	static struct audience a;

	read_options(&o, argc, argv);
	audience_most_files();
	audience_init(&a, o.viewers);
	a.last = 1;
	for (size_t i = 0; i < o.viewers; i++) {
		audience_add(&a, i, socket_connect(o.address));
		wire_fcgi_ask(a.viewers[i].fd, "/events/news", NULL);
	}
	audience_read(&a, false);
	publish_one(&o);
	audience_read(&a, true);
	audience_for(&a, o.seconds);
	measure(&o, &a, o.seconds);
	audience_for(&a, 2 * o.seconds);
	measure(&o, &a, 4 * o.seconds);
	puts("ready");
	fflush(stdout);
	audience_for(&a, o.seconds);
	return 0;
}
