/* The decoder over the life of a connection; test_fcgi_records.c has the table
 * of inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fcgi/fcgi_decode.h"
#include "fcgi/fcgi_params.h"
#include "helpers/fcgi_peer.h"
#include "helpers/fcgi_seen.h"

/* BEGIN, PARAMS with one pair of this value, the end of PARAMS. */
static void
put_request(struct buf *in, uint16_t id, uint8_t flags, const char *value)
{
	struct buf pairs = { 0 };

	peer_begin(in, id, FCGI_RESPONDER, flags);
	peer_pair(&pairs, "REQUEST_URI", value);
	peer_params(in, id, &pairs);
	buf_free(&pairs);
}

static void
put(struct buf *in, uint8_t type, uint16_t id, const char *content)
{
	peer_record(in,
	    &(struct peer_record){ .type = type,
		.id = id,
		.content = content,
		.len = strlen(content),
		.padding = 5 });
}

/* The value of the only pair must be this text. */
static void
assert_value(const struct fcgi_decoder *decoder, const char *text)
{
	struct fcgi_param param;
	const uint8_t *params;
	size_t at = 0;
	size_t len;

	params = fcgi_decode_params(decoder, &len);
	assert_int_equal(fcgi_params_next(params, len, &at, &param), 1);
	assert_int_equal(param.value_len, strlen(text));
	assert_memory_equal(param.value, text, param.value_len);
	assert_int_equal(fcgi_params_next(params, len, &at, &param), 0);
}

static void
test_kept_connection_serves_pipelined_requests_in_turn(void **state)
{
	struct fcgi_decoder decoder;
	struct buf reply = { 0 };
	struct buf in = { 0 };
	size_t first;
	size_t used;
	size_t at;

	(void)state;
	put_request(&in, 3, FCGI_KEEP_CONN, "/first");
	first = in.len;
	peer_empty(&in, FCGI_STDIN, 3);
	put_request(&in, 0xff04, 0, "/second");

	fcgi_decode_init(&decoder, 1);
	assert_int_equal(fcgi_decode(&decoder, in.data, in.len, &used, &reply),
	    FCGI_REQUEST);
	assert_int_equal(used, first);
	assert_int_equal(fcgi_decode_id(&decoder), 3);
	assert_true(fcgi_decode_keep_conn(&decoder));
	assert_value(&decoder, "/first");
	fcgi_decode_end(&decoder);
	assert_int_equal(fcgi_decode_id(&decoder), 0);
	assert_true(fcgi_decode_keep_conn(&decoder));

	at = used;
	assert_int_equal(
	    fcgi_decode(&decoder, in.data + at, in.len - at, &used, &reply),
	    FCGI_REQUEST);
	assert_int_equal(at + used, in.len);
	assert_int_equal(fcgi_decode_id(&decoder), 0xff04);
	assert_false(fcgi_decode_keep_conn(&decoder));
	assert_value(&decoder, "/second");
	assert_int_equal(reply.len, 0);
	fcgi_decode_free(&decoder);
	buf_free(&in);
}

static void
test_running_request_keeps_nothing_once_params_are_dropped(void **state)
{
	struct buf in = { 0 };
	struct seen seen;
	size_t len;

	(void)state;
	seen_start(&seen, false);
	put_request(&in, 1, 0, "/news");
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events, "Q");
	assert_value(&seen.decoder, "/news");
	fcgi_decode_drop_params(&seen.decoder);
	assert_null(fcgi_decode_params(&seen.decoder, &len));
	assert_int_equal(len, 0);
	assert_null(seen.decoder.intake);

	/* Neither does what may still come. */
	in.len = 0;
	put(&in, FCGI_STDIN, 1, "late");
	put(&in, FCGI_GET_VALUES, 0, "\1\1ab");
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events, "QY");
	assert_null(seen.decoder.intake);
	seen_stop(&seen);
	buf_free(&in);
}

/* The end of a request can fall between the two halves of any record. */
static void
test_end_does_not_lose_the_record_being_read(void **state)
{
	struct buf first = { 0 };
	struct buf second = { 0 };
	size_t busy_from;

	(void)state;
	put_request(&first, 1, FCGI_KEEP_CONN, "/first");
	put(&second, FCGI_STDIN, 1, "rest of the body");
	put_request(&second, 2, FCGI_KEEP_CONN, "/second");
	/* From the last byte of the second BEGIN_REQUEST on it is refused. */
	busy_from = FCGI_HEADER_LEN + 16 + 5 + sizeof(FCGI_BeginRequestRecord);
	for (size_t cut = 0; cut < busy_from; cut++) {
		struct seen seen;

		seen_start(&seen, false);
		seen_feed(&seen, first.data, first.len);
		seen_feed(&seen, second.data, cut);
		fcgi_decode_end(&seen.decoder);
		seen_feed(&seen, second.data + cut, second.len - cut);
		if (strcmp(seen.events, "QQ") != 0)
			fail_msg("cut at %zu: %s", cut, seen.events);
		assert_int_equal(fcgi_decode_id(&seen.decoder), 2);
		assert_value(&seen.decoder, "/second");
		seen_stop(&seen);
	}
	buf_free(&first);
	buf_free(&second);
}

/* What is wanted comes whole and in order, wherever the input is cut. */
static void
test_body_comes_to_the_one_who_wants_it(void **state)
{
	struct buf in = { 0 };
	struct seen seen;

	(void)state;
	put_request(&in, 1, FCGI_KEEP_CONN, "/first");
	put(&in, FCGI_STDIN, 1, "some");
	put(&in, FCGI_STDIN, 2, "of another");
	put(&in, FCGI_DATA, 1, "data");
	put(&in, FCGI_GET_VALUES, 0, "\1\1ab");
	put(&in, FCGI_STDIN, 1, " more");
	put(&in, FCGI_STDIN, 1, "");
	put(&in, FCGI_STDIN, 1, "after the end");
	for (size_t piece = 1; piece <= in.len; piece++) {
		seen_start(&seen, false);
		seen.wants_body = true;
		for (size_t at = 0; at < in.len; at += piece)
			seen_feed(&seen, in.data + at,
			    in.len - at < piece ? in.len - at : piece);
		assert_string_equal(seen.events, "QYZ");
		assert_int_equal(seen.body.len, strlen("some more"));
		assert_memory_equal(seen.body.data, "some more", seen.body.len);
		seen_stop(&seen);
	}
	buf_free(&in);
}

/* After a request, or its abort, what is left of its body is dropped. */
static void
test_body_is_wanted_for_one_request(void **state)
{
	struct buf in = { 0 };
	struct seen seen;

	(void)state;
	for (int aborts = 0; aborts <= 1; aborts++) {
		in.len = 0;
		seen_start(&seen, false);
		seen.wants_body = true;
		put_request(&in, 1, FCGI_KEEP_CONN, "/first");
		put(&in, FCGI_STDIN, 1, "some");
		if (aborts)
			peer_empty(&in, FCGI_ABORT_REQUEST, 1);
		seen_feed(&seen, in.data, in.len);
		if (!aborts)
			fcgi_decode_end(&seen.decoder);
		seen.wants_body = false;
		in.len = 0;
		put(&in, FCGI_STDIN, 1, " more");
		put(&in, FCGI_STDIN, 1, "");
		seen_feed(&seen, in.data, in.len);
		fcgi_decode_end(&seen.decoder);
		in.len = 0;
		put_request(&in, 1, FCGI_KEEP_CONN, "/second");
		put(&in, FCGI_STDIN, 1, "other");
		put(&in, FCGI_STDIN, 1, "");
		seen_feed(&seen, in.data, in.len);
		assert_string_equal(seen.events, aborts ? "QAQ" : "QQ");
		assert_int_equal(seen.body.len, 4);
		seen_stop(&seen);
	}
	buf_free(&in);
}

static void
test_params_may_reach_the_limit_but_not_pass_it(void **state)
{
	static char value[FCGI_PARAMS_MAX - 8 + 1];
	struct buf pairs = { 0 };
	struct buf in = { 0 };
	struct seen seen;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	peer_pair(&pairs, "abc", value);
	assert_int_equal(pairs.len, FCGI_PARAMS_MAX);
	peer_begin(&in, 1, FCGI_RESPONDER, 0);
	peer_params(&in, 1, &pairs);
	seen_start(&seen, false);
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events, "Q");
	assert_value(&seen.decoder, value);
	seen_stop(&seen);

	/* One byte more is refused by the header that announces it. */
	in.len -= FCGI_HEADER_LEN;
	peer_header(&in,
	    &(struct peer_record){ .type = FCGI_PARAMS, .id = 1, .len = 1 });
	seen_start(&seen, false);
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events, "E");
	assert_int_equal(
	    fcgi_decode_error(&seen.decoder), FCGI_ERROR_PARAMS_MAX);
	assert_null(seen.decoder.intake);
	seen_stop(&seen);
	buf_free(&pairs);
	buf_free(&in);
}

static void
test_flood_of_management_records_is_broken_off(void **state)
{
	struct buf in = { 0 };
	struct seen seen;

	(void)state;
	seen_start(&seen, true);
	for (int i = 0; i < FCGI_REPLIES_MAX; i++)
		put(&in, FCGI_GET_VALUES, 0, "\x0e\1FCGI_MAX_CONNSx");
	seen_feed(&seen, in.data, in.len);
	assert_int_equal(seen.n_events, FCGI_REPLIES_MAX);
	assert_int_equal(fcgi_decode_error(&seen.decoder), FCGI_ERROR_NONE);

	/* A request that ends gives a new budget, here used by one. */
	in.len = 0;
	put_request(&in, 1, FCGI_KEEP_CONN, "/news");
	put(&in, 99, 0, "");
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events + FCGI_REPLIES_MAX, "QY");
	in.len = 0;
	for (int i = 0; i < FCGI_REPLIES_MAX; i++)
		put(&in, 99, 0, "");
	seen.n_events = 0;
	seen_feed(&seen, in.data, in.len);
	assert_int_equal(seen.n_events, FCGI_REPLIES_MAX);
	assert_int_equal(seen.events[FCGI_REPLIES_MAX - 1], 'E');
	assert_int_equal(fcgi_decode_error(&seen.decoder), FCGI_ERROR_FLOOD);
	seen_stop(&seen);
	buf_free(&in);
}

static void
test_error_stays_and_uses_nothing(void **state)
{
	struct buf reply = { 0 };
	struct buf in = { 0 };
	struct seen seen;
	size_t used = 99;

	(void)state;
	put_request(&in, 1, 0, "/news");
	peer_put(&in, "GET /", 5);
	seen_start(&seen, false);
	seen_feed(&seen, in.data, in.len);
	assert_string_equal(seen.events, "QE");
	/* The first byte told. */
	assert_int_equal(seen.used, in.len - 4);
	fcgi_decode_end(&seen.decoder);
	assert_int_equal(
	    fcgi_decode(&seen.decoder, in.data, in.len, &used, &reply),
	    FCGI_ERROR);
	assert_int_equal(used, 0);
	assert_int_equal(fcgi_decode_error(&seen.decoder), FCGI_ERROR_VERSION);
	assert_string_equal(
	    fcgi_decode_strerror(fcgi_decode_error(&seen.decoder)),
	    "not FastCGI version 1");
	seen_stop(&seen);
	buf_free(&in);
}

static void
test_every_error_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i <= FCGI_ERROR_MEMORY; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    fcgi_decode_strerror((enum fcgi_error)i),
			    fcgi_decode_strerror((enum fcgi_error)j));
}

static void
test_no_bytes_are_no_event(void **state)
{
	struct fcgi_decoder decoder;
	struct buf reply = { 0 };
	size_t used = 99;

	(void)state;
	fcgi_decode_init(&decoder, 1);
	assert_int_equal(
	    fcgi_decode(&decoder, NULL, 0, &used, &reply), FCGI_MORE);
	assert_int_equal(used, 0);
	fcgi_decode_free(&decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_kept_connection_serves_pipelined_requests_in_turn),
		cmocka_unit_test(
		    test_running_request_keeps_nothing_once_params_are_dropped),
		cmocka_unit_test(test_end_does_not_lose_the_record_being_read),
		cmocka_unit_test(test_body_comes_to_the_one_who_wants_it),
		cmocka_unit_test(test_body_is_wanted_for_one_request),
		cmocka_unit_test(
		    test_params_may_reach_the_limit_but_not_pass_it),
		cmocka_unit_test(
		    test_flood_of_management_records_is_broken_off),
		cmocka_unit_test(test_error_stays_and_uses_nothing),
		cmocka_unit_test(test_every_error_has_a_text_of_its_own),
		cmocka_unit_test(test_no_bytes_are_no_event),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_decode", tests, NULL, NULL);
}
