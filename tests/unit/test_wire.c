/* What wires do alike, and how FastCGI hands on the body of a request. */
#include <sys/socket.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helpers/fcgi_peer.h"
#include "wire/conn.h"

#define WINDOW 4096

static struct ev_loop *loop;

/* A connection, what its owner does, and what it was told. */
struct line {
	struct conn conn;
	int peer;	 /* the end of the web server */
	uint16_t window; /* to open when a request comes; 0: wants no body */
	unsigned requests;
	struct buf body;
	unsigned ends; /* how often the body ended */
	const char *gone;
};

static struct line *
line_of(struct conn *conn)
{
	return LIST_OF(conn, struct line, conn);
}

static void
on_request(struct conn *conn, const struct request_vars *vars)
{
	struct line *line = line_of(conn);

	(void)vars;
	line->requests++;
	if (line->window > 0)
		conn_want_body(conn, loop, line->window);
}

static void
on_body(struct conn *conn, const uint8_t *bytes, size_t len, bool is_last)
{
	if (len > 0)
		peer_put(&line_of(conn)->body, bytes, len);
	line_of(conn)->ends += is_last;
}

static void
on_writable(struct conn *conn)
{
	(void)conn;
}

static void
on_gone(struct conn *conn, const char *why, bool is_fault)
{
	assert_false(is_fault);
	line_of(conn)->gone = why;
	conn_close(conn, loop);
}

static const struct conn_ops ops = {
	.on_request = on_request,
	.on_body = on_body,
	.on_writable = on_writable,
	.on_gone = on_gone,
};

static struct conn_owner fcgi = { .wire = &wire_fcgi, .ops = &ops };

static void
line_open(struct line *line, uint16_t window)
{
	int fds[2];

	memset(line, 0, sizeof(*line));
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	line->peer = fds[1];
	line->window = window;
	conn_open(&line->conn, loop, fds[0], &fcgi);
}

static void
line_close(struct line *line)
{
	conn_close(&line->conn, loop);
	buf_free(&line->body);
	close(line->peer);
}

/* Let all be read that is there and wanted. */
static void
turn(void)
{
	for (int i = 0; i < 200; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

/* The web server sends all of ${out}. */
static void
peer_send(struct line *line, struct buf *out)
{
	assert_int_equal(
	    send(line->peer, out->data, out->len, MSG_NOSIGNAL), out->len);
	buf_free(out);
}

static void
put_request(struct buf *out, uint16_t id)
{
	struct buf pairs = { 0 };

	peer_begin(out, id, FCGI_RESPONDER, FCGI_KEEP_CONN);
	peer_pair(&pairs, "REQUEST_METHOD", "POST");
	peer_params(out, id, &pairs);
	buf_free(&pairs);
}

/* A body of ${len} bytes, each of which tells where it stands. */
static void
put_body(struct buf *out, uint16_t id, size_t len)
{
	uint8_t content[700];

	for (size_t at = 0; at < len;) {
		size_t n =
		    len - at < sizeof(content) ? len - at : sizeof(content);

		for (size_t i = 0; i < n; i++)
			content[i] = (uint8_t)((at + i) % 251);
		peer_record(out,
		    &(struct peer_record){ .type = FCGI_STDIN,
			.id = id,
			.content = content,
			.len = n,
			.padding = 3 });
		at += n;
	}
	peer_empty(out, FCGI_STDIN, id);
}

static void
assert_body(const struct line *line, size_t len)
{
	assert_int_equal(line->body.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(line->body.data[i], i % 251);
}

static void
test_framed_in_place_or_not_is_the_same(void **state)
{
	static const struct wire *const wires[] = { &wire_fcgi, &wire_cgi };
	static const size_t sizes[] = { 0, 1, 65535, 65536, 200000 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct wire *wire = wires[i % 2];
		size_t len = sizes[i / 2];
		uint8_t *bytes = calloc(1, len + 1);
		struct buf framed = { 0 }, whole = { 0 };

		assert_non_null(bytes);
		for (size_t at = 0; at < len; at++)
			bytes[at] = (uint8_t)(at % 251);
		assert_int_equal(wire->frame(&framed, bytes, len), 0);
		assert_int_equal(buf_append(&whole, bytes, len), 0);
		assert_int_equal(wire->frame_whole(&whole), 0);
		assert_int_equal(framed.len, whole.len);
		if (framed.len > 0)
			assert_memory_equal(framed.data, whole.data, whole.len);
		buf_free(&framed);
		buf_free(&whole);
		free(bytes);
	}
}

static void
test_frames_get_the_id_of_their_request(void **state)
{
	struct buf out = { 0 }, frames = { 0 }, want = { 0 };
	struct line line;

	(void)state;
	line_open(&line, 0);
	put_request(&out, 0xfe07);
	peer_send(&line, &out);
	turn();
	assert_int_equal(line.requests, 1);
	assert_false(conn_is_usual(&line.conn));
	assert_int_equal(
	    wire_fcgi.frame(&frames, (const uint8_t *)"some", 4), 0);
	assert_int_equal(
	    wire_fcgi.frame(&frames, (const uint8_t *)"more", 4), 0);
	conn_readdress(&line.conn, frames.data, frames.len);
	for (int i = 0; i < 2; i++)
		peer_record(&want,
		    &(struct peer_record){ .type = FCGI_STDOUT,
			.id = 0xfe07,
			.content = i == 0 ? "some" : "more",
			.len = 4 });
	assert_int_equal(frames.len, want.len);
	assert_memory_equal(frames.data, want.data, want.len);

	/* The next request has the usual one again. */
	assert_true(conn_next(&line.conn, loop));
	put_request(&out, 1);
	peer_send(&line, &out);
	turn();
	assert_int_equal(line.requests, 2);
	assert_true(conn_is_usual(&line.conn));
	buf_free(&frames);
	buf_free(&want);
	line_close(&line);
}

static void
test_a_body_that_nobody_wants_is_dropped(void **state)
{
	struct buf out = { 0 };
	struct line line;

	(void)state;
	line_open(&line, 0);
	put_request(&out, 1);
	put_body(&out, 1, 50000);
	peer_send(&line, &out);
	turn();
	assert_true(conn_next(&line.conn, loop));
	put_request(&out, 1);
	peer_send(&line, &out);
	turn();
	assert_int_equal(line.requests, 2);
	assert_int_equal(line.body.len, 0);
	assert_int_equal(line.ends, 0);
	line_close(&line);
}

/* No more than the window comes, and meanwhile others have theirs. */
static void
test_a_body_comes_as_the_window_is_opened(void **state)
{
	const size_t len = 5 * WINDOW + 100;
	struct buf out = { 0 };
	struct line line, other;

	(void)state;
	line_open(&line, WINDOW);
	line_open(&other, 0);
	put_request(&out, 1);
	put_body(&out, 1, len);
	peer_send(&line, &out);
	for (size_t i = 1; i <= 5; i++) {
		turn();
		assert_body(&line, i * WINDOW);
		put_request(&out, 1);
		peer_send(&other, &out);
		turn();
		assert_int_equal(other.requests, i);
		assert_true(conn_next(&other.conn, loop));
		assert_int_equal(line.ends, 0);
		conn_want_body(&line.conn, loop, WINDOW);
	}
	turn();
	assert_body(&line, len);
	assert_int_equal(line.ends, 1);

	/* After the end the connection is read as before. */
	assert_true(conn_next(&line.conn, loop));
	line.window = 0;
	put_request(&out, 1);
	peer_send(&line, &out);
	turn();
	assert_int_equal(line.requests, 2);
	line_close(&line);
	line_close(&other);
}

/* What waits is in the sockets, and these take only so much. */
static void
test_a_peer_with_a_large_body_waits(void **state)
{
	struct buf out = { 0 };
	struct line line;
	size_t sent = 0;
	ssize_t n;

	(void)state;
	line_open(&line, WINDOW);
	put_request(&out, 1);
	put_body(&out, 1, 20000000);
	while ((n = send(line.peer, out.data + sent, out.len - sent,
		    MSG_NOSIGNAL)) > 0) {
		sent += (size_t)n;
		turn();
	}
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAGAIN);
	assert_body(&line, WINDOW);
	buf_free(&out);
	line_close(&line);
}

/* An answer may come before the body: the rest of that harms no one. */
static void
test_the_rest_of_a_body_is_dropped_after_the_response(void **state)
{
	struct buf out = { 0 };
	struct line line;

	(void)state;
	line_open(&line, WINDOW);
	put_request(&out, 1);
	put_body(&out, 1, 10 * WINDOW);
	peer_send(&line, &out);
	turn();
	assert_body(&line, WINDOW);
	assert_true(conn_next(&line.conn, loop));
	line.window = 0;
	put_request(&out, 1);
	peer_send(&line, &out);
	turn();
	assert_int_equal(line.requests, 2);
	assert_int_equal(line.body.len, WINDOW);
	assert_int_equal(line.ends, 0);

	/* The peer is read again, so that it has gone is noticed. */
	shutdown(line.peer, SHUT_RDWR);
	turn();
	assert_string_equal(line.gone, "closed by the web server");
	line_close(&line);
}

static int
make_loop(void **state)
{
	(void)state;
	loop = ev_loop_new(0);
	return loop == NULL ? -1 : 0;
}

static int
end_loop(void **state)
{
	(void)state;
	ev_loop_destroy(loop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framed_in_place_or_not_is_the_same),
		cmocka_unit_test(test_frames_get_the_id_of_their_request),
		cmocka_unit_test(test_a_body_that_nobody_wants_is_dropped),
		cmocka_unit_test(test_a_body_comes_as_the_window_is_opened),
		cmocka_unit_test(test_a_peer_with_a_large_body_waits),
		cmocka_unit_test(
		    test_the_rest_of_a_body_is_dropped_after_the_response),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wire", tests, make_loop, end_loop);
}
