/*
 * cores: what responders get done while nobody takes their time by reading.
 * See usage().  Sockets hold what is sent, and are read when all is there.
 */
#include <sys/ioctl.h>

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>

#include "bench/audience.h"

/* What fits into a socket that nobody reads: bytes in all, and writes. */
#define BURST 400
#define SINGLES 50
/* How often it is looked whether all have it: rarely, for that takes a core. */
#define LOOK_US 200

struct options {
	const char *address;
	const char *file;
	unsigned long viewers;
	unsigned long gap_us;
	unsigned long rounds;
	char **pids;
	int n_pids;
};

/* What one kind of publishing took in all rounds. */
struct taken {
	double deliveries;
	uint64_t wall_ns;
	uint64_t cpu_ns; /* of the responders */
};

static void
usage(void)
{
	fputs("usage: cores --address ADDRESS --file FILE [PID...]\n"
	      "  --address A  unix:PATH or HOST:PORT of the responders\n"
	      "  --file FILE  their channel news, where events are appended\n"
	      "  --viewers N  2000\n"
	      "  --gap US     so long after each connection (0)\n"
	      "  --rounds N   of each kind (5); 0: only connect\n"
	      "  PID...       the responders, whose CPU is told\n",
	    stderr);
	exit(100);
}

static void
pause_us(unsigned long us)
{
	struct timespec span = { .tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000 };

	nanosleep(&span, NULL);
}

/* How many bytes wait in the socket of ${v}. */
static size_t
waiting(const struct viewer *v)
{
	int n = 0;

	if (ioctl(v->fd, FIONREAD, &n) != 0)
		audience_fail("FIONREAD");
	return (size_t)n;
}

static void
wait_all(const struct audience *a, size_t bytes)
{
	for (size_t i = 0; i < a->n; i++) {
		for (int looks = 0; waiting(&a->viewers[i]) < bytes; looks++) {
			if (looks > 60000000 / LOOK_US)
				audience_fail("nothing comes");
			pause_us(LOOK_US);
		}
	}
}

static void
publish(int fd, uint32_t first, uint32_t n)
{
	static char events[BURST * (EVENT_BYTES + 1)];
	size_t len = n * (size_t)(EVENT_BYTES + 1);

	for (uint32_t i = 0; i < n; i++)
		audience_make_event(
		    events + i * (size_t)(EVENT_BYTES + 1), first + i);
	if (write(fd, events, len) != (ssize_t)len)
		audience_fail("publish");
}

/* Read all up to event ${last}; what is lost or doubled is counted. */
static void
take_all(struct audience *a, uint32_t last)
{
	a->last = last;
	a->n_done = 0;
	audience_read(a, true);
}

/* How many bytes one viewer gets for ${n} events; they are read by all. */
static size_t
size_of(struct audience *a, int fd, uint32_t *number, uint32_t n)
{
	size_t bytes = 0, before;
	int same = 0;

	publish(fd, *number, n);
	while (same < 100) {
		before = bytes;
		pause_us(5000);
		bytes = waiting(&a->viewers[0]);
		same = bytes > 0 && bytes == before ? same + 1 : 0;
	}
	*number += n;
	take_all(a, *number - 1);
	return bytes;
}

static uint64_t
cpu_ns(const struct options *o)
{
	uint64_t sum = 0;

	for (int i = 0; i < o->n_pids; i++)
		sum += audience_cpu_ns(strtoul(o->pids[i], NULL, 10));
	return sum;
}

/*
 * Publish ${n} events ${times} times, each time when all have what was before,
 * and add to ${taken} what that took.
 */
static void
measure(struct audience *a, const struct options *o, int fd, uint32_t *number,
    uint32_t n, int times, struct taken *taken)
{
	size_t bytes = size_of(a, fd, number, n);
	uint64_t begin = audience_clock_ns(), cpu = cpu_ns(o);

	for (int i = 1; i <= times; i++) {
		publish(fd, *number, n);
		*number += n;
		/* The length of ids and frames differs by some bytes. */
		wait_all(a, bytes * (size_t)i - bytes / 20 - (size_t)i);
	}
	taken->wall_ns += audience_clock_ns() - begin;
	taken->cpu_ns += cpu_ns(o) - cpu;
	taken->deliveries += (double)a->n * n * times;
	take_all(a, *number - 1);
}

static void
tell(const char *what, const struct taken *taken)
{
	printf("%s/s %.0f\n", what,
	    taken->deliveries * 1e9 / (double)taken->wall_ns);
	printf("%s_ns %.1f\n", what, (double)taken->cpu_ns / taken->deliveries);
	printf("%s_cores %.2f\n", what,
	    (double)taken->cpu_ns / (double)taken->wall_ns);
}

/* How many sockets the process ${pid} has. */
static unsigned long
sockets_of(const char *pid)
{
	char path[300], link[64];
	struct dirent *entry;
	unsigned long n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	if ((dir = opendir(path)) == NULL)
		audience_fail(path);
	while ((entry = readdir(dir)) != NULL) {
		ssize_t len =
		    readlinkat(dirfd(dir), entry->d_name, link, sizeof(link));

		n += len > 7 && memcmp(link, "socket:", 7) == 0;
	}
	closedir(dir);
	return n;
}

static void
tell_spread(const struct options *o)
{
	unsigned long most = 0;

	for (int i = 0; i < o->n_pids; i++) {
		unsigned long its = sockets_of(o->pids[i]);

		most = its > most ? its : most;
	}
	printf(
	    "most_share %.3f\n", (double)most * o->n_pids / (double)o->viewers);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 'a' },
		{ "file", 1, NULL, 'f' },
		{ "viewers", 1, NULL, 'v' },
		{ "gap", 1, NULL, 'g' },
		{ "rounds", 1, NULL, 'r' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'a')
			o->address = optarg;
		else if (c == 'f')
			o->file = optarg;
		else if (c == 'v')
			o->viewers = audience_number(usage, optarg);
		else if (c == 'g')
			o->gap_us = audience_number(usage, optarg);
		else if (c == 'r')
			o->rounds = audience_number(usage, optarg);
		else
			usage();
	}
	o->pids = argv + optind;
	o->n_pids = argc - optind;
	if (o->viewers == 0 || o->address == NULL || o->file == NULL)
		usage();
}

static void
connect_all(struct audience *a, const struct options *o)
{
	uint64_t begin = audience_clock_ns();

	for (size_t i = 0; i < a->n; i++) {
		audience_add(a, i, socket_connect(o->address));
		wire_fcgi_ask(a->viewers[i].fd, "/events/news", NULL);
		if (o->gap_us > 0)
			pause_us(o->gap_us);
	}
	audience_read(a, false);
	printf(
	    "admitted_s %.3f\n", (double)(audience_clock_ns() - begin) / 1e9);
}

static void
measure_rounds(struct audience *a, const struct options *o)
{
	int fd = open(o->file, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct taken bursts = { 0 }, singles = { 0 };
	uint32_t event = 1;

	if (fd < 0)
		audience_fail(o->file);
	for (unsigned long i = 0; i < o->rounds; i++) {
		measure(a, o, fd, &event, BURST, 1, &bursts);
		measure(a, o, fd, &event, 1, SINGLES, &singles);
	}
	tell("burst", &bursts);
	tell("single", &singles);
	printf("lost %llu\ndoubled %llu\n", (unsigned long long)a->lost,
	    (unsigned long long)a->doubled);
}

int
main(int argc, char **argv)
{
	struct options o = { .viewers = 2000, .rounds = 5 };
	static struct audience a;

	read_options(&o, argc, argv);
	audience_most_files();
	audience_init(&a, o.viewers);
	connect_all(&a, &o);
	if (o.n_pids > 0)
		tell_spread(&o);
	if (o.rounds > 0)
		measure_rounds(&a, &o);
	return 0;
}
