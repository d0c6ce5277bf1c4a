/*
 * One viewer, the probe, who gets a line every few milliseconds, beside many
 * others who ask the same responder for something dear: how late the probe's
 * lines are, and what it takes the responder.  See usage().
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <getopt.h>

#include "others.h"

/* So many lines may be on their way. */
#define TIMES 65536

/* They come when the probe has had so many lines. */
#define LINES_BEFORE 20

struct options {
	const char *probe;
	const char *file;
	unsigned long every_ms;
	unsigned long lines;
	unsigned long within_ms;
	unsigned long answers;
	unsigned long bytes;
	const char *until;
	unsigned long for_s; /* 0: until what is above */
	unsigned long pid;
	struct others others;
};

/* What the processes tell each other. */
struct shared {
	_Atomic bool is_over;
	_Atomic uint64_t published;
	uint64_t others_ns; /* when they came; 0: not yet */
	struct heard heard;
	_Atomic uint64_t at_ns[TIMES]; /* when the line was published */
};

static void
usage(void)
{
	fputs("usage: beside --address ADDRESS --probe URI --file FILE [...]\n"
	      "  --address A   unix:PATH or HOST:PORT of the responder\n"
	      "  --probe URI   the stream that FILE is the channel of\n"
	      "  --every MS    a line is appended each so many ms (5)\n"
	      "  --lines N     so many at least (200)\n"
	      "  --within MS   fail when one is not there after so long\n"
	      "  --clients N   beside it, so many others (0)\n"
	      "  --ask URI     ask for this; # is the number of the client,\n"
	      "  --head        by HEAD,\n"
	      "  --id ID       with this id,\n"
	      "  --again       and again when they have their answer\n"
	      "  --quiet MS    or when nothing more came for so long\n"
	      "  --deaf        or read nothing\n"
	      "  --answers N   until all together have had so many (0)\n"
	      "  --bytes N     until they have read so much (0)\n"
	      "  --until FILE  until there is FILE\n"
	      "  --for S       or for S seconds after they came; lines that\n"
	      "                have not come then are as late as that\n"
	      "  --pid PID     the responder\n"
	      "The line \"ready\" comes when each of the others has heard.\n",
	    stderr);
	exit(100);
}

/* The publisher, in a process of its own. */
static void
publish(const struct options *o, struct shared *shared)
{
	int fd = open(o->file, O_WRONLY | O_APPEND | O_CLOEXEC);
	uint64_t begin = audience_clock_ns();
	char event[EVENT_BYTES + 1];

	if (fd < 0)
		audience_fail(o->file);
	for (uint32_t n = 1; !shared->is_over; n++) {
		audience_wait_turn(begin, n * (uint32_t)o->every_ms, 1000);
		audience_make_event(event, n);
		shared->at_ns[n % TIMES] = audience_clock_ns();
		if (write(fd, event, sizeof(event)) != sizeof(event))
			audience_fail(o->file);
		shared->published = n;
	}
	close(fd);
}

/* Fail if a line that was published is not there in time. */
static void
check_delay(const struct options *o, const struct audience *a,
    const struct shared *shared)
{
	uint32_t next = a->viewers[0].next;
	uint64_t now = audience_clock_ns();
	uint64_t limit_ms = o->within_ms > 0 ? o->within_ms : 60000;

	if (a->lost > 0 || a->doubled > 0) {
		fprintf(stderr, "beside: the probe lost %llu, had %llu twice\n",
		    (unsigned long long)a->lost,
		    (unsigned long long)a->doubled);
		exit(1);
	}
	if (shared->published < next ||
	    now < shared->at_ns[next % TIMES] + limit_ms * 1000000)
		return;
	fprintf(stderr,
	    "beside: line %u has not come within %llu ms; "
	    "the others had %llu answers\n",
	    next, (unsigned long long)limit_ms,
	    (unsigned long long)shared->heard.answers);
	exit(1);
}

/* Whether the time is over, where so much was set, or all that has to be is. */
static bool
is_done(const struct options *o, const struct audience *a,
    const struct shared *shared)
{
	if (o->for_s > 0)
		return shared->others_ns > 0 &&
		    audience_clock_ns() - shared->others_ns >
		    o->for_s * 1000000000;
	return a->deliveries >= o->lines &&
	    shared->heard.answers >= o->answers &&
	    shared->heard.bytes >= o->bytes &&
	    (o->until == NULL || access(o->until, F_OK) == 0);
}

/* Read the lines that are on their way, or note how late they are already. */
static void
end_lines(const struct options *o, struct audience *a, struct shared *shared)
{
	uint64_t now = audience_clock_ns();

	for (uint64_t n = a->viewers[0].next;
	     o->for_s > 0 && n <= shared->published; n++)
		delays_add(&a->delays, (now - shared->at_ns[n % TIMES]) / 1000);
	while (o->for_s == 0 && a->deliveries < shared->published) {
		audience_turn(a, 10);
		check_delay(o, a, shared);
	}
}

/* What the responder has had of memory at most, in kB. */
static unsigned long
peak_kb(unsigned long pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/status", pid);
	file = fopen(path, "re");
	if (file == NULL)
		audience_fail(path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	fclose(file);
	return kb;
}

static void
report(const struct options *o, const struct audience *a,
    const struct shared *shared, uint64_t cpu_ns)
{
	uint64_t answers = shared->heard.answers;

	printf("lines %llu\ncame %llu\np50_ms %.3f\np99_ms %.3f\nmax_ms %.3f\n",
	    (unsigned long long)shared->published,
	    (unsigned long long)a->deliveries,
	    (double)delays_at(&a->delays, 50) / 1e3,
	    (double)delays_at(&a->delays, 99) / 1e3,
	    (double)delays_at(&a->delays, 100) / 1e3);
	printf("answers %llu\nread_kb %llu\n", (unsigned long long)answers,
	    (unsigned long long)shared->heard.bytes / 1024);
	if (o->pid == 0)
		return;
	printf("peak_kb %lu\ncpu_ms %.1f\n", peak_kb(o->pid),
	    (double)cpu_ns / 1e6);
}

static void
connect_probe(const struct options *o, struct audience *a)
{
	audience_init(a, 1);
	audience_add(a, 0, socket_connect(o->others.address));
	wire_fcgi_ask(a->viewers[0].fd, o->probe, NULL);
	audience_read(a, false);
	if (a->n_admitted < 1)
		exit(1);
}

static void
run(const struct options *o, struct audience *a, struct shared *shared)
{
	uint64_t cpu_ns = o->pid == 0 ? 0 : audience_cpu_ns(o->pid);
	pid_t publisher, others = 0;

	connect_probe(o, a);
	if ((publisher = audience_run_beside()) == 0) {
		publish(o, shared);
		_exit(0);
	}
	while (!is_done(o, a, shared)) {
		if (others == 0 && a->deliveries >= LINES_BEFORE) {
			shared->others_ns = audience_clock_ns();
			others = audience_run_beside();
		}
		if (others == 0 && shared->others_ns > 0)
			others_run(&o->others, &shared->heard);
		audience_turn(a, 10);
		check_delay(o, a, shared);
	}
	if (o->pid != 0)
		cpu_ns = audience_cpu_ns(o->pid) - cpu_ns;
	shared->is_over = true;
	waitpid(publisher, NULL, 0);
	end_lines(o, a, shared);
	report(o, a, shared, cpu_ns);
	if (others > 0) {
		kill(others, SIGKILL);
		waitpid(others, NULL, 0);
	}
}

static unsigned long
number(void)
{
	return audience_number(usage, optarg);
}

static void
read_crowd_option(struct options *o, int c)
{
	if (c == 'c')
		o->others.clients = number();
	else if (c == 'A')
		o->others.uri = optarg;
	else if (c == 'H')
		o->others.method = "HEAD";
	else if (c == 'i')
		o->others.id = optarg;
	else if (c == 'g')
		o->others.asks_again = true;
	else if (c == 'q')
		o->others.quiet_ms = number();
	else if (c == 'd')
		o->others.is_deaf = true;
	else
		usage();
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 'a' },
		{ "probe", 1, NULL, 'p' },
		{ "file", 1, NULL, 'f' },
		{ "every", 1, NULL, 'e' },
		{ "lines", 1, NULL, 'l' },
		{ "within", 1, NULL, 'w' },
		{ "clients", 1, NULL, 'c' },
		{ "ask", 1, NULL, 'A' },
		{ "head", 0, NULL, 'H' },
		{ "id", 1, NULL, 'i' },
		{ "again", 0, NULL, 'g' },
		{ "quiet", 1, NULL, 'q' },
		{ "deaf", 0, NULL, 'd' },
		{ "answers", 1, NULL, 'n' },
		{ "bytes", 1, NULL, 'b' },
		{ "until", 1, NULL, 'u' },
		{ "for", 1, NULL, 'F' },
		{ "pid", 1, NULL, 'P' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'a')
			o->others.address = optarg;
		else if (c == 'p')
			o->probe = optarg;
		else if (c == 'f')
			o->file = optarg;
		else if (c == 'e')
			o->every_ms = number();
		else if (c == 'l')
			o->lines = number();
		else if (c == 'w')
			o->within_ms = number();
		else if (c == 'n')
			o->answers = number();
		else if (c == 'b')
			o->bytes = number();
		else if (c == 'u')
			o->until = optarg;
		else if (c == 'F')
			o->for_s = number();
		else if (c == 'P')
			o->pid = number();
		else
			read_crowd_option(o, c);
	}
	if (o->others.address == NULL || o->probe == NULL || o->file == NULL ||
	    o->every_ms == 0)
		usage();
	if (o->others.uri == NULL)
		o->others.clients = o->answers = 0;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.every_ms = 5, .lines = 200, .others.method = "GET"
	};
	static struct audience a;
	struct shared *shared;

	read_options(&o, argc, argv);
	audience_most_files();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		audience_fail("mmap");
	run(&o, &a, shared);
	return 0;
}
