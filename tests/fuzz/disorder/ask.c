#include "fuzz/disorder/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/disorder/ids.h"
#include "fuzz/disorder/report.h"
#include "fuzz/disorder/spool.h"
#include "helpers/fcgi_attack.h"

static void
puts_to(struct buf *out, const char *text)
{
	if (buf_puts(out, text) != 0)
		abort();
}

/* As peer_pair, of any bytes. */
static void
put_pair(struct buf *pairs, const char *name, const struct buf *value)
{
	peer_length(pairs, strlen(name), 0);
	peer_length(pairs, value->len, 0);
	peer_put(pairs, name, strlen(name));
	peer_put(pairs, value->data, value->len);
}

static void
put_text_pair(struct buf *pairs, const char *name, const char *value)
{
	peer_pair(pairs, name, value);
}

/* A name of a channel, of none, or a pattern. */
static void
put_name(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	static const char *const patterns[] = { "*", "n*", "?", "[a-d]*", "*s",
		"**", "x*", "[", "\\", "*e*" };
	static const char *const others[] = { "", ".", "..", "news.1", "a/b",
		".spoolcast", "%2e%2e", "%", "%00", "news%0a", "nobody",
		"probe" };

	if (draw_chance(rnd, 75))
		puts_to(out, spool_draw_channel(plan, rnd));
	else if (draw_chance(rnd, 60))
		puts_to(out, patterns[draw_below(rnd, 10)]);
	else
		puts_to(out, others[draw_below(rnd, 12)]);
}

static void
put_names(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	size_t n = draw_chance(rnd, 60) ? 1 : draw_below(rnd, 5) + 1;

	if (draw_chance(rnd, 5)) {
		report_count("requests", "of-many-names", 1);
		n = draw_below(rnd, 40) + 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			puts_to(out, ",");
		put_name(out, plan, rnd);
		if (n > 8 && buf_printf(out, "-%zu", draw_below(rnd, 50)) != 0)
			abort();
	}
}

static void
put_number(struct buf *out, struct rnd *rnd)
{
	static const char *const others[] = { "all", "-1", "", "x", "1e9",
		"18446744073709551616", "0", "true" };

	if (draw_chance(rnd, 75)) {
		if (buf_printf(out, "%" PRIu64, draw_size(rnd, 2000000)) != 0)
			abort();
	} else {
		puts_to(out, others[draw_below(rnd, 8)]);
	}
}

/* An id, as text of a query. */
static void
put_id(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	bool is_bent = draw_chance(rnd, plan->bent_percent);

	report_count("requests", is_bent ? "with-bent-id" : "with-id", 1);
	if (is_bent)
		ids_put_bent(out, plan, rnd);
	else
		ids_put(out, rnd);
}

static void
put_parameter(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	static const char *const types[] = { "message", "none", "a,b,c", "t1",
		"message,t1,t2,t3,t4,t5", "spoolcast.gap", "" };
	static const char *const modes[] = { "stream", "batch", "pad", "close",
		"auto", "x" };

	switch (draw_below(rnd, 8)) {
	case 0:
	case 1:
		report_count("requests", "of-history", 1);
		puts_to(out, "history=");
		put_number(out, rnd);
		break;
	case 2:
		report_count("requests", "of-types", 1);
		puts_to(out, "type=");
		puts_to(out, types[draw_below(rnd, 7)]);
		break;
	case 3:
		puts_to(out, "padding=");
		put_number(out, rnd);
		break;
	case 4:
		puts_to(out, "flush=");
		puts_to(out, modes[draw_below(rnd, 6)]);
		break;
	case 5:
		puts_to(out, "open=1");
		break;
	case 6:
		puts_to(out,
		    draw_chance(rnd, 50) ? "lastEventId=" :
					   "evs_last_event_id=");
		put_id(out, plan, rnd);
		break;
	default:
		puts_to(out, "channel=");
		put_names(out, plan, rnd);
		break;
	}
}

static void
put_query(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	const char *before = "";

	while (draw_chance(rnd, 45)) {
		puts_to(out, before);
		put_parameter(out, plan, rnd);
		before = "&";
	}
}

/* What the web server says of itself, and of its client. */
static void
put_server(struct buf *pairs, struct rnd *rnd)
{
	static const char *const servers[] = { "lighttpd/1.4.69",
		"Apache/2.4.57 (Debian) mod_fcgid/2.3.9", "nginx/1.22.1",
		"Apache/2.4.57", "Caddy", "h2o/2.2.5", "" };
	static const char *const accepts[] = { "text/event-stream", "*/*",
		"text/html", "text/event-stream;q=0", "a,b;c=d,", "" };
	char address[40];

	if (draw_chance(rnd, 90))
		put_text_pair(pairs, "HTTP_ACCEPT",
		    accepts[draw_chance(rnd, 85) ? 0 : draw_below(rnd, 6)]);
	if (draw_chance(rnd, 50))
		put_text_pair(
		    pairs, "SERVER_SOFTWARE", servers[draw_below(rnd, 7)]);
	if (draw_chance(rnd, 70)) {
		snprintf(address, sizeof(address),
		    draw_chance(rnd, 50) ? "10.0.0.%zu" : "2001:db8::%zu",
		    draw_below(rnd, 9));
		put_text_pair(pairs, "REMOTE_ADDR", address);
	}
}

void
ask_pairs(struct buf *pairs, const struct plan *plan, struct rnd *rnd)
{
	static const char *const methods[] = { "HEAD", "HEAD", "HEAD",
		"OPTIONS", "POST", "", "GETT" };
	const char *method =
	    draw_chance(rnd, 75) ? "GET" : methods[draw_below(rnd, 7)];
	struct buf value = { 0 };

	report_count("requests", *method == '\0' ? "no-method" : method, 1);
	put_text_pair(pairs, "REQUEST_METHOD", method);
	puts_to(&value, "/events/");
	put_names(&value, plan, rnd);
	puts_to(&value, "?");
	put_query(&value, plan, rnd);
	if (draw_chance(rnd, 97))
		put_pair(pairs, "REQUEST_URI", &value);
	put_server(pairs, rnd);
	if (draw_chance(rnd, plan->id_percent)) {
		value.len = 0;
		put_id(&value, plan, rnd);
		put_pair(pairs, "HTTP_LAST_EVENT_ID", &value);
	}
	buf_free(&value);
}

void
ask_put(struct buf *out, uint16_t id, bool keeps, const struct buf *pairs)
{
	peer_begin(out, id, FCGI_RESPONDER, keeps ? FCGI_KEEP_CONN : 0);
	peer_params(out, id, pairs);
	peer_empty(out, FCGI_STDIN, id);
}

/* Change, leave out and double bytes of what is behind ${from}. */
static void
spoil(struct buf *out, size_t from, struct rnd *rnd)
{
	size_t at, n;

	do {
		if (out->len <= from)
			return;
		at = from + draw_below(rnd, out->len - from);
		n = draw_size(rnd, out->len - at);
		switch (draw_below(rnd, 4)) {
		case 0:
			out->data[at] = (uint8_t)rnd_between(rnd, 0, 255);
			break;
		case 1:
			out->data[at] ^= (uint8_t)(1 << draw_below(rnd, 8));
			break;
		case 2:
			memmove(out->data + at, out->data + at + n,
			    out->len - at - n);
			out->len -= n;
			break;
		default:
			if (buf_reserve(out, n) != 0)
				abort();
			memcpy(out->data + out->len, out->data + at, n);
			out->len += n;
			break;
		}
	} while (draw_chance(rnd, 50));
}

void
ask_put_broken(struct buf *out, const struct buf *pairs, struct rnd *rnd)
{
	struct attack attack = {
		.id = (uint16_t)rnd_between(rnd, 0, 3),
		.pairs = pairs,
		.rnd = rnd,
	};
	const struct attack_kind *kind =
	    &attack_kinds[draw_below(rnd, N_ATTACK_KINDS)];
	size_t from = out->len;
	struct buf own = { 0 };

	report_count("requests", "broken", 1);
	if (draw_chance(rnd, 50)) {
		/* They begin a buffer of their own. */
		kind->build(&own, &attack);
		peer_put(out, own.data, own.len);
		buf_free(&own);
	} else {
		ask_put(out, attack.id, draw_chance(rnd, 50), pairs);
	}
	if (draw_chance(rnd, 70))
		spoil(out, from, rnd);
}
