#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "spool/rewrite.h"

/* How many bytes of two files are compared, and searched for one record. */
#define COMPARED ((uint64_t)16 << 20)
#define SEARCHED ((uint64_t)2 << 20)
/* A first record longer than this is not looked for as a whole. */
#define FIRST_BYTES 4096
/*
 * How many of the last records are looked for together: a single one may well
 * be in both files by chance.
 */
#define LAST_RECORDS 3
#define CHUNK ((size_t)65536)

/*
 * Return REWRITE_GREW if both begin with the same ${len} bytes; REWRITE_OTHER
 * if not, or if that is too much to compare; REWRITE_MORE if the slice is over:
 * ${old} keeps how far they were compared.
 */
static enum rewrite
begin_alike(struct segment *old, const struct segment *file, uint64_t len,
    uint8_t *memory)
{
	struct segment_alike *alike = &old->alike;

	if (len > COMPARED)
		return REWRITE_OTHER;
	if (!segment_id_equal(&alike->id, &file->id))
		*alike = (struct segment_alike){ .id = file->id };
	while (alike->upto < len) {
		const uint64_t at = alike->upto;
		size_t n = len - at < CHUNK ? (size_t)(len - at) : CHUNK;

		if (slice_take(2 * CHUNK) != 0)
			return REWRITE_MORE;
		if (segment_read(old, memory, n, at) != 0 ||
		    segment_read(file, memory + CHUNK, n, at) != 0 ||
		    memcmp(memory, memory + CHUNK, n) != 0)
			return REWRITE_OTHER;
		alike->upto += n;
	}
	return REWRITE_GREW;
}

/*
 * Return whether the ${len} bytes at ${wanted}, which are records or how one
 * begins, stand in ${seg} before ${end}; true if that cannot be told.
 */
static bool
has_records(const struct segment *seg, uint64_t end, const uint8_t *wanted,
    size_t len, uint8_t *memory)
{
	uint64_t at = end > SEARCHED ? end - SEARCHED : 0;

	while (at + len <= end) {
		size_t n =
		    end - at < 2 * CHUNK ? (size_t)(end - at) : 2 * CHUNK;
		const uint8_t *found = memory, *stop = memory + n;

		if (segment_read(seg, memory, n, at) != 0)
			return true;
		while ((found = memmem(found, (size_t)(stop - found), wanted,
			    len)) != NULL) {
			/* In the middle of a line it is another record. */
			if ((found == memory && at == 0) ||
			    (found > memory && found[-1] == '\n'))
				return true;
			found++;
		}
		if (n < 2 * CHUNK)
			break;
		at += n - len;
	}
	return false;
}

/*
 * Return whether the last records of ${old}, which was read up to ${end}, stand
 * anywhere in ${file} of ${size} bytes: if so, what is before them was changed.
 */
static bool
has_last(const struct segment *old, uint64_t end, const struct segment *file,
    uint64_t size, uint8_t *memory)
{
	uint8_t last[FIRST_BYTES];
	size_t len = end < FIRST_BYTES ? (size_t)end : FIRST_BYTES;
	size_t start = len;

	if (segment_read(old, last, len, end - len) != 0)
		return true;
	for (int i = 0; i < LAST_RECORDS && start > 0; i++) {
		size_t before = record_last_end(old->form, last, start - 1, -1);

		/* The record begins before what was read. */
		if (before == 0 && end > len)
			break;
		start = before;
	}
	/* Blank lines are no records. */
	return len - start > LAST_RECORDS &&
	    has_records(file, size, last + start, len - start, memory);
}

/* Judge ${file}, which has at least a record; ${memory} is for the reading. */
static enum rewrite
judge(struct segment *old, uint64_t end, struct segment *file, uint64_t size,
    uint8_t *memory)
{
	uint8_t first[FIRST_BYTES];
	size_t len = size < FIRST_BYTES ? (size_t)size : FIRST_BYTES;
	enum rewrite alike = REWRITE_OTHER;
	size_t stop;

	if (size >= end && end > 0)
		alike = begin_alike(old, file, end, memory);
	if (alike != REWRITE_OTHER)
		return alike;
	if (segment_read(file, first, len, 0) != 0)
		return REWRITE_OTHER;
	stop = record_find_end(file->form, first, len, -1, 0);
	if (stop > 0)
		len = stop;
	return has_records(old, end, first, len, memory) ||
		has_last(old, end, file, size, memory) ?
	    REWRITE_OTHER :
	    REWRITE_NONE;
}

enum rewrite
rewrite_judge(
    struct segment *old, const struct position *at, struct segment *file)
{
	enum rewrite found;
	struct position tail;
	uint8_t *memory;
	uint64_t size;

	if (segment_size(file, &size) != 0 || segment_tail(file, &tail) != 0)
		return errno == EAGAIN ? REWRITE_MORE : REWRITE_OTHER;
	if (tail.offset == 0)
		return REWRITE_UNKNOWN;
	if ((memory = malloc(2 * CHUNK)) == NULL)
		return REWRITE_OTHER;
	found = judge(old, at->offset, file, size, memory);
	free(memory);
	return found;
}
