#include "fuzz/disorder/peer.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz/disorder/ask.h"
#include "fuzz/disorder/ids.h"
#include "fuzz/disorder/report.h"
#include "helpers/fcgi_peer.h"

#define STREAM_OF_PEERS 2
/* Who come in one turn, at most. */
#define COME_AT_ONCE 8
#define READ_MAX 65536

/* How long one stays, or waits, in milliseconds: often not at all. */
static int64_t
draw_wait(const struct plan *plan, struct rnd *rnd)
{
	return (int64_t)draw_size(rnd, plan->peer_ms);
}

static void
put_request(struct peers *peers, struct peer *peer, uint16_t id)
{
	struct buf pairs = { 0 };

	ask_pairs(&pairs, peers->plan, &peers->rnd);
	if (draw_chance(&peers->rnd, peers->plan->broken_percent))
		ask_put_broken(&peer->out, &pairs, &peers->rnd);
	else
		ask_put(&peer->out, id, peer->keeps, &pairs);
	buf_free(&pairs);
}

static void
be_plain(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
}

static void
be_gone(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->end_ms = clock_mono_ms();
}

static void
be_deaf(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->read_ms = INT64_MAX;
	peer->end_ms += (int64_t)draw_size(&peers->rnd, 4000);
}

static void
be_slow(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->sip = 1 + draw_size(&peers->rnd, 4000);
	peer->end_ms += (int64_t)draw_size(&peers->rnd, 4000);
}

static void
be_late(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->read_ms += draw_wait(peers->plan, &peers->rnd);
	peer->end_ms += draw_wait(peers->plan, &peers->rnd);
}

static void
be_half(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->out.len = draw_below(&peers->rnd, peer->out.len + 1);
}

static void
be_in_pieces(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->piece = 1 + draw_size(&peers->rnd, 40);
	peer->end_ms += 20;
}

static void
be_aborting(struct peers *peers, struct peer *peer)
{
	peer->keeps = draw_chance(&peers->rnd, 50);
	put_request(peers, peer, 1);
	peer->abort_ms = clock_mono_ms() + draw_wait(peers->plan, &peers->rnd);
	peer->end_ms += draw_wait(peers->plan, &peers->rnd);
}

static void
be_hanging_up(struct peers *peers, struct peer *peer)
{
	put_request(peers, peer, 1);
	peer->hangs_up = true;
}

static void
be_keeping(struct peers *peers, struct peer *peer)
{
	peer->keeps = true;
	put_request(peers, peer, 1);
	peer->end_ms += draw_wait(peers->plan, &peers->rnd);
}

static void
be_pipelining(struct peers *peers, struct peer *peer)
{
	size_t n = 2 + draw_size(&peers->rnd, 20);

	peer->keeps = draw_chance(&peers->rnd, 80);
	while (n-- > 0)
		put_request(
		    peers, peer, (uint16_t)(1 + draw_size(&peers->rnd, 3)));
}

/* The first is never left out. */
static const struct manner {
	const char *name;
	void (*be)(struct peers *peers, struct peer *peer);
	unsigned weight;
} manners[] = {
	{ "plain", be_plain, 6 },
	{ "gone", be_gone, 2 },
	{ "deaf", be_deaf, 1 },
	{ "slow", be_slow, 1 },
	{ "late", be_late, 1 },
	{ "half", be_half, 1 },
	{ "in-pieces", be_in_pieces, 1 },
	{ "aborting", be_aborting, 2 },
	{ "hanging-up", be_hanging_up, 1 },
	{ "keeping", be_keeping, 2 },
	{ "pipelining", be_pipelining, 2 },
};
#define N_MANNERS (sizeof(manners) / sizeof(manners[0]))

size_t
peer_n_manners(void)
{
	return N_MANNERS;
}

unsigned
peer_manner_weight(size_t i)
{
	return manners[i].weight;
}

static void
on_line(void *cookie, const char *line, size_t len)
{
	(void)cookie;
	if (len > 4 && memcmp(line, "id: ", 4) == 0 && len < WIRE_LINE_MAX &&
	    !ids_keep(line + 4, len - 4))
		report_found("an id without a seal was sent: %s", line);
	if (len > 8 && memcmp(line, "Status: ", 8) == 0)
		report_count("answers", line[8] == '2' ? "well" : "refused", 1);
}

/* Connect, without waiting for anybody.  Return -1 if there is no room. */
static int
reach(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd != -1 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

static bool
come(struct peers *peers, struct peer *peer)
{
	const struct manner *manner;
	int64_t now = clock_mono_ms();
	struct buf out = peer->out;
	int fd = reach(peers->socket);

	if (fd == -1) {
		report_count("peers", "not-let-in", 1);
		return false;
	}
	out.len = 0;
	*peer = (struct peer){ .fd = fd,
		.out = out,
		.piece = SIZE_MAX,
		.sip = READ_MAX,
		.abort_ms = INT64_MAX,
		.read_ms = now,
		.end_ms = now + draw_wait(peers->plan, &peers->rnd) };
	if (draw_chance(&peers->rnd, 3))
		peer->end_ms += 3000;
	peer->wire.on_line = on_line;
	manner =
	    &manners[draw_row(&peers->rnd, peers->plan->manners, N_MANNERS)];
	manner->be(peers, peer);
	report_count("peers", manner->name, 1);
	peers->n_connections++;
	return true;
}

static void
leave(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

static void
send_piece(struct peer *peer, int64_t now)
{
	size_t n = peer->out.len - peer->sent;
	ssize_t done;

	n = n < peer->piece ? n : peer->piece;
	done = send(peer->fd, peer->out.data + peer->sent, n,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done > 0)
		peer->sent += (size_t)done;
	else if (errno != EAGAIN)
		peer->sent = peer->out.len; /* They have closed. */
	peer->send_ms = now + 1;
	if (peer->sent < peer->out.len)
		return;
	peer->out.len = peer->sent = 0;
	if (peer->hangs_up)
		shutdown(peer->fd, SHUT_WR);
}

/* Return whether the other side has closed. */
static bool
take(struct peers *peers, struct peer *peer)
{
	static uint8_t bytes[READ_MAX];
	ssize_t n = recv(peer->fd, bytes, peer->sip, MSG_DONTWAIT);

	if (n < 0)
		return errno != EAGAIN;
	if (n == 0)
		return true;
	peers->n_bytes += (uint64_t)n;
	wire_feed(&peer->wire, bytes, (size_t)n);
	if (peer->wire.is_wrong)
		report_found("an answer that is no FastCGI record");
	return peer->wire.is_wrong;
}

/* What one does who is there. */
static void
act(struct peers *peers, struct peer *peer, int64_t now)
{
	if (peer->sent < peer->out.len && now >= peer->send_ms)
		send_piece(peer, now);
	if (now >= peer->abort_ms && peer->sent == peer->out.len) {
		peer_empty(&peer->out, FCGI_ABORT_REQUEST, 1);
		peer->abort_ms = INT64_MAX;
	}
	if (now >= peer->read_ms && take(peers, peer)) {
		leave(peer);
		return;
	}
	if (peer->wire.n_ended > peer->n_ended) {
		peer->n_ended = peer->wire.n_ended;
		if (peer->keeps && peer->sent == peer->out.len)
			put_request(peers, peer, 1);
	}
	if (now >= peer->end_ms)
		leave(peer);
}

void
peers_begin(struct peers *peers, const struct options *options,
    const struct plan *plan, const char *socket)
{
	peers->socket = socket;
	peers->plan = plan;
	draw_start(&peers->rnd, options->seed, plan->round, STREAM_OF_PEERS);
	for (size_t i = 0; i < PEERS_MAX; i++)
		peers->each[i].fd = -1;
	ids_clear();
}

void
peers_turn(struct peers *peers)
{
	int64_t now = clock_mono_ms();
	unsigned n_come = 0;

	for (size_t i = 0; i < peers->plan->n_peers; i++) {
		struct peer *peer = &peers->each[i];

		if (peer->fd == -1 && n_come < COME_AT_ONCE &&
		    come(peers, peer))
			n_come++;
		if (peer->fd != -1)
			act(peers, peer, now);
	}
}

void
peers_leave(struct peers *peers)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (peers->each[i].fd != -1)
			leave(&peers->each[i]);
		buf_free(&peers->each[i].out);
	}
}
