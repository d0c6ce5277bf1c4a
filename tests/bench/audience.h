/*
 * Viewers: connections on which FastCGI records come, in them a stream, in that
 * events as audience_make_event makes them.  Each has its number and when it
 * was published; what is lost, doubled or late is counted.
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
#include "helpers/fcgi_socket.h"

/* An event: its number, when it was published, and what fills it up. */
#define EVENT_FORMAT "%08u %020llu "
#define EVENT_NUMBERS 30
#define EVENT_BYTES 100

struct viewer {
	int fd;
	uint8_t header[FCGI_HEADER_LEN];
	size_t header_len;
	size_t content_left; /* of the record that has come in part */
	struct buf text;     /* a block that has come in part */
	uint32_t next;	     /* number of an event */
	bool is_admitted;
};

struct audience {
	struct viewer *viewers;
	size_t n;
	int epoll;
	uint64_t n_admitted;
	uint64_t n_done; /* have the last event */
	uint32_t last;	 /* its number */
	uint64_t deliveries;
	uint64_t records;
	uint64_t lost;
	uint64_t doubled;
	struct delays delays;
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

/* What the process ${pid} has used of the CPU. */
static inline uint64_t
audience_cpu_ns(unsigned long pid)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/schedstat", pid);
	file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%llu", &ns) != 1)
		audience_fail(path);
	fclose(file);
	return ns;
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

/* Ask on ${fd} for the stream ${uri}, behind ${id} unless that is NULL. */
static inline void
audience_ask(int fd, const char *uri, const char *id)
{
	struct buf pairs = { 0 }, request = { 0 };

	peer_pair(&pairs, "REQUEST_METHOD", "GET");
	peer_pair(&pairs, "REQUEST_URI", uri);
	peer_pair(&pairs, "HTTP_ACCEPT", "text/event-stream");
	if (id != NULL)
		peer_pair(&pairs, "HTTP_LAST_EVENT_ID", id);
	peer_begin(&request, 1, FCGI_RESPONDER, 0);
	peer_params(&request, 1, &pairs);
	peer_empty(&request, FCGI_STDIN, 1);
	socket_send_all(fd, &request);
	buf_free(&pairs);
	buf_free(&request);
}

static inline void
audience_init(struct audience *a, size_t n)
{
	memset(a, 0, sizeof(*a));
	a->n = n;
	a->viewers = calloc(n, sizeof(a->viewers[0]));
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
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
	delays_add(&a->delays, (audience_clock_ns() - ns) / 1000);
	if (number == a->last)
		a->n_done++;
}

/* Read the whole blocks among ${len} bytes; return how long they are. */
static inline size_t
audience_blocks(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	static const char data[] = "\ndata: ";
	const uint8_t *end = memrchr(bytes, '\n', len);
	const uint8_t *at = bytes, *found;

	while (end > bytes && end[-1] != '\n')
		end = memrchr(bytes, '\n', (size_t)(end - bytes));
	if (end == NULL || end == bytes)
		return 0;
	for (;;) {
		found = memmem(at, (size_t)(end - at), data, sizeof(data) - 1);
		if (found == NULL)
			break;
		at = found + sizeof(data) - 1;
		audience_event(a, v, (const char *)at);
	}
	if (!v->is_admitted)
		a->n_admitted++;
	v->is_admitted = true;
	return (size_t)(end + 1 - bytes);
}

static inline void
audience_content(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	size_t used;

	if (v->text.len == 0) {
		used = audience_blocks(a, v, bytes, len);
		peer_put(&v->text, bytes + used, len - used);
		return;
	}
	peer_put(&v->text, bytes, len);
	used = audience_blocks(a, v, v->text.data, v->text.len);
	buf_consume(&v->text, used);
}

static inline void
audience_bytes(
    struct audience *a, struct viewer *v, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;
	const uint8_t *h = v->header;
	size_t n;

	while (bytes < end) {
		if (v->content_left > 0) {
			n = (size_t)(end - bytes);
			if (n > v->content_left)
				n = v->content_left;
			audience_content(a, v, bytes, n);
			v->content_left -= n;
			bytes += n;
			continue;
		}
		v->header[v->header_len++] = *bytes++;
		if (v->header_len < FCGI_HEADER_LEN)
			continue;
		v->header_len = 0;
		/* Responders that pad are not measured here. */
		if (h[1] != FCGI_STDOUT || h[6] != 0) {
			errno = EPROTO;
			audience_fail("not a stream that goes on");
		}
		v->content_left = (size_t)(h[4] << 8 | h[5]);
		a->records++;
	}
}

/*
 * Read what comes, until ${*done} is ${wanted}.  When nothing comes for 20
 * seconds, say so and go on.
 */
static inline void
audience_until(struct audience *a, const uint64_t *done, uint64_t wanted)
{
	struct epoll_event events[256];
	static uint8_t bytes[65536];
	ssize_t len;
	int n;

	while (*done < wanted) {
		n = epoll_wait(a->epoll, events, 256, 20000);
		if (n == 0)
			break;
		for (int i = 0; i < n; i++) {
			struct viewer *v = events[i].data.ptr;

			len = recv(v->fd, bytes, sizeof(bytes), 0);
			if (len <= 0)
				audience_fail("recv");
			audience_bytes(a, v, bytes, (size_t)len);
		}
	}
	if (*done < wanted)
		fprintf(stderr, "only %llu of %llu\n",
		    (unsigned long long)*done, (unsigned long long)wanted);
}

/* Read until all are admitted or, if ${is_end}, have the last event. */
static inline void
audience_read(struct audience *a, bool is_end)
{
	audience_until(a, is_end ? &a->n_done : &a->n_admitted, a->n);
}

#endif
