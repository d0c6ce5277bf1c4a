/*
 * channels: many channels with a viewer each at the FastCGI socket of a
 * responder, and what an append to one of them costs it.  See usage().
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <getopt.h>

#include "bench/audience.h"

#define BASE "/events/"

struct options {
	const char *address;
	unsigned long pid;
	unsigned long channels;
	unsigned long written;
	unsigned long rate;
	unsigned long events;
};

static void
usage(void)
{
	fputs("usage: channels --address ADDRESS --pid PID, in the spool\n"
	      "  --address A   unix:PATH or HOST:PORT of the responder\n"
	      "  --pid PID     its process\n"
	      "  --channels N  made in the current folder (10)\n"
	      "  --written N   appends go to so many of them in turn (all)\n"
	      "  --rate N      appends a second (100)\n"
	      "  --events N    appends altogether (500)\n",
	    stderr);
	exit(100);
}

/* What is asked for; behind BASE, the file. */
static const char *
uri_of(unsigned long channel)
{
	static char uri[64];

	snprintf(uri, sizeof(uri), BASE "c%lu", channel);
	return uri;
}

static int
open_channel(unsigned long channel, int flags)
{
	const char *name = uri_of(channel) + sizeof(BASE) - 1;
	int fd = open(name, O_WRONLY | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		audience_fail(name);
	return fd;
}

static void
connect_all(const struct options *o, struct audience *a)
{
	for (unsigned long i = 0; i < o->channels; i++)
		close(open_channel(i, O_CREAT));
	for (unsigned long i = 0; i < o->channels; i++) {
		audience_add(a, i, socket_connect(o->address));
		wire_fcgi_ask(a->viewers[i].fd, uri_of(i), NULL);
	}
	audience_read(a, false);
}

/* As `>>` does: open, write, close. */
static void
publish(const struct options *o)
{
	/* Those written lie far from each other, and are taken in turn. */
	unsigned long apart = o->channels / o->written;
	uint64_t begin = audience_clock_ns();
	char event[EVENT_BYTES + 1];

	for (uint32_t i = 0; i < o->events; i++) {
		int fd = open_channel(i % o->written * apart, O_APPEND);

		audience_wait_turn(begin, i, o->rate);
		audience_make_event(event, 1 + i / (uint32_t)o->written);
		if (write(fd, event, sizeof(event)) != sizeof(event))
			audience_fail("write");
		close(fd);
	}
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end != '\0' || n > UINT32_MAX)
		usage();
	return n;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 'a' },
		{ "pid", 1, NULL, 'p' },
		{ "channels", 1, NULL, 'c' },
		{ "written", 1, NULL, 'w' },
		{ "rate", 1, NULL, 'r' },
		{ "events", 1, NULL, 'e' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'a')
			o->address = optarg;
		else if (c == 'p')
			o->pid = number(optarg);
		else if (c == 'c')
			o->channels = number(optarg);
		else if (c == 'w')
			o->written = number(optarg);
		else if (c == 'r')
			o->rate = number(optarg);
		else if (c == 'e')
			o->events = number(optarg);
		else
			usage();
	}
	if (o->written == 0)
		o->written = o->channels;
	if (o->address == NULL || o->pid == 0 || o->written > o->channels)
		usage();
}

int
main(int argc, char **argv)
{
	struct options o = { .channels = 10, .rate = 100, .events = 500 };
	static struct audience a;
	uint64_t ns, opening_ns;

	read_options(&o, argc, argv);
	audience_most_files();
	audience_init(&a, o.channels);
	opening_ns = audience_cpu_ns(o.pid);
	connect_all(&o, &a);
	ns = audience_cpu_ns(o.pid);
	opening_ns = ns - opening_ns;
	if (audience_run_beside() == 0) {
		publish(&o);
		_exit(0);
	}
	audience_until(&a, &a.deliveries, o.events);
	wait(NULL);
	ns = audience_cpu_ns(o.pid) - ns;
	printf("appends %llu\nlost %llu\ndoubled %llu\ncpu_us %.2f\n",
	    (unsigned long long)a.deliveries,
	    (unsigned long long)(o.events - a.deliveries),
	    (unsigned long long)a.doubled, (double)ns / 1e3 / (double)o.events);
	printf("viewer_us %.2f\np50_ms %.3f\np99_ms %.3f\n",
	    (double)opening_ns / 1e3 / (double)o.channels,
	    (double)delays_at(&a.delays, 50) / 1e3,
	    (double)delays_at(&a.delays, 99) / 1e3);
	return 0;
}
