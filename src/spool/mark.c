#include <string.h>

#include "base/hash.h"
#include "spool/mark.h"

/* RFC 4648 section 5 digits, without padding, most significant first. */
static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define DIGIT_BITS 6
#define TAG_LEN (MARK_TAG_BITS / DIGIT_BITS)
#define INO_LEN (MARK_INO_BITS / DIGIT_BITS)
#define BIRTH_LEN (MARK_BIRTH_BITS / DIGIT_BITS)
#define CHECK_LEN (MARK_CHECK_BITS / DIGIT_BITS)
#define BEFORE_LEN (MARK_BEFORE_BITS / DIGIT_BITS)
#define FIXED_LEN (TAG_LEN + INO_LEN + BIRTH_LEN + CHECK_LEN + BEFORE_LEN)
#define OFFSET_LEN_MAX 8

/* In the long form all numbers have as many digits as they may have. */
#define LONG_BEFORE_LEN 6
#define LONG_OFFSET_LEN 6
#define LONG_LEN (FIXED_LEN - BEFORE_LEN + LONG_BEFORE_LEN + LONG_OFFSET_LEN)
_Static_assert(
    LONG_LEN == MARK_TEXT_MAX && LONG_LEN > FIXED_LEN + OFFSET_LEN_MAX,
    "a long mark is told by its length");

static const struct {
	char letter;
	const char *name;
} reasons[] = {
	[GAP_EXPIRED] = { 'e', "expired" },
	[GAP_REPLACED] = { 'r', "replaced" },
	[GAP_UNKNOWN] = { 'u', "unknown" },
};
#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

uint32_t
mark_tag(const char *name)
{
	uint64_t hash = hash_mix(hash_bytes(HASH_START, name, strlen(name)));

	return (uint32_t)(hash >> (64 - MARK_TAG_BITS));
}

static char *
put(char *out, uint64_t value, int len)
{
	for (int i = len - 1; i >= 0; i--) {
		out[i] = digits[value & 63];
		value >>= DIGIT_BITS;
	}
	return out + len;
}

static int
offset_len(uint64_t offset)
{
	int len = 1;

	while (len < OFFSET_LEN_MAX && offset >> (len * DIGIT_BITS) != 0)
		len++;
	return len;
}

/*
 * Return what the short form says of ${before}: 0 for none, or a number from 1
 * to MARK_BEFORE_RANGE.
 */
static uint64_t
short_before(uint64_t before)
{
	return before == 0 ? 0 : (before - 1) % MARK_BEFORE_RANGE + 1;
}

static char *
put_position(char *p, const struct mark *mark)
{
	uint64_t before = mark->before, offset = mark->at.offset;

	p = put(p, mark->at.ino, INO_LEN);
	p = put(p, mark->at.birth, BIRTH_LEN);
	p = put(p, mark->at.check, CHECK_LEN);
	if (mark->is_long && before >> (LONG_BEFORE_LEN * DIGIT_BITS) == 0 &&
	    offset >> (LONG_OFFSET_LEN * DIGIT_BITS) == 0) {
		p = put(p, before, LONG_BEFORE_LEN);
		return put(p, offset, LONG_OFFSET_LEN);
	}
	p = put(p, short_before(before), BEFORE_LEN);
	return put(p, offset, offset_len(offset));
}

size_t
mark_format(const struct mark *mark, char *out)
{
	char *p = put(out, mark->tag, TAG_LEN);

	switch (mark->state) {
	case MARK_START:
		break;
	case MARK_LOST:
		*p++ = reasons[mark->reason].letter;
		break;
	case MARK_AT:
		p = put_position(p, mark);
		break;
	}
	return (size_t)(p - out);
}

static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

static bool
get(const char **text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = digit_value((*text)[i]);

		if (digit < 0)
			return false;
		value = value << DIGIT_BITS | (uint64_t)digit;
	}
	*text += len;
	*out = value;
	return true;
}

static bool
parse_reason(char letter, enum gap_reason *out)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (reasons[i].letter == letter) {
			*out = (enum gap_reason)i;
			return true;
		}
	}
	return false;
}

static bool
parse_position(const char *text, size_t len, struct mark *out)
{
	uint64_t ino, birth, check, before, offset;
	const char *end = text + len;
	bool is_long = len == LONG_LEN - TAG_LEN;

	if (!get(&text, INO_LEN, &ino) || !get(&text, BIRTH_LEN, &birth) ||
	    !get(&text, CHECK_LEN, &check) ||
	    !get(&text, is_long ? LONG_BEFORE_LEN : BEFORE_LEN, &before) ||
	    !get(&text, (size_t)(end - text), &offset))
		return false;
	out->at.ino = (uint32_t)ino;
	out->at.birth = (uint32_t)birth;
	out->at.check = (uint32_t)check;
	out->at.offset = offset;
	out->before = before;
	out->is_long = is_long;
	return true;
}

bool
mark_parse(const char *text, size_t len, struct mark *out)
{
	struct mark mark = { .state = MARK_START };
	uint64_t tag;

	if (len < TAG_LEN || !get(&text, TAG_LEN, &tag))
		return false;
	mark.tag = (uint32_t)tag;
	if (len == TAG_LEN + 1) {
		mark.state = MARK_LOST;
		if (!parse_reason(*text, &mark.reason))
			return false;
	} else if (len > TAG_LEN) {
		if (len <= FIXED_LEN || len > MARK_TEXT_MAX)
			return false;
		mark.state = MARK_AT;
		if (!parse_position(text, len - TAG_LEN, &mark))
			return false;
	}
	*out = mark;
	return true;
}

static uint64_t
seal_of(const char *id, size_t len)
{
	return hash_mix(hash_bytes(
		   HASH_START, id + MARK_SEAL_LEN, len - MARK_SEAL_LEN)) >>
	    (64 - MARK_SEAL_LEN * DIGIT_BITS);
}

void
mark_seal(char *id, size_t len)
{
	put(id, seal_of(id, len), MARK_SEAL_LEN);
}

size_t
mark_id_len(const char *id, size_t len)
{
	const char *tilde = memchr(id, '~', len);

	return tilde == NULL ? len : (size_t)(tilde - id);
}

bool
mark_is_sealed(const char *id, size_t len)
{
	uint64_t seal;

	len = mark_id_len(id, len);
	if (len <= MARK_SEAL_LEN)
		return false;
	return get(&(const char *){ id }, MARK_SEAL_LEN, &seal) &&
	    seal == seal_of(id, len);
}

int
mark_next(const char *text, size_t len, size_t *at, struct mark *out)
{
	size_t end = mark_id_len(text, len);
	const char *dot;
	size_t stop;

	/* It is one beyond the end when the last mark has been handed out. */
	if (*at > end)
		return 0;
	dot = memchr(text + *at, '.', end - *at);
	stop = dot == NULL ? end : (size_t)(dot - text);
	if (!mark_parse(text + *at, stop - *at, out))
		return -1;
	*at = stop + 1;
	return 1;
}

const char *
mark_reason_name(enum gap_reason reason)
{
	return reasons[reason].name;
}
