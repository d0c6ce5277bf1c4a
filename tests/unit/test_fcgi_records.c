/* Each kind of input to the decoder, right and wrong, whole and cut at every
 * byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fcgi/fcgi_decode.h"
#include "helpers/fcgi_peer.h"
#include "helpers/fcgi_seen.h"

/* clang-format off */
#define TEXT(text) text, sizeof(text) - 1
#define BEGIN(id, body) { FCGI_BEGIN_REQUEST, id, TEXT(body), 0 }
#define PLAIN "\0\1\0\0\0\0\0\0"
#define KEPT "\0\1\1\0\0\0\0\0"
#define SOME(type, id, text) { type, id, TEXT(text), 5 }
#define EMPTY(type, id) { type, id, "", 0, 0 }
#define REQUEST(id, body) \
	BEGIN(id, body), SOME(FCGI_PARAMS, id, "\1\2abb"), \
	EMPTY(FCGI_PARAMS, id)

static const char zeros[FCGI_VALUES_MAX + 1];

static const struct row {
	const char *what;
	const char *events; /* see fcgi_seen.h */
	enum fcgi_error error;
	bool ends;
	struct peer_record records[12];
	const char *reply; /* or NULL if it is not looked at */
	size_t reply_len;
} rows[] = {
	/* What servers send. */
	{ "request", "Q", 0, 0, { REQUEST(1, PLAIN) }, TEXT("") },
	{ "no params", "Q", 0, 0,
	  { BEGIN(1, PLAIN), EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "input", "Q", 0, 0,
	  { REQUEST(1, PLAIN), SOME(FCGI_STDIN, 1, "body"),
	    EMPTY(FCGI_STDIN, 1), SOME(FCGI_DATA, 1, "data"),
	    EMPTY(FCGI_DATA, 1) }, TEXT("") },
	{ "input after the end", "Q", 0, 1,
	  { REQUEST(1, PLAIN), SOME(FCGI_STDIN, 1, "body"),
	    EMPTY(FCGI_STDIN, 1) }, TEXT("") },
	{ "input before params", "Q", 0, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_STDIN, 1, "body"),
	    SOME(FCGI_PARAMS, 1, "\1\1ab"), EMPTY(FCGI_PARAMS, 1) },
	  TEXT("") },
	{ "params cut inside a length", "Q", 0, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_PARAMS, 1, "\x80\0"),
	    SOME(FCGI_PARAMS, 1, "\0\1"), SOME(FCGI_PARAMS, 1, "\1ab"),
	    EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "a longer begin", "Q", 0, 0,
	  { SOME(FCGI_BEGIN_REQUEST, 1, PLAIN "new"),
	    EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "two requests", "QQ", 0, 1,
	  { REQUEST(1, KEPT), EMPTY(FCGI_STDIN, 1), REQUEST(1, KEPT),
	    EMPTY(FCGI_STDIN, 1) }, TEXT("") },

	/* Abort. */
	{ "abort", "QA", 0, 0,
	  { REQUEST(1, PLAIN), EMPTY(FCGI_ABORT_REQUEST, 1) }, TEXT("") },
	{ "abort with content", "QA", 0, 0,
	  { REQUEST(1, PLAIN), SOME(FCGI_ABORT_REQUEST, 1, "why") },
	  TEXT("") },
	{ "abort after the end", "Q", 0, 1,
	  { REQUEST(1, PLAIN), EMPTY(FCGI_ABORT_REQUEST, 1) }, TEXT("") },
	{ "abort amid params", "A", 0, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_PARAMS, 1, "half"),
	    EMPTY(FCGI_ABORT_REQUEST, 1), EMPTY(FCGI_ABORT_REQUEST, 1),
	    SOME(FCGI_PARAMS, 1, "half"), EMPTY(FCGI_PARAMS, 1) }, TEXT("") },

	/* What is not ours. */
	{ "other ids", "Q", 0, 0,
	  { SOME(FCGI_PARAMS, 7, "no pair"), EMPTY(FCGI_PARAMS, 7),
	    EMPTY(FCGI_ABORT_REQUEST, 7), SOME(FCGI_GET_VALUES, 7, "no pair"),
	    SOME(99, 7, "what"), REQUEST(1, PLAIN),
	    SOME(FCGI_PARAMS, 7, "no pair"), EMPTY(FCGI_ABORT_REQUEST, 7) },
	  TEXT("") },
	{ "strange types", "Q", 0, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_STDOUT, 1, "wrong way"),
	    SOME(FCGI_END_REQUEST, 1, PLAIN), SOME(99, 1, "what"),
	    SOME(FCGI_GET_VALUES, 1, "what"), EMPTY(FCGI_PARAMS, 1) },
	  TEXT("") },

	/* What is refused, and the connection goes on. */
	{ "second while active", "QYA", 0, 0,
	  { REQUEST(1, PLAIN), REQUEST(0x102, PLAIN),
	    EMPTY(FCGI_ABORT_REQUEST, 1) },
	  TEXT("\1\3\1\2\0\x08\0\0\0\0\0\0\1\0\0\0") },
	{ "authorizer, kept", "YQ", 0, 0,
	  { BEGIN(1, "\0\2\1\0\0\0\0\0"), SOME(FCGI_PARAMS, 1, "no pair"),
	    EMPTY(FCGI_PARAMS, 1), REQUEST(1, PLAIN) },
	  TEXT("\1\3\0\1\0\x08\0\0\0\0\0\0\3\0\0\0") },
	{ "values", "YYQY", 0, 0,
	  { SOME(FCGI_GET_VALUES, 0, "\x0f\1FCGI_MPXS_CONNSx\1\1ab"),
	    BEGIN(1, PLAIN), SOME(FCGI_PARAMS, 1, "\1\1a"),
	    EMPTY(FCGI_GET_VALUES, 0), SOME(FCGI_PARAMS, 1, "b"),
	    EMPTY(FCGI_PARAMS, 1),
	    SOME(FCGI_GET_VALUES, 0, "\x0e\0FCGI_MAX_CONNS") },
	  TEXT("\1\x0a\0\0\0\x12\0\0\x0f\1FCGI_MPXS_CONNS0"
	       "\1\x0a\0\0\0\0\0\0"
	       "\1\x0a\0\0\0\x13\0\0\x0e\3FCGI_MAX_CONNS500") },
	{ "unknown management", "YQY", 0, 0,
	  { SOME(42, 0, "what"), REQUEST(1, PLAIN),
	    EMPTY(FCGI_ABORT_REQUEST, 0) },
	  TEXT("\1\x0b\0\0\0\x08\0\0\x2a\0\0\0\0\0\0\0"
	       "\1\x0b\0\0\0\x08\0\0\2\0\0\0\0\0\0\0") },

	/* What ends the connection. */
	{ "filter", "YE", FCGI_ERROR_ROLE, 0,
	  { BEGIN(1, "\0\3\0\0\0\0\0\0"), REQUEST(1, PLAIN) },
	  TEXT("\1\3\0\1\0\x08\0\0\0\0\0\0\3\0\0\0") },
	{ "role 257", "YE", FCGI_ERROR_ROLE, 0,
	  { BEGIN(1, "\1\1\0\0\0\0\0\0"), REQUEST(1, PLAIN) }, NULL, 0 },
	{ "same id", "QE", FCGI_ERROR_BUSY_ID, 0,
	  { REQUEST(1, KEPT), REQUEST(1, KEPT) }, TEXT("") },
	{ "begin of id 0", "E", FCGI_ERROR_NULL_ID, 0,
	  { BEGIN(0, PLAIN) }, TEXT("") },
	{ "short begin", "E", FCGI_ERROR_BEGIN, 0,
	  { BEGIN(1, "\0\1\0\0\0\0\0") }, TEXT("") },
	{ "empty begin", "E", FCGI_ERROR_BEGIN, 0,
	  { EMPTY(FCGI_BEGIN_REQUEST, 1) }, TEXT("") },
	{ "params after their end", "QE", FCGI_ERROR_ORDER, 0,
	  { REQUEST(1, PLAIN), SOME(FCGI_PARAMS, 1, "\1\1ab") }, TEXT("") },
	{ "second end of params", "QE", FCGI_ERROR_ORDER, 0,
	  { REQUEST(1, PLAIN), EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "a value of 2 GiB", "E", FCGI_ERROR_PAIRS, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_PARAMS, 1, "\1\xff\xff\xff\xff" "a"),
	    EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "params end in a length", "E", FCGI_ERROR_PAIRS, 0,
	  { BEGIN(1, PLAIN), SOME(FCGI_PARAMS, 1, "\1\1ab\1"),
	    EMPTY(FCGI_PARAMS, 1) }, TEXT("") },
	{ "bad values", "E", FCGI_ERROR_PAIRS, 0,
	  { SOME(FCGI_GET_VALUES, 0, "\x0f\1FCGI_MPXS_CONNS") }, TEXT("") },
	{ "long values", "E", FCGI_ERROR_VALUES_MAX, 0,
	  { { FCGI_GET_VALUES, 0, zeros, sizeof(zeros), 0 } }, TEXT("") },
	{ "values just short enough", "Y", 0, 0,
	  { { FCGI_GET_VALUES, 0, zeros, FCGI_VALUES_MAX, 0 } },
	  TEXT("\1\x0a\0\0\0\0\0\0") },
};
/* clang-format on */

/* Feed at most first bytes, then at most rest bytes at a time. */
static void
feed_pieces(struct seen *seen, const struct buf *in, size_t first, size_t rest)
{
	size_t len = first;

	for (size_t at = 0; at < in->len; at += len, len = rest) {
		if (strchr(seen->events, 'E') != NULL)
			break;
		if (len > in->len - at)
			len = in->len - at;
		seen_feed(seen, in->data + at, len);
	}
}

static void
check(const struct row *row, const struct seen *seen, size_t cut)
{
	enum fcgi_error error = fcgi_decode_error(&seen->decoder);

	if (strcmp(seen->events, row->events) != 0)
		fail_msg("%s, cut at %zu: events %s, not %s", row->what, cut,
		    seen->events, row->events);
	if (error != row->error)
		fail_msg("%s, cut at %zu: %s", row->what, cut,
		    fcgi_decode_strerror(error));
	if (row->reply == NULL)
		return;
	assert_int_equal(seen->reply.len, row->reply_len);
	if (row->reply_len > 0)
		assert_memory_equal(
		    seen->reply.data, row->reply, row->reply_len);
}

static void
try_row(const struct row *row)
{
	struct buf in = { 0 };
	struct seen seen;
	size_t used;

	for (const struct peer_record *r = row->records; r->type != 0; r++)
		peer_record(&in, r);
	seen_start(&seen, row->ends);
	feed_pieces(&seen, &in, in.len, in.len);
	check(row, &seen, in.len);
	used = seen.used;
	if (row->error == FCGI_ERROR_NONE)
		assert_int_equal(used, in.len);
	seen_stop(&seen);
	for (size_t cut = 0; cut < in.len; cut++) {
		seen_start(&seen, row->ends);
		feed_pieces(&seen, &in, cut, in.len);
		check(row, &seen, cut);
		assert_int_equal(seen.used, used);
		seen_stop(&seen);
	}
	for (size_t step = 1; step < 9; step += 2) {
		seen_start(&seen, row->ends);
		feed_pieces(&seen, &in, step, step);
		check(row, &seen, step);
		assert_int_equal(seen.used, used);
		seen_stop(&seen);
	}
	buf_free(&in);
}

static void
test_events_do_not_depend_on_where_input_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_events_do_not_depend_on_where_input_is_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fcgi_records", tests, NULL, NULL);
}
