#include "fuzz/disorder/probe.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fuzz/disorder/ask.h"
#include "fuzz/disorder/report.h"
#include "helpers/fcgi_peer.h"

#define STREAM_OF_PROBE 4
#define APPEND_MS 20
#define AGAIN_MS 20

/* Whether its file was put into another folder a while ago: all is well. */
static bool
is_moved(const struct probe *probe)
{
	int64_t moved_ms = probe->spool->exchanged_ms;

	return moved_ms != 0 && report_ms() - moved_ms < REPORT_DEADLINE_MS;
}

static void
take_number(struct probe *probe)
{
	unsigned number = probe->block_number;
	bool is_excused =
	    probe->block_is_gap || probe->next == 0 || is_moved(probe);
	int64_t now = clock_mono_ms();

	if (number != probe->next && !is_excused)
		report_found("the probe got line %u when %u was due", number,
		    probe->next);
	report_count("probe", "lines", 1);
	if (probe->waits_ms != 0 && now - probe->waits_ms > probe->longest_ms)
		probe->longest_ms = now - probe->waits_ms;
	probe->next = number + 1;
	probe->waits_ms = probe->next <= probe->n_appended ? now : 0;
}

/* A block has come. */
static void
take_block(struct probe *probe)
{
	if (*probe->block_id != '\0')
		memcpy(probe->id, probe->block_id, sizeof(probe->id));
	*probe->block_id = '\0';
	if (probe->block_number != 0) {
		take_number(probe);
		probe->block_is_gap = false;
	}
	probe->block_number = 0;
}

static void
on_line(void *cookie, const char *line, size_t len)
{
	struct probe *probe = cookie;

	if (len == 0)
		take_block(probe);
	else if (strncmp(line, "id: ", 4) == 0)
		snprintf(
		    probe->block_id, sizeof(probe->block_id), "%s", line + 4);
	else if (strcmp(line, "event: spoolcast.gap") == 0) {
		probe->block_is_gap = true;
		report_count("probe", "gaps", 1);
		if (!is_moved(probe))
			report_found("the probe has a gap, and nothing has "
				     "happened to its file");
	} else if (strncmp(line, "data: ", 6) == 0)
		probe->block_number = (unsigned)strtoul(line + 6, NULL, 10);
}

static void
ask(struct probe *probe)
{
	struct buf pairs = { 0 }, out = { 0 };

	peer_pair(&pairs, "REQUEST_METHOD", "GET");
	peer_pair(&pairs, "REQUEST_URI", "/events/" SPOOL_PROBE);
	peer_pair(&pairs, "HTTP_ACCEPT", "text/event-stream");
	peer_pair(&pairs, "REMOTE_ADDR", "192.0.2.1");
	if (*probe->id != '\0')
		peer_pair(&pairs, "HTTP_LAST_EVENT_ID", probe->id);
	ask_put(&out, 1, false, &pairs);
	if (send(probe->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT) <
	    (ssize_t)out.len)
		report_note("the probe cannot ask");
	buf_free(&pairs);
	buf_free(&out);
}

static void
come(struct probe *probe, int64_t now)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	probe->come_ms = now + AGAIN_MS;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", probe->socket);
	probe->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(probe->fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		close(probe->fd);
		probe->fd = -1;
		return;
	}
	probe->wire.on_line = on_line;
	probe->wire.cookie = probe;
	wire_restart(&probe->wire);
	probe->block_number = 0;
	probe->block_is_gap = false;
	*probe->block_id = '\0';
	probe->cut_ms = now + 200 + (int64_t)draw_size(&probe->rnd, 10000);
	ask(probe);
	report_count("probe", "connections", 1);
}

static void
leave(struct probe *probe, int64_t now)
{
	close(probe->fd);
	probe->fd = -1;
	probe->come_ms = now + AGAIN_MS;
}

static void
take(struct probe *probe, int64_t now)
{
	uint8_t bytes[65536];
	ssize_t n;

	while ((n = recv(probe->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		wire_feed(&probe->wire, bytes, (size_t)n);
		probe->answer_ms = now;
	}
	if (probe->wire.is_wrong)
		report_found("the probe got what is no FastCGI record");
	if (n == 0 || errno != EAGAIN || now >= probe->cut_ms)
		leave(probe, now);
}

static void
append(struct probe *probe, int64_t now)
{
	if (now < probe->append_ms)
		return;
	probe->append_ms = now + APPEND_MS;
	if (probe->line_done == 0)
		snprintf(probe->line, sizeof(probe->line), "%u\n",
		    probe->n_appended + 1);
	if (!spool_append_probe(probe->spool, probe->line, &probe->line_done))
		return;
	probe->line_done = 0;
	probe->n_appended++;
	if (probe->waits_ms == 0)
		probe->waits_ms = now;
}

static void
judge(struct probe *probe, int64_t now)
{
	int64_t since = probe->waits_ms;

	/* Where limits are low, being turned away is an answer. */
	if (probe->spool->plan->has_short_limits && probe->answer_ms > since)
		since = probe->answer_ms;
	if (probe->waits_ms == 0 || now - since <= REPORT_DEADLINE_MS)
		return;
	probe->is_deaf = true;
	report_found("the probe waits for line %u of %u since %lld ms, %s",
	    probe->next, probe->n_appended, (long long)(now - since),
	    probe->fd == -1 ? "not let in" : "connected");
}

void
probe_begin(struct probe *probe, const struct options *options,
    struct spool *spool, const char *socket)
{
	*probe = (struct probe){ .spool = spool, .socket = socket, .fd = -1 };
	draw_start(
	    &probe->rnd, options->seed, spool->plan->round, STREAM_OF_PROBE);
}

void
probe_turn(struct probe *probe)
{
	int64_t now = clock_mono_ms();

	append(probe, now);
	if (probe->fd == -1 && now >= probe->come_ms)
		come(probe, now);
	if (probe->fd != -1)
		take(probe, now);
	if (!probe->is_deaf)
		judge(probe, now);
}

bool
probe_has_all(const struct probe *probe)
{
	return probe->next == probe->n_appended + 1;
}

void
probe_end(struct probe *probe)
{
	if (probe->fd != -1)
		close(probe->fd);
	probe->fd = -1;
}
