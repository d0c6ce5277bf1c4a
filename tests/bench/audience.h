/*
 * Viewers: connections on which a stream comes, by FastCGI unless their wire is
 * made another, in it events as audience_make_event makes them.  Each has its
 * number and when it was published; what is lost, doubled or late is counted,
 * and how long it took until all had an event.
 */
#ifndef SPOOLCAST_TESTS_BENCH_AUDIENCE_H
#define SPOOLCAST_TESTS_BENCH_AUDIENCE_H

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/delays.h"
#include "bench/wire_fcgi.h"

/* An event: its number, when it was published, and what fills it up. */
#define EVENT_FORMAT "%08u %020llu "
#define EVENT_NUMBERS 30
#define EVENT_BYTES 100

struct viewer {
	int fd;
	struct wire wire;
	struct buf text; /* a line that has come in part */
	uint32_t next;	 /* number of an event */
	bool is_admitted;
};

/* How far an event has come. */
struct fan_out {
	size_t n;
	uint64_t ns; /* until it had come to as many */
};

struct audience {
	struct viewer *viewers;
	size_t n;
	int epoll;
	wire_take *take;
	uint64_t n_admitted;
	uint64_t n_done; /* have the last event */
	uint32_t last;	 /* its number */
	uint64_t deliveries;
	uint64_t lost;
	uint64_t doubled;
	uint64_t now_ns;       /* when the bytes came that are looked at */
	uint64_t published_ns; /* the earliest event */
	struct delays delays;
	struct fan_out *fan_outs; /* by the number of the event, or NULL */
};

_Noreturn static inline void
audience_fail(const char *what)
{
	perror(what);
	exit(1);
}

static inline uint64_t
audience_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The number that ${text}, the value of an option, is; if none, ${usage}(). */
static inline unsigned long
audience_number(void (*usage)(void), const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0')
		usage();
	return n;
}

/* As many descriptors as we may have. */
static inline void
audience_most_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		audience_fail("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		audience_fail("setrlimit");
}

/* Run what publishes or sends beside us. */
static inline pid_t
audience_run_beside(void)
{
	pid_t pid = fork();

	if (pid < 0)
		audience_fail("fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* What the process ${pid} has used of the CPU, with all of its threads. */
static inline uint64_t
audience_cpu_ns(unsigned long pid)
{
	struct timespec used;
	clockid_t clock;

	errno = clock_getcpuclockid((pid_t)pid, &clock);
	if (errno != 0 || clock_gettime(clock, &used) != 0)
		audience_fail("the CPU clock of a process");
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* An event that is published now. */
static inline void
audience_make_event(char event[EVENT_BYTES + 1], uint32_t number)
{
	int n = snprintf(event, EVENT_BYTES, EVENT_FORMAT, number,
	    (unsigned long long)audience_clock_ns());

	memset(event + n, 'x', EVENT_BYTES - (size_t)n);
	event[EVENT_BYTES] = '\n';
}

/*
 * Wait until it is time for event ${number} of ${rate} a second; who is late
 * does not wait.
 */
static inline void
audience_wait_turn(uint64_t begin_ns, uint32_t number, uint64_t rate)
{
	uint64_t at = begin_ns + (uint64_t)number * 1000000000 / rate;
	struct timespec until = { .tv_sec = (time_t)(at / 1000000000),
		.tv_nsec = (long)(at % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static inline void
audience_init(struct audience *a, size_t n)
{
	memset(a, 0, sizeof(*a));
	a->n = n;
	a->viewers = calloc(n, sizeof(a->viewers[0]));
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->take = wire_fcgi_take;
	a->published_ns = UINT64_MAX;
	if (a->viewers == NULL || a->epoll < 0)
		audience_fail("epoll");
}

static inline void
audience_add(struct audience *a, size_t i, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	a->viewers[i].fd = fd;
	a->viewers[i].next = 1;
	event.data.ptr = &a->viewers[i];
	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		audience_fail("epoll_ctl");
}

static inline void
audience_event(struct audience *a, struct viewer *v, const char *data)
{
	uint32_t number = (uint32_t)strtoul(data, NULL, 10);
	uint64_t ns = strtoull(data + 9, NULL, 10);

	if (number < v->next) {
		a->doubled++;
		return;
	}
	a->lost += number - v->next;
	v->next = number + 1;
	a->deliveries++;
	delays_add(&a->delays, (a->now_ns - ns) / 1000);
	if (ns < a->published_ns)
		a->published_ns = ns;
	if (a->fan_outs != NULL && number <= a->last) {
		a->fan_outs[number].n++;
		a->fan_outs[number].ns = a->now_ns - ns;
	}
	if (number == a->last)
		a->n_done++;
}

/* Read the whole lines among ${len} bytes; return how long they are. */
static inline size_t
audience_lines(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	static const char data[] = "data:";
	const uint8_t *at = bytes, *end = bytes + len, *lf;

	for (; (lf = memchr(at, '\n', (size_t)(end - at))) != NULL;
	     at = lf + 1) {
		if (lf == at && !v->is_admitted) {
			v->is_admitted = true;
			a->n_admitted++;
		}
		if ((size_t)(lf - at) < sizeof(data) + EVENT_NUMBERS ||
		    memcmp(at, data, sizeof(data) - 1) != 0)
			continue;
		at += sizeof(data) - 1;
		/* A space is usual, and some send JSON. */
		at += *at == ' ';
		at += *at == '"';
		audience_event(a, v, (const char *)at);
	}
	return (size_t)(at - bytes);
}

static inline void
audience_content(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	size_t used;

	if (v->text.len == 0) {
		used = audience_lines(a, v, bytes, len);
		peer_put(&v->text, bytes + used, len - used);
		return;
	}
	peer_put(&v->text, bytes, len);
	used = audience_lines(a, v, v->text.data, v->text.len);
	buf_consume(&v->text, used);
}

static inline void
audience_bytes(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = bytes, *end = bytes + len;
	size_t n;

	a->now_ns = audience_clock_ns();
	while ((n = a->take(&v->wire, &at, end)) > 0)
		audience_content(a, v, at - n, n);
	if (v->wire.status != 0 && v->wire.status != 200) {
		fprintf(stderr, "a viewer got status %d\n", v->wire.status);
		exit(1);
	}
}

/* How many frames have come. */
static inline uint64_t
audience_frames(const struct audience *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->n; i++)
		sum += a->viewers[i].wire.frames;
	return sum;
}

/* Wait for ${ms} and read what comes; return false when nothing did. */
static inline bool
audience_turn(struct audience *a, int ms)
{
	struct epoll_event events[256];
	static uint8_t bytes[65536];
	int n = epoll_wait(a->epoll, events, 256, ms);
	ssize_t len;

	for (int i = 0; i < n; i++) {
		struct viewer *v = events[i].data.ptr;

		len = recv(v->fd, bytes, sizeof(bytes), 0);
		if (len <= 0)
			audience_fail("a stream has ended");
		audience_bytes(a, v, bytes, (size_t)len);
	}
	return n != 0;
}

/*
 * Read what comes, until ${*done} is ${wanted}.  When nothing comes for 20
 * seconds, say so and go on.
 */
static inline void
audience_until(struct audience *a, const uint64_t *done, uint64_t wanted)
{
	while (*done < wanted && audience_turn(a, 20000))
		continue;
	if (*done < wanted)
		fprintf(stderr, "only %llu of %llu\n",
		    (unsigned long long)*done, (unsigned long long)wanted);
}

/* Read what comes within ${seconds}. */
static inline void
audience_for(struct audience *a, uint64_t seconds)
{
	uint64_t end = audience_clock_ns() + seconds * 1000000000, now;

	while ((now = audience_clock_ns()) < end)
		audience_turn(a, (int)((end - now) / 1000000) + 1);
}

/* Read until all are admitted or, if ${is_end}, have the last event. */
static inline void
audience_read(struct audience *a, bool is_end)
{
	audience_until(a, is_end ? &a->n_done : &a->n_admitted, a->n);
}

static inline int
audience_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * The median time until all who read have had an event, of those that all have
 * had; fan_outs must be there.  -1: there is none.
 */
static inline double
audience_fan_out_ms(const struct audience *a)
{
	uint64_t *ns = calloc((size_t)a->last + 1, sizeof(ns[0]));
	double median = -1;
	size_t n = 0;

	if (ns == NULL)
		audience_fail("calloc");
	for (size_t i = 0; i <= a->last; i++)
		if (a->fan_outs[i].n == a->n)
			ns[n++] = a->fan_outs[i].ns;
	qsort(ns, n, sizeof(ns[0]), audience_compare);
	if (n > 0)
		median = (double)ns[n / 2] / 1e6;
	free(ns);
	return median;
}

#endif
