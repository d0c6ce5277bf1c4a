/*
 * chain: many viewers of one channel, by HTTP or at a FastCGI socket, and what
 * a delivery costs the processes that serve them.  See usage().
 */
#include <sys/wait.h>

#include <getopt.h>

#include "bench/audience.h"
#include "bench/cost.h"
#include "bench/publish.h"
#include "bench/wire_http.h"

#define PHASES_MAX 8
#define FIRST 100
#define PORTS_OF_ADDRESS 20000

struct phase {
	char name[32];
	unsigned long rate;
	unsigned long events;
};

struct options {
	const char *address;
	const char *path;
	struct publisher publisher;
	struct processes processes;
	unsigned long viewers;
	unsigned long at_once;
	unsigned long idle_s;
	struct phase phases[PHASES_MAX];
	size_t n_phases;
	bool is_http;
};

static void
usage(void)
{
	fputs("usage: chain --fcgi ADDRESS | --http HOST:PORT [OPTION...]\n"
	      "  --path PATH       of the stream (/events/news)\n"
	      "  --viewers N       1000\n"
	      "  --at-once N       so many come at once (100)\n"
	      "  --file FILE       where events are appended, or\n"
	      "  --post HOST:PORT  where they are posted to,\n"
	      "  --to PATH         at this path,\n"
	      "  --before TEXT --behind TEXT  between these\n"
	      "  --responder PID   a process that serves, of spoolcast;\n"
	      "                    repeated, and before all --pid\n"
	      "  --pid PID         another process that serves; repeated\n"
	      "  --phase NAME:RATE:EVENTS\n"
	      "                    so many events, so many a second (0: all\n"
	      "                    at once); repeated, phases follow one\n"
	      "                    another with the same viewers\n"
	      "  --idle SECONDS    look for so long, in the end, what it\n"
	      "                    costs when nothing is published\n",
	    stderr);
	exit(100);
}

static void
add_pid(struct options *o, const char *text)
{
	struct processes *p = &o->processes;

	if (p->n == PROCESSES_MAX)
		usage();
	p->pids[p->n++] = audience_number(usage, text);
}

static void
add_phase(struct options *o, const char *text)
{
	struct phase *p = &o->phases[o->n_phases++];

	if (o->n_phases > PHASES_MAX ||
	    sscanf(text, "%31[^:]:%lu:%lu", p->name, &p->rate, &p->events) !=
		3 ||
	    p->events == 0)
		usage();
}

static void
read_option(struct options *o, int c)
{
	if (c == 'f' || c == 'h') {
		o->address = optarg;
		o->is_http = c == 'h';
	} else if (c == 'p') {
		o->path = optarg;
	} else if (c == 'v') {
		o->viewers = audience_number(usage, optarg);
	} else if (c == 'a') {
		o->at_once = audience_number(usage, optarg);
	} else if (c == 'I') {
		o->idle_s = audience_number(usage, optarg);
	} else if (c == 'F') {
		o->publisher.file = optarg;
	} else if (c == 'P') {
		o->publisher.address = optarg;
	} else if (c == 't') {
		o->publisher.path = optarg;
	} else if (c == 'b') {
		o->publisher.before = optarg;
	} else if (c == 'B') {
		o->publisher.behind = optarg;
	} else if (c == 'r' && o->processes.n_ours == o->processes.n) {
		add_pid(o, optarg);
		o->processes.n_ours++;
	} else if (c == 'i') {
		add_pid(o, optarg);
	} else if (c == 'e') {
		add_phase(o, optarg);
	} else {
		usage();
	}
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "fcgi", 1, NULL, 'f' },
		{ "http", 1, NULL, 'h' },
		{ "path", 1, NULL, 'p' },
		{ "viewers", 1, NULL, 'v' },
		{ "at-once", 1, NULL, 'a' },
		{ "idle", 1, NULL, 'I' },
		{ "file", 1, NULL, 'F' },
		{ "post", 1, NULL, 'P' },
		{ "to", 1, NULL, 't' },
		{ "before", 1, NULL, 'b' },
		{ "behind", 1, NULL, 'B' },
		{ "responder", 1, NULL, 'r' },
		{ "pid", 1, NULL, 'i' },
		{ "phase", 1, NULL, 'e' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		read_option(o, c);
	if (o->address == NULL || o->viewers == 0 || o->at_once == 0 ||
	    (o->publisher.file == NULL) == (o->publisher.address == NULL))
		usage();
}

/*
 * Connect to 127.0.0.1:PORT from an address of our own, for one has only so
 * many ports.
 */
static int
connect_http(const char *address, size_t i)
{
	struct sockaddr_in to = { .sin_family = AF_INET }, from = to;
	const char *colon = strrchr(address, ':');
	int one = 1, fd;

	if (colon == NULL || strncmp(address, "127.0.0.1:", 10) != 0)
		return socket_connect(address);
	to.sin_port = htons((uint16_t)audience_number(usage, colon + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK + (uint32_t)(i / PORTS_OF_ADDRESS));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
		sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		audience_fail(address);
	return fd;
}

/* They come, some at once, until there are ${n}. */
static void
connect_until(const struct options *o, struct audience *a, size_t n)
{
	for (size_t i = a->n; i < n; i++) {
		if (o->is_http) {
			audience_add(a, i, connect_http(o->address, i));
			wire_http_ask(a->viewers[i].fd, o->path, NULL);
		} else {
			audience_add(a, i, socket_connect(o->address));
			wire_fcgi_ask(a->viewers[i].fd, o->path, NULL);
		}
		if ((i + 1) % o->at_once == 0)
			audience_until(a, &a->n_admitted, i + 1);
	}
	audience_until(a, &a->n_admitted, n);
	if (a->n_admitted < n)
		exit(1);
	a->n = n;
}

/* ${name} is that of the phase. */
static void
report(const char *name, const struct audience *a, uint32_t events,
    const struct cost *before, const struct cost *after)
{
	double n = (double)a->deliveries;
	double ms = (double)(a->now_ns - a->published_ns) / 1e6;

	printf("%s deliveries %.0f\n%s doubled %llu\n%s lost %.0f\n", name, n,
	    name, (unsigned long long)a->doubled, name,
	    (double)a->n * (double)events - n);
	printf("%s cpu_us %.3f\n%s own_us %.3f\n", name,
	    (double)(after->all_ns - before->all_ns) / 1e3 / n, name,
	    (double)(after->ours_ns - before->ours_ns) / 1e3 / n);
	printf("%s p50_ms %.3f\n%s p99_ms %.3f\n%s fanout_ms %.3f\n", name,
	    (double)delays_at(&a->delays, 50) / 1e3, name,
	    (double)delays_at(&a->delays, 99) / 1e3, name,
	    audience_fan_out_ms(a));
	printf("%s done_ms %.1f\n%s per_second %.0f\n", name, ms, name,
	    n / ms * 1e3);
}

/* Return false when not all had the last event in the end. */
static bool
run_phase(const struct options *o, struct audience *a, const struct phase *p)
{
	uint32_t first = a->last + 1, events = (uint32_t)p->events;
	struct publisher publisher = o->publisher;
	struct cost before, after;
	int status;

	a->last += events;
	a->n_done = a->deliveries = a->doubled = 0;
	a->published_ns = UINT64_MAX;
	memset(&a->delays, 0, sizeof(a->delays));
	free(a->fan_outs);
	a->fan_outs = calloc((size_t)a->last + 1, sizeof(a->fan_outs[0]));
	if (a->fan_outs == NULL)
		audience_fail("calloc");
	publisher.rate = p->rate;
	before = cost_now(&o->processes);
	if (audience_run_beside() == 0) {
		publish_events(&publisher, first, events);
		_exit(0);
	}
	audience_read(a, true);
	after = cost_now(&o->processes);
	if (wait(&status) < 0 || status != 0)
		exit(1);
	report(p->name, a, events, &before, &after);
	return a->n_done == a->n;
}

/* Report what share of a core is used when nothing is published. */
static void
run_idle(const struct options *o, struct audience *a)
{
	struct cost before, after;
	uint64_t frames = audience_frames(a);

	if (o->idle_s == 0)
		return;
	before = cost_now(&o->processes);
	audience_for(a, o->idle_s);
	after = cost_now(&o->processes);
	printf("idle core_percent %.3f\nidle own_percent %.3f\n",
	    (double)(after.all_ns - before.all_ns) / 1e7 / (double)o->idle_s,
	    (double)(after.ours_ns - before.ours_ns) / 1e7 / (double)o->idle_s);
	printf("idle frames %llu\n",
	    (unsigned long long)(audience_frames(a) - frames));
}

/*
 * The first viewers and events make the programs run through all of their code
 * for the first time, which is not what a further viewer costs in memory.
 */
static void
run(const struct options *o, struct audience *a)
{
	static const struct phase first = { "first", 50, 5 };
	size_t n_first = o->viewers < FIRST ? o->viewers : FIRST;
	struct cost before, after;

	connect_until(o, a, n_first);
	if (!run_phase(o, a, &first))
		exit(1);
	before = cost_now(&o->processes);
	connect_until(o, a, o->viewers);
	for (size_t i = 0; i < o->n_phases; i++)
		if (!run_phase(o, a, &o->phases[i]))
			return;
	after = cost_now(&o->processes);
	run_idle(o, a);
	if (a->n == n_first)
		return;
	printf(
	    "memory chain_kb %.3f\nmemory own_kb %.3f\nmemory base_mb %.1f\n",
	    ((double)after.all_kb - (double)before.all_kb) /
		(double)(a->n - n_first),
	    ((double)after.ours_kb - (double)before.ours_kb) /
		(double)(a->n - n_first),
	    (double)before.all_kb / 1024);
}

int
main(int argc, char **argv)
{
	static struct options o = { .path = "/events/news",
		.viewers = 1000,
		.at_once = 100,
		.publisher = { .path = "/", .before = "", .behind = "" } };
	static struct audience a;

	read_options(&o, argc, argv);
	audience_most_files();
	audience_init(&a, o.viewers);
	a.n = 0;
	if (o.is_http)
		a.take = wire_http_take;
	run(&o, &a);
	return 0;
}
