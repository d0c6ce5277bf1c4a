#include "fuzz/disorder/ids.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/disorder/spool.h"
#include "spool/mark.h"

#define KEPT_MAX 256
#define ID_MAX 200
#define MARKS_MAX 40

static struct {
	char text[ID_MAX];
	size_t len;
} kept[KEPT_MAX];
static size_t n_kept; /* all of them; the last KEPT_MAX are there */

void
ids_clear(void)
{
	n_kept = 0;
}

bool
ids_keep(const char *id, size_t len)
{
	size_t at = n_kept % KEPT_MAX;

	if (len == 0 || len > ID_MAX)
		return true;
	memcpy(kept[at].text, id, len);
	kept[at].len = len;
	n_kept++;
	return mark_is_sealed(id, len);
}

static size_t
draw_kept(struct rnd *rnd)
{
	return draw_below(rnd, n_kept < KEPT_MAX ? n_kept : KEPT_MAX);
}

void
ids_put(struct buf *out, struct rnd *rnd)
{
	size_t at;

	if (n_kept == 0)
		return;
	at = draw_kept(rnd);
	if (buf_append(out, kept[at].text, kept[at].len) != 0)
		abort();
}

/* A number near ${n}, or anywhere among those of so many ${bits}. */
static uint64_t
bend_number(struct rnd *rnd, uint64_t n, unsigned bits)
{
	switch (draw_below(rnd, 5)) {
	case 0:
		return 0;
	case 1:
		return n ^ (uint64_t)1 << draw_below(rnd, bits);
	case 2:
		return n + (uint64_t)rnd_between(rnd, -200, 200);
	case 3:
		return ((uint64_t)1 << bits) - 1;
	default:
		return (uint64_t)rnd_between(rnd, 0, ((int64_t)1 << bits) - 1);
	}
}

#define BITS_OF(bits) (((uint32_t)1 << (bits)) - 1)

/* Bend one part of ${mark}, or take it from ${other}. */
static void
bend_mark(struct rnd *rnd, struct mark *mark, const struct mark *other)
{
	struct position *at = &mark->at;

	switch (draw_below(rnd, 9)) {
	case 0:
		at->ino = (uint32_t)bend_number(rnd, at->ino, MARK_INO_BITS) &
		    BITS_OF(MARK_INO_BITS);
		break;
	case 1:
		at->birth =
		    (uint32_t)bend_number(rnd, at->birth, MARK_BIRTH_BITS) &
		    BITS_OF(MARK_BIRTH_BITS);
		break;
	case 2:
	case 3:
		at->check =
		    (uint32_t)bend_number(rnd, at->check, MARK_CHECK_BITS) &
		    BITS_OF(MARK_CHECK_BITS);
		break;
	case 4:
		mark->before = bend_number(rnd, mark->before, 36);
		mark->is_long = draw_chance(rnd, 50);
		break;
	case 5:
		at->offset = bend_number(rnd, at->offset, 47);
		break;
	case 6:
		at->offset = draw_size(rnd, 1000000);
		break;
	case 7:
		*at = other->at;
		mark->state = other->state;
		break;
	default:
		mark->state = (enum mark_state)draw_below(rnd, 3);
		mark->reason = (enum gap_reason)draw_below(rnd, 3);
		break;
	}
}

/* Read the marks of one that was sent; return how many. */
static size_t
read_marks(struct rnd *rnd, struct mark marks[MARKS_MAX])
{
	size_t at = draw_kept(rnd), step = 0, n = 0;
	const char *text = kept[at].text + MARK_SEAL_LEN;

	if (kept[at].len <= MARK_SEAL_LEN)
		return 0;
	while (n < MARKS_MAX / 2 &&
	    mark_next(text, kept[at].len - MARK_SEAL_LEN, &step, &marks[n]) ==
		1)
		n++;
	return n;
}

/* Change the order, leave out, double, or give to another channel. */
static size_t
bend_list(const struct plan *plan, struct rnd *rnd,
    struct mark marks[MARKS_MAX], size_t n)
{
	size_t at = draw_below(rnd, n);

	switch (draw_below(rnd, 6)) {
	case 0:
		marks[at] = marks[n - 1];
		return n > 1 ? n - 1 : n;
	case 1:
		if (n < MARKS_MAX)
			marks[n++] = marks[at];
		return n;
	case 2:
	case 3:
		marks[at].tag = mark_tag(spool_draw_channel(plan, rnd));
		return n;
	default:
		return n;
	}
}

static void
put_marks(struct buf *out, const struct mark *marks, size_t n)
{
	char id[MARK_SEAL_LEN + MARKS_MAX * (MARK_TEXT_MAX + 1)];
	size_t len = MARK_SEAL_LEN;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			id[len++] = '.';
		len += mark_format(&marks[i], id + len);
	}
	mark_seal(id, len);
	if (buf_append(out, id, len) != 0)
		abort();
}

/* What was no id ever. */
static void
put_nonsense(struct buf *out, struct rnd *rnd)
{
	static const char *const texts[] = { "x", "0", "~", ".", "AAAA", "AA.",
		"AAAAAA", "....", "%00", "AA~mine" };
	size_t from = out->len;

	if (draw_chance(rnd, 60) || n_kept == 0) {
		if (buf_puts(out, texts[draw_below(rnd, 10)]) != 0)
			abort();
		return;
	}
	ids_put(out, rnd);
	out->data[from + draw_below(rnd, out->len - from)] =
	    (uint8_t)rnd_between(rnd, 1, 255);
	if (draw_chance(rnd, 50))
		out->len = from + draw_below(rnd, out->len - from);
}

void
ids_put_bent(struct buf *out, const struct plan *plan, struct rnd *rnd)
{
	struct mark marks[MARKS_MAX], others[MARKS_MAX];
	size_t n, n_others;

	if (n_kept == 0 || draw_chance(rnd, 20)) {
		put_nonsense(out, rnd);
		return;
	}
	n = read_marks(rnd, marks);
	n_others = read_marks(rnd, others);
	if (n == 0 || n_others == 0) {
		put_nonsense(out, rnd);
		return;
	}
	do {
		bend_mark(rnd, &marks[draw_below(rnd, n)],
		    &others[draw_below(rnd, n_others)]);
	} while (draw_chance(rnd, 30));
	n = bend_list(plan, rnd, marks, n);
	put_marks(out, marks, n);
	if (draw_chance(rnd, 10) && buf_puts(out, "~mine") != 0)
		abort();
}
