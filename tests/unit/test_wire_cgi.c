/* The body of a request to a CGI program, which comes by standard input. */
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

#include "wire/conn.h"

static struct ev_loop *loop;
static struct conn conn;
static struct buf body;
static unsigned ends; /* how often the body ended */
static unsigned goes; /* how often the peer went away */

static void
on_body(struct conn *its, const uint8_t *bytes, size_t len, bool is_last)
{
	assert_ptr_equal(its, &conn);
	assert_int_equal(buf_append(&body, bytes, len), 0);
	ends += is_last;
}

static void
on_gone(struct conn *its, const char *why, bool is_fault)
{
	assert_string_equal(why, "closed by the web server");
	assert_false(is_fault);
	goes++;
	conn_close(its, loop);
}

static const struct conn_ops ops = {
	.on_body = on_body,
	.on_gone = on_gone,
};

static struct conn_owner owner = { .wire = &wire_cgi, .ops = &ops };

static void
turn(void)
{
	for (int i = 0; i < 50; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

/*
 * Begin with ${in} as standard input and ${out} as standard output (taken), and
 * want the body.
 */
static void
begin(const char *content_length, int in, int out)
{
	if (content_length == NULL)
		unsetenv("CONTENT_LENGTH");
	else
		setenv("CONTENT_LENGTH", content_length, 1);
	assert_int_equal(dup2(in, STDIN_FILENO), STDIN_FILENO);
	body.len = 0;
	ends = goes = 0;
	conn_open(&conn, loop, out, &owner);
	conn_want_body(&conn, loop, CONN_INPUT_BYTES);
	/* Nothing calls back before the loop runs. */
	assert_int_equal(ends, 0);
	turn();
}

static void
end(int peer, int in)
{
	conn_close(&conn, loop);
	buf_free(&body);
	close(peer);
	close(in);
}

/* Where the web server keeps its end open, the length tells. */
static void
test_the_body_ends_after_its_length_or_with_its_input(void **state)
{
	static const struct row {
		const char *content_length;
		const char *sent;
		bool closes;
		const char *body;
		unsigned ends;
	} rows[] = {
		{ "4", "some", false, "some", 1 },
		{ "4", "some, and more", false, "some", 1 },
		{ "9", "some", false, "some", 0 },
		{ "9", "some", true, "some", 1 },
		{ NULL, "some", false, "some", 0 },
		{ NULL, "some", true, "some", 1 },
		{ "0", "some", false, "", 1 },
		{ "", "", false, "", 1 },
		{ "x", "some", false, "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		int in[2], out[2];
		ssize_t len = (ssize_t)strlen(row->sent);

		assert_int_equal(pipe(in), 0);
		assert_int_equal(pipe(out), 0);
		assert_int_equal(write(in[1], row->sent, (size_t)len), len);
		if (row->closes)
			close(in[1]);
		begin(row->content_length, in[0], out[1]);
		assert_int_equal(body.len, strlen(row->body));
		if (body.len > 0)
			assert_memory_equal(body.data, row->body, body.len);
		assert_int_equal(ends, row->ends);
		assert_int_equal(goes, 0);
		if (!row->closes)
			close(in[1]);
		end(out[0], in[0]);
	}
}

static void
test_no_more_is_read_than_the_window_has_room_for(void **state)
{
	static uint8_t bytes[3 * CONN_INPUT_BYTES + 10];
	int in[2], out[2];
	char length[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 251);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(write(in[1], bytes, sizeof(bytes)), sizeof(bytes));
	snprintf(length, sizeof(length), "%zu", sizeof(bytes));
	begin(length, in[0], out[1]);
	for (size_t i = 1; i <= 3; i++) {
		assert_int_equal(body.len, i * CONN_INPUT_BYTES);
		assert_int_equal(ends, 0);
		conn_want_body(&conn, loop, CONN_INPUT_BYTES);
		turn();
	}
	assert_int_equal(body.len, sizeof(bytes));
	assert_memory_equal(body.data, bytes, sizeof(bytes));
	assert_int_equal(ends, 1);
	close(in[1]);
	end(out[0], in[0]);
}

/* mod_cgid: both are one socket, whose input ends with the body. */
static void
test_a_socket_may_be_input_and_output(void **state)
{
	int fds[2], copy;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true((copy = dup(fds[0])) != -1);
	assert_int_equal(write(fds[1], "some", 4), 4);
	begin("9", fds[0], copy);
	assert_int_equal(body.len, 4);
	assert_int_equal(write(fds[1], " more", 5), 5);
	shutdown(fds[1], SHUT_WR);
	turn();
	assert_int_equal(body.len, 9);
	assert_memory_equal(body.data, "some more", 9);
	assert_int_equal(ends, 1);
	assert_int_equal(goes, 0);
	assert_int_equal(shutdown(fds[1], SHUT_RDWR), 0);
	turn();
	assert_int_equal(goes, 1);
	end(fds[1], fds[0]);
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
		cmocka_unit_test(
		    test_the_body_ends_after_its_length_or_with_its_input),
		cmocka_unit_test(
		    test_no_more_is_read_than_the_window_has_room_for),
		cmocka_unit_test(test_a_socket_may_be_input_and_output),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "wire_cgi", tests, make_loop, end_loop);
}
