/*
 * Event ids of any bytes: what is read as marks can be written again, and says
 * the same; and any mark that is written can be read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spool/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; assert() may be compiled out. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What a short mark says of it. */
static uint64_t
rest_of(uint64_t before)
{
	return before == 0 ? 0 : (before - 1) % MARK_BEFORE_RANGE + 1;
}

/* ${b} may be short where ${a} is long, as its numbers are too large. */
static bool
is_same(const struct mark *a, const struct mark *b)
{
	if (a->tag != b->tag || a->state != b->state)
		return false;
	switch (a->state) {
	case MARK_START:
		return true;
	case MARK_LOST:
		return a->reason == b->reason;
	case MARK_AT:
		return a->at.ino == b->at.ino && a->at.birth == b->at.birth &&
		    a->at.check == b->at.check &&
		    a->at.offset == b->at.offset &&
		    (a->is_long || !b->is_long) &&
		    b->before == (b->is_long ? a->before : rest_of(a->before));
	}
	return false;
}

/* Write the mark and read it back; return the length of its text. */
static size_t
there_and_back(const struct mark *mark)
{
	char text[MARK_TEXT_MAX];
	struct mark back;
	size_t len = mark_format(mark, text);

	must(len >= 4 && len <= MARK_TEXT_MAX);
	must(memchr(text, '.', len) == NULL && memchr(text, '~', len) == NULL);
	must(mark_parse(text, len, &back));
	must(is_same(mark, &back));
	return len;
}

static void
read_id(const char *id, size_t len)
{
	size_t at = 0, before, n = 0;
	struct mark mark = { .tag = 0x5a5a5a }, unchanged;
	int rc;

	for (;;) {
		unchanged = mark;
		before = at;
		rc = mark_next(id, len, &at, &mark);
		if (rc != 1)
			break;
		must(at > before && at <= len + 1);
		/* Zeros in front of an offset are the only freedom. */
		must(there_and_back(&mark) <= at - before - 1);
		n++;
	}
	must(is_same(&mark, &unchanged));
	must(rc == 0 || rc == -1);
	must(rc == -1 || n > 0);
	if (rc == 0)
		must(mark_next(id, len, &at, &mark) == 0);
}

/* A number of so many bits out of the bytes. */
static uint64_t
take(const uint8_t **data, int bits)
{
	uint64_t value;

	memcpy(&value, *data, sizeof(value));
	*data += sizeof(value);
	return value & (((uint64_t)1 << bits) - 1);
}

static void
write_mark(const uint8_t *data)
{
	struct mark mark = { 0 };

	mark.tag = (uint32_t)take(&data, MARK_TAG_BITS);
	mark.state = (enum mark_state)(take(&data, 32) % 3);
	mark.reason = (enum gap_reason)(take(&data, 32) % 3);
	mark.at.ino = (uint32_t)take(&data, MARK_INO_BITS);
	mark.at.birth = (uint32_t)take(&data, MARK_BIRTH_BITS);
	mark.at.check = (uint32_t)take(&data, MARK_CHECK_BITS);
	mark.at.offset = take(&data, 42);
	mark.before = take(&data, 37);
	mark.is_long = take(&data, 1) == 1;
	there_and_back(&mark);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	read_id((const char *)data, size);
	if (size >= 9 * sizeof(uint64_t))
		write_mark(data);
	return 0;
}
