/*
 * The crowd: watchers who come, go when their streams end or are cut off, and
 * come back; with epoll, so that thousands of them cost little.
 */
#ifndef SPOOLCAST_TESTS_SOAK_CROWD_H
#define SPOOLCAST_TESTS_SOAK_CROWD_H

#include "base/rnd.h"
#include "soak/watcher.h"

#define TICK_NS 20000000
#define SECOND_NS UINT64_C(1000000000)
/* So many come in a second at first. */
#define COME_RATE 1000
/* How long what takes some seconds may take on a busy machine. */
#define WAIT_NS (120 * SECOND_NS)
#define NEVER UINT64_MAX

struct crowd {
	const char *address; /* of the responder */
	const char *http;    /* of the web server */
	struct seen seen;
	struct watcher *watchers;
	uint64_t *due_ns; /* when each comes; NEVER: is there */
	size_t n;
	size_t n_open;
	int epoll;
	struct rnd rnd;
	uint64_t next_tick_ns;
	uint64_t comes;
	uint64_t cuts;
	uint64_t let_go; /* that never read */
};

/* A crowd of ${n}, who will come one after another. */
static inline void
crowd_init(struct crowd *c, size_t n)
{
	c->n = n;
	c->watchers = calloc(n, sizeof(c->watchers[0]));
	c->due_ns = calloc(n, sizeof(c->due_ns[0]));
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->watchers == NULL || c->due_ns == NULL || c->epoll < 0)
		audience_fail("crowd");
	c->seen.watchers = c->watchers;
	c->seen.now_ns = audience_clock_ns();
	for (size_t i = 0; i < n; i++) {
		struct watcher *w = &c->watchers[i];

		w->fd = -1;
		w->retry_ms = WATCHER_RETRY_MS;
		w->is_http = i % 10 == 9;
		/* As many by HTTP as among the others. */
		w->is_stuck = i % 100 == (i % 1000 < 100 ? 9 : 0);
		c->due_ns[i] = c->seen.now_ns + i * SECOND_NS / COME_RATE;
	}
}

static inline void
crowd_come(struct crowd *c, struct watcher *w)
{
	struct epoll_event event = { .data.ptr = w };
	int fd = socket_connect(w->is_http ? c->http : c->address);
	int small = 4096;

	/* Of who never reads only the end is of interest. */
	event.events = w->is_stuck ? EPOLLRDHUP : EPOLLIN;
	if (w->is_stuck && w->is_http &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) != 0)
		audience_fail("SO_RCVBUF");
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		audience_fail("epoll_ctl");
	watcher_open(&c->seen, w, fd);
	c->due_ns[w - c->watchers] = NEVER;
	c->n_open++;
	c->comes++;
}

/* Go, and come back when the stream has asked for it. */
static inline void
crowd_go(struct crowd *c, struct watcher *w, bool is_ours)
{
	watcher_close(&c->seen, w, is_ours);
	c->due_ns[w - c->watchers] =
	    c->seen.now_ns + (uint64_t)w->retry_ms * 1000000;
	c->n_open--;
}

/* One in ten of those who are cut off does not come back, but another does. */
static inline void
crowd_go_cut(struct crowd *c, struct watcher *w)
{
	crowd_go(c, w, true);
	c->cuts++;
	if (rnd_between(&c->rnd, 1, 10) == 1) {
		w->id[0] = '\0';
		w->next = 0;
		w->retry_ms = WATCHER_RETRY_MS;
	}
}

static inline void
crowd_read(struct crowd *c, struct watcher *w)
{
	static uint8_t bytes[65536];
	size_t most = sizeof(bytes);
	ssize_t len;

	if (w->is_stuck) {
		c->let_go++;
		crowd_go(c, w, true);
		return;
	}
	/* An event takes about as much. */
	if (w->is_cut)
		most = (size_t)rnd_between(&c->rnd, 1, 2 * EVENT_BYTES);
	len = recv(w->fd, bytes, most, 0);
	c->seen.now_ns = audience_clock_ns();
	if (len > 0)
		watcher_bytes(&c->seen, w, bytes, (size_t)len);
	if (len > 0 && w->is_cut)
		crowd_go_cut(c, w);
	else if (len <= 0 || w->has_ended)
		crowd_go(c, w, false);
}

/* Cut one off: now, when it is at rest, or within what comes next. */
static inline void
crowd_cut_one(struct crowd *c)
{
	struct watcher *w;

	for (int tries = 0; tries < 100; tries++) {
		w = &c->watchers[rnd_between(&c->rnd, 0, (int64_t)c->n - 1)];
		if (w->fd < 0 || w->is_stuck || w->is_cut)
			continue;
		if (rnd_between(&c->rnd, 1, 4) == 1)
			crowd_go_cut(c, w);
		else
			w->is_cut = true;
		return;
	}
}

/* Who is due comes. */
static inline void
crowd_tick(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->due_ns[i] <= c->seen.now_ns)
			crowd_come(c, &c->watchers[i]);
	c->next_tick_ns = c->seen.now_ns + TICK_NS;
}

/* Read what is there, or comes until the next tick. */
static inline void
crowd_turn(struct crowd *c)
{
	struct epoll_event events[256];
	uint64_t now_ns = audience_clock_ns();
	int wait_ms = 0, n;

	if (now_ns < c->next_tick_ns)
		wait_ms = (int)((c->next_tick_ns - now_ns) / 1000000) + 1;
	n = epoll_wait(c->epoll, events, 256, wait_ms);
	c->seen.now_ns = audience_clock_ns();
	for (int i = 0; i < n; i++)
		crowd_read(c, events[i].data.ptr);
	if (c->seen.now_ns >= c->next_tick_ns)
		crowd_tick(c);
}

/* How many are not where they should be: begun, or at event ${last}. */
static inline size_t
crowd_missing(const struct crowd *c, uint32_t last)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct watcher *w = &c->watchers[i];

		if (w->is_stuck)
			n += last == 0 && w->fd < 0;
		else if (last == 0)
			n += !w->has_begun;
		else
			n += w->next != 0 && w->next <= last;
	}
	return n;
}

/* Wait until nobody is missing any more; return how many are at the end. */
static inline size_t
crowd_await(struct crowd *c, uint32_t last)
{
	uint64_t until_ns = audience_clock_ns() + WAIT_NS, tick_ns = 0;
	size_t n = c->n;

	while (n > 0 && c->seen.now_ns < until_ns) {
		crowd_turn(c);
		if (c->next_tick_ns != tick_ns)
			n = crowd_missing(c, last);
		tick_ns = c->next_tick_ns;
	}
	return n;
}

#endif
