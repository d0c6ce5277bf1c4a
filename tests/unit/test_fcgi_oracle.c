/*
 * The decoder held against libfcgi: the same bytes to both, the same list of
 * parameters and the same answers from both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcgiapp.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "fcgi/fcgi_decode.h"
#include "fcgi/fcgi_params.h"
#include "helpers/fcgi_peer.h"
#include "helpers/fcgi_seen.h"

#define ROUNDS 200

/* libfcgi never frees what it keeps of an FCGI_GET_VALUES. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfcgi.so\n";
}

static struct rnd rnd;

static size_t
below(size_t n)
{
	return (size_t)rnd_between(&rnd, 0, (int64_t)n - 1);
}

/* Lengths on both sides of every limit of the format. */
static size_t
pick_length(void)
{
	static const size_t lengths[] = { 0, 0, 1, 2, 7, 8, 126, 127, 128, 129,
		255, 256, 300, 8000 };

	return lengths[below(sizeof(lengths) / sizeof(lengths[0]))];
}

/* Any byte but NUL, which libfcgi's strings cannot hold. */
static void
put_text(struct buf *out, size_t len)
{
	while (len-- > 0) {
		uint8_t byte = (uint8_t)rnd_between(&rnd, 1, 255);

		peer_put(out, &byte, 1);
	}
}

static void
put_pairs(struct buf *out)
{
	for (size_t n = below(8); n > 0; n--) {
		size_t name_len = pick_length();
		size_t value_len = pick_length();

		/* A length under 128 may be written in four bytes, too. */
		peer_length(out, name_len, below(4) == 0);
		peer_length(out, value_len, below(4) == 0);
		put_text(out, name_len + value_len);
	}
}

/* What a reader has to skip, or to answer without losing the thread. */
static void
put_noise(struct buf *out, uint16_t id)
{
	struct peer_record noise = { .padding = (uint8_t)below(256) };

	switch (below(8)) {
	case 0:
		noise.type = 42;
		break;
	case 1:
		noise.type = FCGI_GET_VALUES;
		noise.content = "\x0f\0FCGI_MPXS_CONNS";
		noise.len = 17;
		break;
	case 2:
		noise.type = FCGI_STDIN;
		noise.id = (uint16_t)(id ^ 0x100);
		noise.content = "of another";
		noise.len = 10;
		break;
	default:
		return;
	}
	peer_record(out, &noise);
}

static size_t
pick_piece(size_t left)
{
	size_t n = 1 + below(below(3) == 0 ? 3 : 9000);

	return n < left ? n : left;
}

static void
put_request(struct buf *out)
{
	struct buf pairs = { 0 };
	uint16_t id = (uint16_t)(1 + below(65535));
	size_t n;

	put_pairs(&pairs);
	peer_begin(out, id, FCGI_RESPONDER, FCGI_KEEP_CONN);
	for (size_t at = 0; at < pairs.len; at += n) {
		n = pick_piece(pairs.len - at);
		put_noise(out, id);
		peer_record(out,
		    &(struct peer_record){ .type = FCGI_PARAMS,
			.id = id,
			.content = pairs.data + at,
			.len = n,
			.padding = (uint8_t)below(256) });
	}
	put_noise(out, id);
	peer_empty(out, FCGI_PARAMS, id);
	buf_free(&pairs);
}

/* Each as NAME=VALUE and a NUL, which is how libfcgi keeps them. */
static void
our_params(const struct buf *in, struct buf *list, struct buf *reply)
{
	struct fcgi_param param;
	const uint8_t *params;
	struct seen seen;
	size_t at = 0;
	size_t len;

	seen_start(&seen, false);
	for (size_t piece; at < in->len; at += piece) {
		piece = pick_piece(in->len - at);
		seen_feed(&seen, in->data + at, piece);
	}
	assert_non_null(strchr(seen.events, 'Q'));
	assert_int_equal(fcgi_decode_error(&seen.decoder), FCGI_ERROR_NONE);
	params = fcgi_decode_params(&seen.decoder, &len);
	at = 0;
	while (fcgi_params_next(params, len, &at, &param) == 1) {
		peer_put(list, param.name, param.name_len);
		peer_put(list, "=", 1);
		peer_put(list, param.value, param.value_len);
		peer_put(list, "", 1);
	}
	peer_put(reply, seen.reply.data, seen.reply.len);
	seen_stop(&seen);
}

/* The input can be more than a socket holds: another process writes it. */
static pid_t
start_writer(int fd, int other, const struct buf *in)
{
	pid_t pid = fork();
	size_t at = 0;
	ssize_t n;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	close(other);
	while (at < in->len) {
		n = write(fd, in->data + at, in->len - at);
		if (n <= 0)
			_exit(1);
		at += (size_t)n;
	}
	_exit(0);
}

static void
libfcgi_params(const struct buf *in, struct buf *list, struct buf *reply)
{
	FCGX_Request request;
	uint8_t bytes[4096];
	int fd[2];
	int status;
	pid_t pid;
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	pid = start_writer(fd[0], fd[1], in);
	assert_int_equal(FCGX_InitRequest(&request, -1, 0), 0);
	/* Makes FCGX_Accept_r read this descriptor instead of accepting. */
	request.keepConnection = 1;
	request.ipcFd = fd[1];
	assert_int_equal(FCGX_Accept_r(&request), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (char **env = request.envp; *env != NULL; env++)
		if (strcmp(*env, "FCGI_ROLE=RESPONDER") != 0)
			peer_put(list, *env, strlen(*env) + 1);
	while ((n = recv(fd[0], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		peer_put(reply, bytes, (size_t)n);
	/* Closed first, or libfcgi would wait for that. */
	close(fd[0]);
	FCGX_Free(&request, 1);
}

/* libfcgi pads its answers to 8 bytes, ours have no padding. */
static void
remove_padding(struct buf *records)
{
	struct buf out = { 0 };
	size_t at = 0;
	size_t len;

	while (at < records->len) {
		uint8_t *r = records->data + at;

		len = FCGI_HEADER_LEN + (size_t)(r[4] << 8 | r[5]);
		at += len + r[6];
		assert_true(at <= records->len);
		r[6] = 0;
		peer_put(&out, r, len);
	}
	buf_free(records);
	*records = out;
}

static void
assert_same(const struct buf *ours, const struct buf *theirs, const char *what)
{
	if (ours->len != theirs->len)
		fail_msg("%s: %zu bytes, libfcgi has %zu", what, ours->len,
		    theirs->len);
	if (ours->len > 0)
		assert_memory_equal(ours->data, theirs->data, ours->len);
}

static void
test_same_params_and_answers_as_libfcgi(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct buf in = { 0 };
		struct buf list[2] = { 0 };
		struct buf reply[2] = { 0 };

		put_request(&in);
		our_params(&in, &list[0], &reply[0]);
		libfcgi_params(&in, &list[1], &reply[1]);
		assert_same(&list[0], &list[1], "params");
		remove_padding(&reply[1]);
		assert_same(&reply[0], &reply[1], "answers");
		buf_free(&in);
		for (int j = 0; j < 2; j++) {
			buf_free(&list[j]);
			buf_free(&reply[j]);
		}
	}
}

/* One pair, of which only a part may be there. */
static void
put_cut_request(struct buf *out)
{
	struct buf pairs = { 0 };
	size_t name_len = below(300);
	size_t value_len = below(300);

	peer_length(&pairs, name_len, below(4) == 0);
	peer_length(&pairs, value_len, below(4) == 0);
	put_text(&pairs, name_len + value_len);
	if (below(4) > 0)
		pairs.len =
		    below(below(2) == 0 && pairs.len > 8 ? 8 : pairs.len);
	peer_begin(out, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	peer_params(out, 1, &pairs);
	buf_free(&pairs);
}

static bool
libfcgi_accepts(const struct buf *in)
{
	FCGX_Request request;
	int fd[2];
	int rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(write(fd[0], in->data, in->len), in->len);
	close(fd[0]);
	assert_int_equal(FCGX_InitRequest(&request, -1, 0), 0);
	request.keepConnection = 1;
	request.ipcFd = fd[1];
	rc = FCGX_Accept_r(&request);
	FCGX_Free(&request, 1);
	return rc == 0;
}

static void
test_same_pairs_refused_as_by_libfcgi(void **state)
{
	int accepted = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct buf in = { 0 };
		struct seen seen;
		bool ours;

		put_cut_request(&in);
		seen_start(&seen, false);
		seen_feed(&seen, in.data, in.len);
		ours = strcmp(seen.events, "Q") == 0;
		assert_int_equal(ours, libfcgi_accepts(&in));
		accepted += ours;
		seen_stop(&seen);
		buf_free(&in);
	}
	/* Or the input would be too simple to tell. */
	assert_in_range(accepted, 1, ROUNDS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_params_and_answers_as_libfcgi),
		cmocka_unit_test(test_same_pairs_refused_as_by_libfcgi),
	};
	const char *seed = getenv("SEED");

	rnd_seed(&rnd);
	if (seed != NULL)
		rnd.state = strtoull(seed, NULL, 10);
	printf("# SEED=%llu\n", (unsigned long long)rnd.state);
	/* libfcgi looks at the descriptor 0 here, and uses it no further. */
	if (FCGX_Init() != 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_oracle", tests, NULL, NULL);
}
