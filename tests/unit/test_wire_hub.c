/* One process, one channel, viewers on different wires. */
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "helpers/fcgi_peer.h"
#include "helpers/temp_dir.h"
#include "hub/admit.h"
#include "hub/hub.h"
#include "hub/viewer_send.h"

#define DEADLINE_MS 10000
#define N_VIEWERS 4

/* Two viewers on each wire, the second of FastCGI with an id of its own. */
static const struct row {
	const struct wire *wire;
	uint16_t id; /* 0: it has none */
} rows[N_VIEWERS] = {
	{ &wire_fcgi, 1 },
	{ &wire_cgi, 0 },
	{ &wire_fcgi, 0x1234 },
	{ &wire_cgi, 0 },
};

static struct hub *hub;
static struct viewer *viewers[N_VIEWERS];
static int peers[N_VIEWERS];
static struct buf got[N_VIEWERS]; /* what each was sent, without frames */

/* Take the records at ${bytes} apart. */
static void
unframe(struct buf *out, const uint8_t *bytes, size_t len, uint16_t id)
{
	while (len > 0) {
		FCGI_Header header;
		size_t n;

		assert_true(len >= sizeof(header));
		memcpy(&header, bytes, sizeof(header));
		n = (size_t)header.contentLengthB1 << 8 |
		    header.contentLengthB0;
		assert_int_equal(header.version, FCGI_VERSION_1);
		assert_int_equal(header.type, FCGI_STDOUT);
		assert_int_equal(
		    header.requestIdB1 << 8 | header.requestIdB0, id);
		assert_true(sizeof(header) + n <= len);
		peer_put(out, bytes + sizeof(header), n);
		bytes += sizeof(header) + n;
		len -= sizeof(header) + n;
	}
}

/* Where ${text} begins in what viewer ${i} was sent, or NULL. */
static const char *
find(int i, const char *text)
{
	if (got[i].len == 0)
		return NULL;
	return memmem(got[i].data, got[i].len, text, strlen(text));
}

static void
run_until_all_have(const char *text)
{
	int64_t end_ms = clock_mono_ms() + DEADLINE_MS;
	int left = N_VIEWERS;

	while (left > 0) {
		assert_true(clock_mono_ms() < end_ms);
		ev_run(hub->loop, EVRUN_NOWAIT);
		left = 0;
		for (int i = 0; i < N_VIEWERS; i++) {
			uint8_t bytes[4096];
			ssize_t n =
			    recv(peers[i], bytes, sizeof(bytes), MSG_DONTWAIT);

			if (n > 0 && rows[i].id == 0)
				peer_put(&got[i], bytes, (size_t)n);
			else if (n > 0)
				unframe(&got[i], bytes, (size_t)n, rows[i].id);
			left += find(i, text) == NULL;
		}
	}
}

static void
ask(int i)
{
	struct conn_owner *owner = hub_owner(hub, rows[i].wire);
	struct request_vars vars = { 0 };
	struct buf pairs = { 0 }, out = { 0 };
	int fds[2];

	assert_non_null(owner);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peers[i] = fds[1];
	viewers[i] = viewer_open(owner, fds[0]);
	assert_non_null(viewers[i]);
	if (rows[i].id == 0) {
		request_set_var(&vars, "REQUEST_METHOD", 14, "GET", 3);
		request_set_var(&vars, "REQUEST_URI", 11, "/events/news", 12);
		admit_request(viewers[i], &vars);
		return;
	}
	peer_begin(&out, rows[i].id, FCGI_RESPONDER, 0);
	peer_pair(&pairs, "REQUEST_METHOD", "GET");
	peer_pair(&pairs, "REQUEST_URI", "/events/news");
	peer_params(&out, rows[i].id, &pairs);
	assert_int_equal(write(fds[1], out.data, out.len), out.len);
	buf_free(&pairs);
	buf_free(&out);
}

static void
test_each_viewer_gets_what_its_wire_frames(void **state)
{
	const struct conf_where where = { .argv0 = "spoolcast" };
	char path[sizeof(temp_dir) + 8];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/news", temp_dir);
	assert_non_null(file = fopen(path, "a"));
	assert_int_equal(setenv("SPOOLCAST_SPOOL", temp_dir, 1), 0);
	assert_non_null(hub = hub_new(GATEWAY_NONE, &where, NULL));
	for (int i = 0; i < N_VIEWERS; i++)
		ask(i);
	run_until_all_have("event: spoolcast.open\n");
	for (int i = 0; i < N_VIEWERS; i++) {
		assert_memory_equal(got[i].data, "Status: 200 OK\r\n", 16);
		assert_int_equal(find(i, ": server-sent events") != NULL,
		    rows[i].wire == &wire_cgi);
	}

	/* Those with the same wire have a feed in common. */
	fputs("hello\n", file);
	fclose(file);
	run_until_all_have("data: hello\n");
	assert_ptr_equal(viewers[0]->place->feed, viewers[2]->place->feed);
	assert_ptr_equal(viewers[1]->place->feed, viewers[3]->place->feed);
	assert_ptr_not_equal(viewers[0]->place->feed, viewers[1]->place->feed);

	/* Heartbeats are shared in the same way. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N_VIEWERS; i++) {
			assert_null(viewers[i]->batch);
			assert_int_equal(viewer_send_beat(viewers[i]), 0);
			viewer_queue(viewers[i]);
		}
		run_until_all_have(round == 0 ? "\n\n:\n" : "\n\n:\n:\n");
	}
	for (int i = 0; i < N_VIEWERS; i++)
		peer_put(&got[i], "", 1);
	for (int i = 1; i < N_VIEWERS; i++)
		assert_string_equal(
		    find(i, "data: hello\n"), find(0, "data: hello\n"));
	hub_free(hub);
	for (int i = 0; i < N_VIEWERS; i++) {
		close(peers[i]);
		buf_free(&got[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_viewer_gets_what_its_wire_frames),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "wire_hub", tests, temp_dir_make, temp_dir_remove);
}
