/*
 * Others, who ask a responder for something beside a viewer whom that should
 * not concern: once, or again and again, and read what comes or nothing.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_OTHERS_H
#define SPOOLCAST_TESTS_HELPERS_OTHERS_H

#include "bench/audience.h"

struct others {
	const char *address;
	const char *uri; /* # is the number of who asks */
	const char *method;
	const char *id; /* or NULL */
	unsigned long clients;
	unsigned long quiet_ms; /* so long nothing more: answered; 0: never */
	bool asks_again;
	bool is_deaf;
};

/* What they have heard, shared with who waits for it. */
struct heard {
	_Atomic uint64_t answers;
	_Atomic uint64_t bytes;
};

/* One of the others. */
struct asker {
	int fd; /* -1: none */
	uint64_t heard_ns;
	bool has_asked;
	bool has_heard; /* at any time */
	bool has_begun; /* the answer */
};

/* Write ${pattern} to ${out}, each # as the number ${i}. */
static inline void
others_spell_uri(struct buf *out, const char *pattern, size_t i)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '#')
			peer_put(out, pattern, 1);
		else if (buf_printf(out, "%zu", i) != 0)
			abort();
	}
	peer_put(out, "", 1);
}

static inline void
others_ask(const struct others *o, struct asker *asker, size_t i)
{
	struct buf pairs = { 0 }, request = { 0 }, uri = { 0 };

	others_spell_uri(&uri, o->uri, i);
	peer_pair(&pairs, "REQUEST_METHOD", o->method);
	peer_pair(&pairs, "REQUEST_URI", (const char *)uri.data);
	peer_pair(&pairs, "HTTP_ACCEPT", "text/event-stream");
	if (o->id != NULL)
		peer_pair(&pairs, "HTTP_LAST_EVENT_ID", o->id);
	peer_begin(&request, 1, FCGI_RESPONDER, 0);
	peer_params(&request, 1, &pairs);
	peer_empty(&request, FCGI_STDIN, 1);
	asker->fd = socket_connect(o->address);
	socket_send_all(asker->fd, &request);
	asker->heard_ns = audience_clock_ns();
	asker->has_asked = true;
	asker->has_begun = false;
	buf_free(&uri);
	buf_free(&pairs);
	buf_free(&request);
}

/* Those ask who have not, and again those who have their answer. */
static inline void
others_ask_all(const struct others *o, struct asker *askers, int epoll)
{
	struct epoll_event event = { .events = EPOLLIN };

	/* Who is deaf hears that there is something, and never more. */
	if (o->is_deaf)
		event.events |= EPOLLONESHOT;
	for (size_t i = 0; i < o->clients; i++) {
		if (askers[i].fd >= 0 ||
		    (askers[i].has_asked && !o->asks_again))
			continue;
		others_ask(o, &askers[i], i);
		event.data.ptr = &askers[i];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, askers[i].fd, &event) != 0)
			audience_fail("epoll_ctl");
	}
}

static inline void
others_end_answer(struct asker *asker, struct heard *heard)
{
	close(asker->fd);
	asker->fd = -1;
	heard->answers++;
}

/* Whoever has something to read takes it. */
static inline size_t
others_hear(const struct others *o, struct heard *heard, int epoll)
{
	static uint8_t bytes[1 << 18];
	struct epoll_event events[256];
	int n = epoll_wait(epoll, events, 256, 20);
	size_t first = 0;
	ssize_t len;

	for (int i = 0; i < n; i++) {
		struct asker *asker = events[i].data.ptr;

		first += !asker->has_heard;
		asker->has_heard = asker->has_begun = true;
		asker->heard_ns = audience_clock_ns();
		if (o->is_deaf)
			continue;
		len = recv(asker->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (len > 0)
			heard->bytes += (uint64_t)len;
		else if (len == 0 || errno != EAGAIN)
			others_end_answer(asker, heard);
	}
	return first;
}

/* Nothing comes any more to those of whom that is so. */
static inline void
others_end_quiet(
    const struct others *o, struct asker *askers, struct heard *heard)
{
	uint64_t now = audience_clock_ns();

	for (size_t i = 0; i < o->clients && !o->is_deaf; i++)
		if (askers[i].fd >= 0 && askers[i].has_begun &&
		    now - askers[i].heard_ns > o->quiet_ms * 1000000)
			others_end_answer(&askers[i], heard);
}

/* Ask and read until this process is killed. */
_Noreturn static inline void
others_run(const struct others *o, struct heard *heard)
{
	struct asker *askers = calloc(o->clients + 1, sizeof(askers[0]));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	size_t n_heard = 0, n;

	if (askers == NULL || epoll < 0)
		audience_fail("epoll");
	for (size_t i = 0; i < o->clients; i++)
		askers[i].fd = -1;
	for (;;) {
		others_ask_all(o, askers, epoll);
		n = others_hear(o, heard, epoll);
		n_heard += n;
		if (n > 0 && n_heard == o->clients) {
			puts("ready");
			fflush(stdout);
		}
		if (o->quiet_ms > 0)
			others_end_quiet(o, askers, heard);
	}
}

#endif
