/*
 * What no web server sends: the kinds of attack of fcgi_peer, as bytes and as
 * what is done after they are sent.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FCGI_ATTACK_H
#define SPOOLCAST_TESTS_HELPERS_FCGI_ATTACK_H

#include "base/rnd.h"
#include "fcgi_peer.h"

enum after {
	AFTER_HOLD,    /* keep the connection open */
	AFTER_WAIT,    /* read until END_REQUEST or the other side closes */
	AFTER_HANG_UP, /* say that nothing more comes, then read like that */
	AFTER_CLOSE,   /* close at once */
};

/* What the bytes are made of. */
struct attack {
	uint16_t id;
	const struct buf *pairs;
	struct rnd *rnd;
};

static inline void
attack_request(struct buf *out, const struct attack *a)
{
	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	peer_params(out, a->id, a->pairs);
	peer_empty(out, FCGI_STDIN, a->id);
}

/* Asks for so many records of news that hardly anyone else is where it is. */
static inline void
attack_behind(struct buf *out, const struct attack *a)
{
	struct buf pairs = { 0 };
	struct attack own = { a->id, &pairs, a->rnd };
	char uri[40];

	snprintf(uri, sizeof(uri), "/news?history=%d",
	    (int)rnd_between(a->rnd, 10000, 20000));
	peer_pair(&pairs, "REQUEST_METHOD", "GET");
	peer_pair(&pairs, "REQUEST_URI", uri);
	attack_request(out, &own);
	buf_free(&pairs);
}

static inline void
attack_silent(struct buf *out, const struct attack *a)
{
	(void)out;
	(void)a;
}

static inline void
attack_half_header(struct buf *out, const struct attack *a)
{
	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	out->len = FCGI_HEADER_LEN / 2;
}

static inline void
attack_half_begin(struct buf *out, const struct attack *a)
{
	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	out->len -= sizeof(FCGI_BeginRequestBody) / 2;
}

static inline void
attack_half_params(struct buf *out, const struct attack *a)
{
	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	peer_header(out,
	    &(struct peer_record){
		.type = FCGI_PARAMS, .id = a->id, .len = a->pairs->len + 1 });
	peer_put(out, a->pairs->data, a->pairs->len);
}

static inline void
attack_half_request(struct buf *out, const struct attack *a)
{
	attack_request(out, a);
	out->len /= 2;
}

static inline void
attack_wrong_version(struct buf *out, const struct attack *a)
{
	attack_request(out, a);
	out->data[0] = FCGI_VERSION_1 + 1;
}

static inline void
attack_huge_pair(struct buf *out, const struct attack *a)
{
	static const char pair[] = "\4\xff\xff\xff\xff"
				   "HUGEand that is all";

	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	peer_record(out,
	    &(struct peer_record){ .type = FCGI_PARAMS,
		.id = a->id,
		.content = pair,
		.len = sizeof(pair) - 1 });
	peer_empty(out, FCGI_PARAMS, a->id);
}

static inline void
attack_huge_record(struct buf *out, const struct attack *a)
{
	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	peer_header(out,
	    &(struct peer_record){
		.type = FCGI_PARAMS, .id = a->id, .len = FCGI_MAX_LENGTH });
}

static inline void
attack_management(struct buf *out, const struct attack *a)
{
	struct peer_record question = { .type = FCGI_GET_VALUES,
		.content = "\x0e\0FCGI_MAX_CONNS",
		.len = 16 };

	peer_begin(out, a->id, FCGI_RESPONDER, 0);
	for (int i = 0; i < 1000; i++) {
		question.type = i % 2 == 0 ? FCGI_GET_VALUES : 99;
		peer_record(out, &question);
	}
}

static inline void
attack_abort(struct buf *out, const struct attack *a)
{
	attack_request(out, a);
	peer_empty(out, FCGI_ABORT_REQUEST, a->id);
}

static inline void
attack_noise(struct buf *out, const struct attack *a)
{
	for (int64_t n = rnd_between(a->rnd, 1, 4000); n > 0; n--) {
		uint8_t byte = (uint8_t)rnd_between(a->rnd, 0, 255);

		peer_put(out, &byte, 1);
	}
}

/* Noise in the form of records, some of them in a request. */
static inline void
attack_noisy_records(struct buf *out, const struct attack *a)
{
	struct buf noise = { 0 };
	struct peer_record r;

	if (rnd_between(a->rnd, 0, 1) == 0)
		peer_begin(out, a->id, FCGI_RESPONDER, 0);
	for (int64_t n = rnd_between(a->rnd, 1, 20); n > 0; n--) {
		attack_noise(&noise, a);
		r = (struct peer_record){
			.type = (uint8_t)rnd_between(a->rnd, 0, 12),
			.id = (uint16_t)rnd_between(a->rnd, 0, 2),
			.content = noise.data,
			.len = (size_t)rnd_between(a->rnd, 0, 20),
			.padding = (uint8_t)rnd_between(a->rnd, 0, 9),
		};
		if (r.len > noise.len)
			r.len = noise.len;
		peer_record(out, &r);
		noise.len = 0;
	}
	buf_free(&noise);
}

/* Rows of one name take turns. */
static const struct attack_kind {
	const char *name;
	void (*build)(struct buf *out, const struct attack *a);
	enum after after;
} attack_kinds[] = {
	{ "silent", attack_silent, AFTER_HOLD },
	{ "deaf", attack_request, AFTER_HOLD },
	{ "deaf-behind", attack_behind, AFTER_HOLD },
	{ "half-header", attack_half_header, AFTER_HOLD },
	{ "half-begin", attack_half_begin, AFTER_HOLD },
	{ "half-params", attack_half_params, AFTER_HOLD },
	{ "wrong-version", attack_wrong_version, AFTER_WAIT },
	{ "huge-length", attack_huge_pair, AFTER_WAIT },
	{ "huge-length", attack_huge_record, AFTER_HOLD },
	{ "flood-mgmt", attack_management, AFTER_WAIT },
	{ "abort", attack_abort, AFTER_WAIT },
	{ "early-close", attack_request, AFTER_CLOSE },
	{ "early-close-half", attack_half_request, AFTER_CLOSE },
	{ "garbage", attack_noise, AFTER_HANG_UP },
	{ "garbage", attack_noisy_records, AFTER_HANG_UP },
};

#define N_ATTACK_KINDS (sizeof(attack_kinds) / sizeof(attack_kinds[0]))

#endif
