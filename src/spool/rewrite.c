#include <stdlib.h>
#include <string.h>

#include "spool/rewrite.h"

/* How much of two files is compared, and searched for one record. */
#define COMPARED ((uint64_t)16 << 20)
#define SEARCHED ((uint64_t)4 << 20)
/* A first record longer than this is not looked for as a whole. */
#define FIRST_BYTES 4096
#define CHUNK ((size_t)65536)

/* Whether both begin with the same ${len} bytes; false if that is much. */
static bool
begin_alike(const struct segment *a, const struct segment *b, uint64_t len,
    uint8_t *memory)
{
	if (len > COMPARED)
		return false;
	for (uint64_t at = 0; at < len; at += CHUNK) {
		size_t n = len - at < CHUNK ? (size_t)(len - at) : CHUNK;

		if (segment_read(a, memory, n, at) != 0 ||
		    segment_read(b, memory + CHUNK, n, at) != 0 ||
		    memcmp(memory, memory + CHUNK, n) != 0)
			return false;
	}
	return true;
}

/*
 * Whether the record ${first} of ${len} bytes, or as it begins, stands in what
 * was read of ${old}, which ends at ${end}; true if that cannot be told.
 */
static bool
has_record(const struct segment *old, uint64_t end, const uint8_t *first,
    size_t len, uint8_t *memory)
{
	uint64_t at = end > SEARCHED ? end - SEARCHED : 0;

	while (at + len <= end) {
		size_t n =
		    end - at < 2 * CHUNK ? (size_t)(end - at) : 2 * CHUNK;
		const uint8_t *found = memory, *stop = memory + n;

		if (segment_read(old, memory, n, at) != 0)
			return true;
		while ((found = memmem(found, (size_t)(stop - found), first,
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

/* Judge ${file}, which has at least a record; ${memory} is for the reading. */
static enum rewrite
judge(struct segment *old, uint64_t end, struct segment *file, uint64_t size,
    uint8_t *memory)
{
	uint8_t first[FIRST_BYTES];
	size_t len = size < FIRST_BYTES ? (size_t)size : FIRST_BYTES;
	size_t stop;

	if (size >= end && end > 0 && begin_alike(old, file, end, memory))
		return REWRITE_GREW;
	if (segment_read(file, first, len, 0) != 0)
		return REWRITE_OTHER;
	stop = record_find_end(file->form, first, len, -1, 0);
	if (stop > 0)
		len = stop;
	return has_record(old, end, first, len, memory) ? REWRITE_OTHER :
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
		return REWRITE_OTHER;
	if (tail.offset == 0)
		return REWRITE_UNKNOWN;
	if ((memory = malloc(2 * CHUNK)) == NULL)
		return REWRITE_OTHER;
	found = judge(old, at->offset, file, size, memory);
	free(memory);
	return found;
}
