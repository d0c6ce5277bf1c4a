/* What requests that are not complete take, of all connections together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "helpers/fcgi_peer.h"
#include "wire/conn.h"

#define N_DECODERS 50

static struct fcgi_decoder decoders[N_DECODERS];

/* Give ${in} to the decoder; what it says is ${want}. */
static void
decode(struct fcgi_decoder *decoder, const struct buf *in, enum fcgi_event want)
{
	struct buf reply = { 0 };
	size_t used;

	assert_int_equal(
	    fcgi_decode(decoder, in->data, in->len, &used, &reply), want);
	buf_free(&reply);
}

/* A request, and so many bytes of its PARAMS, which do not end. */
static void
begin(struct fcgi_decoder *decoder, size_t len)
{
	static char value[FCGI_PARAMS_MAX];
	struct buf in = { 0 };

	peer_begin(&in, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	while (len > 0) {
		size_t n = len < 60000 ? len : 60000;

		peer_record(&in,
		    &(struct peer_record){ .type = FCGI_PARAMS,
			.id = 1,
			.content = value,
			.len = n });
		len -= n;
	}
	fcgi_decode_init(decoder, 100);
	decode(decoder, &in, FCGI_MORE);
	buf_free(&in);
}

static void
test_parameters_are_counted_until_they_are_dropped(void **state)
{
	size_t last = 0;

	(void)state;
	assert_int_equal(conn_memory(), 0);
	for (size_t i = 0; i < N_DECODERS; i++) {
		begin(&decoders[i], 10000);
		assert_true(conn_memory() >= last + 10000);
		assert_true(conn_memory() <= last + 20000);
		last = conn_memory();
	}
	/* However it ends: closed, ended, told and dropped, or broken. */
	for (size_t i = 0; i < N_DECODERS; i++) {
		struct buf in = { 0 };

		switch (i % 4) {
		case 0:
			break;
		case 1:
			fcgi_decode_end(&decoders[i]);
			break;
		case 2:
			peer_record(&in,
			    &(struct peer_record){
				.type = FCGI_PARAMS, .id = 1, .content = "" });
			decode(&decoders[i], &in, FCGI_REQUEST);
			assert_true(conn_memory() >= 10000);
			fcgi_decode_drop_params(&decoders[i]);
			break;
		case 3:
			peer_begin(&in, 1, FCGI_RESPONDER, 0);
			decode(&decoders[i], &in, FCGI_ERROR);
			break;
		}
		assert_true(conn_memory() <= last - (i % 4 == 0 ? 0 : 10000));
		fcgi_decode_free(&decoders[i]);
		assert_true(conn_memory() <= last - 10000);
		last = conn_memory();
		buf_free(&in);
	}
	assert_int_equal(conn_memory(), 0);
}

static void
test_one_connection_keeps_no_more_than_it_may(void **state)
{
	struct buf in = { 0 };

	(void)state;
	begin(&decoders[0], FCGI_PARAMS_MAX);
	assert_true(conn_memory() >= FCGI_PARAMS_MAX);
	assert_true(conn_memory() <= FCGI_PARAMS_MAX + 1000);
	peer_record(&in,
	    &(struct peer_record){
		.type = FCGI_PARAMS, .id = 1, .content = "x", .len = 1 });
	decode(&decoders[0], &in, FCGI_ERROR);
	assert_int_equal(
	    fcgi_decode_error(&decoders[0]), FCGI_ERROR_PARAMS_MAX);
	assert_int_equal(conn_memory(), 0);
	fcgi_decode_free(&decoders[0]);
	buf_free(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_parameters_are_counted_until_they_are_dropped),
		cmocka_unit_test(test_one_connection_keeps_no_more_than_it_may),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_intake", tests, NULL, NULL);
}
