/*
 * A publisher of events as audience_make_event makes them: appends lines to a
 * file, or sends one POST after the other, on one connection unless the server
 * closes it, each with the event between what is to stand before and behind it.
 */
#ifndef SPOOLCAST_TESTS_BENCH_PUBLISH_H
#define SPOOLCAST_TESTS_BENCH_PUBLISH_H

#include <fcntl.h>

#include "bench/audience.h"
#include "bench/wire_http.h"

struct publisher {
	const char *file; /* or NULL */
	const char *address;
	const char *path;
	const char *before;
	const char *behind;
	uint64_t rate; /* a second, 0 is all at once */
};

/* Read until the response is there, whole; return whether more may follow. */
static inline bool
publish_wait(int fd)
{
	struct wire wire = { 0 };
	uint8_t bytes[4096];
	const uint8_t *at;
	ssize_t len;

	while (wire.state != WIRE_ENDED) {
		len = recv(fd, bytes, sizeof(bytes), 0);
		if (len <= 0)
			audience_fail("response to POST");
		at = bytes;
		while (wire_http_take(&wire, &at, bytes + len) > 0)
			continue;
		/* There is no content. */
		if (wire.status == 204 && wire.state == WIRE_CONTENT)
			break;
	}
	if (wire.status / 100 != 2) {
		fprintf(stderr, "POST: status %d\n", wire.status);
		exit(1);
	}
	return !wire.is_last;
}

static inline void
publish_post(const struct publisher *p, int *fd, const char *event)
{
	struct buf request = { 0 };

	if (*fd < 0)
		*fd = socket_connect(p->address);
	if (buf_printf(&request,
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: %zu\r\n\r\n%s%.*s%s",
		p->path, strlen(p->before) + EVENT_BYTES + strlen(p->behind),
		p->before, EVENT_BYTES, event, p->behind) != 0)
		audience_fail("POST");
	socket_send_all(*fd, &request);
	buf_free(&request);
	if (!publish_wait(*fd)) {
		close(*fd);
		*fd = -1;
	}
}

static inline void
publish_event(const struct publisher *p, int *fd, uint32_t number)
{
	char event[EVENT_BYTES + 1];

	audience_make_event(event, number);
	if (p->file == NULL)
		publish_post(p, fd, event);
	else if (write(*fd, event, sizeof(event)) != sizeof(event))
		audience_fail(p->file);
}

/* Publish ${n} events, of which the first has the number ${first}. */
static inline void
publish_events(const struct publisher *p, uint32_t first, uint32_t n)
{
	uint64_t begin = audience_clock_ns();
	int fd = -1;

	if (p->file != NULL) {
		fd = open(p->file, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (fd < 0)
			audience_fail(p->file);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (p->rate > 0)
			audience_wait_turn(begin, i + 1, p->rate);
		publish_event(p, &fd, first + i);
	}
	if (fd >= 0)
		close(fd);
}

#endif
