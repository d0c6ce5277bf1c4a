/*
 * fanout: one channel, many viewers at the FastCGI socket of a responder, and
 * what a delivery costs it; or, as the floor, a process that does nothing but
 * send the same bytes to as many sockets.  See usage().
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>

#include "bench/audience.h"

struct options {
	const char *address;
	const char *file;
	unsigned long pid;
	unsigned long viewers;
	unsigned long deaf;
	unsigned long rate;
	unsigned long seconds;
	unsigned long cpu;
	bool is_bare;
	bool is_pinned;
};

static void
usage(void)
{
	fputs("usage: fanout --bare [--cpu N]\n"
	      "       fanout --address ADDRESS --pid PID --file FILE\n"
	      "  --cpu N      the core of the process that sends\n"
	      "  --address A  unix:PATH or HOST:PORT of the responder\n"
	      "  --pid PID    its process\n"
	      "  --file FILE  its channel news, where events are appended\n"
	      "  --viewers N  1000\n"
	      "  --deaf N     beside them, so many who ask for all there is\n"
	      "               and never read\n"
	      "  --rate N     events a second (10)\n"
	      "  --seconds N  for so long (2)\n",
	    stderr);
	exit(100);
}

static void
publish(const struct options *o, uint32_t events)
{
	int fd = open(o->file, O_WRONLY | O_APPEND | O_CLOEXEC);
	uint64_t begin = audience_clock_ns();
	char event[EVENT_BYTES + 1];

	if (fd < 0)
		audience_fail(o->file);
	for (uint32_t i = 1; i <= events; i++) {
		audience_wait_turn(begin, i, o->rate);
		audience_make_event(event, i);
		if (write(fd, event, sizeof(event)) != sizeof(event))
			audience_fail(o->file);
	}
}

/* What a responder sends for an event. */
static void
frame_event(struct buf *out, uint32_t number)
{
	static const char id[] =
	    "id: 12.12345678.123456789abc.12345678\ndata: ";
	char event[EVENT_BYTES + 1];
	struct buf block = { 0 };

	audience_make_event(event, number);
	peer_put(&block, id, sizeof(id) - 1);
	peer_put(&block, event, sizeof(event));
	peer_put(&block, "\n", 1);
	out->len = 0;
	peer_record(out,
	    &(struct peer_record){ .type = FCGI_STDOUT,
		.id = 1,
		.content = block.data,
		.len = block.len });
	buf_free(&block);
}

/* Send to ${fds}, and write to ${report} what that took. */
static void
send_bare(const struct options *o, const int *fds, uint32_t events, int report)
{
	struct buf record = { 0 };
	struct timespec used;
	uint64_t begin, ns;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(o->cpu, &cpus);
	if (o->is_pinned && sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
		audience_fail("sched_setaffinity");
	begin = audience_clock_ns();
	for (uint32_t i = 1; i <= events; i++) {
		audience_wait_turn(begin, i, o->rate);
		frame_event(&record, i);
		for (size_t v = 0; v < o->viewers; v++)
			socket_send_all(fds[v], &record);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	ns = (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
	if (write(report, &ns, sizeof(ns)) != sizeof(ns))
		audience_fail("report");
}

/* Return what the sender used, in nanoseconds. */
static uint64_t
measure_bare(const struct options *o, struct audience *a)
{
	int *fds = calloc(o->viewers, sizeof(fds[0]));
	int pair[2], report[2];
	uint64_t ns = 0;

	if (fds == NULL || pipe(report) != 0)
		audience_fail("pipe");
	for (size_t i = 0; i < o->viewers; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) !=
		    0)
			audience_fail("socketpair");
		audience_add(a, i, pair[0]);
		fds[i] = pair[1];
	}
	if (audience_run_beside() == 0) {
		send_bare(o, fds, a->last, report[1]);
		_exit(0);
	}
	audience_read(a, true);
	if (read(report[0], &ns, sizeof(ns)) != sizeof(ns))
		audience_fail("report");
	free(fds);
	return ns;
}

static void
connect_all(const struct options *o, struct audience *a)
{
	/* Nobody looks at these again; they are open until we end. */
	for (size_t i = 0; i < o->deaf; i++)
		wire_fcgi_ask(socket_connect(o->address),
		    "/events/news?history=all", NULL);
	for (size_t i = 0; i < o->viewers; i++) {
		audience_add(a, i, socket_connect(o->address));
		wire_fcgi_ask(a->viewers[i].fd, "/events/news", NULL);
	}
	audience_read(a, false);
}

static uint64_t
measure_served(const struct options *o, struct audience *a, uint64_t *frames)
{
	uint64_t before;

	connect_all(o, a);
	*frames = audience_frames(a);
	before = audience_cpu_ns(o->pid);
	if (audience_run_beside() == 0) {
		publish(o, a->last);
		_exit(0);
	}
	audience_read(a, true);
	return audience_cpu_ns(o->pid) - before;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "bare", 0, NULL, 'b' },
		{ "address", 1, NULL, 'a' },
		{ "pid", 1, NULL, 'p' },
		{ "file", 1, NULL, 'f' },
		{ "viewers", 1, NULL, 'v' },
		{ "deaf", 1, NULL, 'd' },
		{ "rate", 1, NULL, 'r' },
		{ "seconds", 1, NULL, 's' },
		{ "cpu", 1, NULL, 'c' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'b')
			o->is_bare = true;
		else if (c == 'a')
			o->address = optarg;
		else if (c == 'p')
			o->pid = audience_number(usage, optarg);
		else if (c == 'f')
			o->file = optarg;
		else if (c == 'v')
			o->viewers = audience_number(usage, optarg);
		else if (c == 'd')
			o->deaf = audience_number(usage, optarg);
		else if (c == 'r')
			o->rate = audience_number(usage, optarg);
		else if (c == 's')
			o->seconds = audience_number(usage, optarg);
		else if (c == 'c')
			o->is_pinned = true,
			o->cpu = audience_number(usage, optarg);
		else
			usage();
	}
	if (o->viewers == 0 || o->rate == 0 || o->seconds == 0 ||
	    (!o->is_bare && (o->address == NULL || o->file == NULL)))
		usage();
}

int
main(int argc, char **argv)
{
	struct options o = { .viewers = 1000, .rate = 10, .seconds = 2 };
	static struct audience a;
	uint64_t ns, frames = 0;

	read_options(&o, argc, argv);
	audience_most_files();
	audience_init(&a, o.viewers);
	a.last = (uint32_t)(o.rate * o.seconds);
	a.fan_outs = calloc((size_t)a.last + 1, sizeof(a.fan_outs[0]));
	if (a.fan_outs == NULL)
		audience_fail("calloc");
	ns = o.is_bare ? measure_bare(&o, &a) : measure_served(&o, &a, &frames);
	wait(NULL);
	a.lost += o.viewers * a.last - a.lost - a.deliveries;
	printf("deliveries %llu\nlost %llu\ndoubled %llu\n",
	    (unsigned long long)a.deliveries, (unsigned long long)a.lost,
	    (unsigned long long)a.doubled);
	printf("cpu_us %.3f\nwrites %.3f\np50_ms %.3f\np99_ms %.3f\n",
	    (double)ns / 1e3 / (double)a.deliveries,
	    (double)(audience_frames(&a) - frames) / (double)a.deliveries,
	    (double)delays_at(&a.delays, 50) / 1e3,
	    (double)delays_at(&a.delays, 99) / 1e3);
	printf("fanout_ms %.3f\n", audience_fan_out_ms(&a));
	return 0;
}
