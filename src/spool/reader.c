#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "spool/reader.h"

#define CHUNK 65536
/* A record's end may take this many bytes beyond its content. */
#define END_BYTES 4
/*
 * The end of a record that is longer than this is looked for first: the record
 * is read only when it is whole, and not again each time that it grows.
 */
#define LONG_BYTES 262144
/* Bytes to scan in one call for the end of a record that is too long. */
#define SCAN_LIMIT (2 << 20)

/* Read at most ${len} bytes at ${offset}; return as pread(2). */
static ssize_t
read_some(const struct reader *r, uint8_t *out, size_t len, uint64_t offset)
{
	ssize_t n;

	do {
		n = pread(r->seg->fd, out, len, (off_t)offset);
	} while (n == -1 && errno == EINTR);
	return n;
}

static int
grow(struct reader *r, size_t cap)
{
	uint8_t *bytes;

	if (cap <= r->cap)
		return 0;
	if ((bytes = realloc(r->bytes, cap)) == NULL)
		return -1;
	r->bytes = bytes;
	r->cap = cap;
	return 0;
}

/* Append what the file has next to the buffer; return as read_some. */
static ssize_t
fill(struct reader *r)
{
	ssize_t n =
	    read_some(r, r->bytes + r->len, r->cap - r->len, r->start + r->len);

	if (n > 0)
		r->len += (size_t)n;
	return n;
}

/* Let the buffer begin with the bytes before ${offset} that its check needs. */
static enum read_result
load(struct reader *r, uint64_t offset)
{
	size_t back = SEGMENT_CHECK_BYTES;
	uint64_t ahead;

	if (offset < back)
		back = (size_t)offset;
	ahead = r->size > offset ? r->size - offset : 0;
	/*
	 * Make room for what there is, at most a chunk: a small file needs
	 * little.
	 */
	if (grow(r, back + (ahead < CHUNK ? (size_t)ahead + 1 : CHUNK)) != 0)
		return READ_ERROR;
	r->start = offset - back;
	r->len = 0;
	r->at = back;
	r->scanned = 0;
	/* A file that does not reach to ${offset} any more was cut. */
	while (r->len < back) {
		ssize_t n = fill(r);

		if (n == -1)
			return READ_ERROR;
		if (n == 0)
			return READ_CHANGED;
	}
	if (r->start == 0)
		return READ_RECORD;
	/* The head is read anew each time, as the file may have been edited. */
	switch (read_some(r, r->head, sizeof(r->head), 0)) {
	case sizeof(r->head):
		return READ_RECORD;
	case -1:
		return READ_ERROR;
	}
	return READ_CHANGED;
}

/* Make the position of the buffer's index ${at}. */
static void
position_at(const struct reader *r, size_t at, struct position *out)
{
	uint64_t offset = r->start + at;
	size_t len = SEGMENT_CHECK_BYTES;
	const uint8_t *head = r->start == 0 ? r->bytes : r->head;

	if (offset < len)
		len = (size_t)offset;
	out->offset = offset;
	out->ino = r->seg->ino_hash;
	out->birth = r->seg->birth_hash;
	out->check = segment_check(head, len, r->bytes + at - len, len);
}

enum read_result
reader_start(struct reader *r, struct segment *seg, const struct position *from,
    uint64_t max_record)
{
	enum read_result result;
	struct position here;
	struct stat st;

	r->seg = seg;
	r->long_upto = 0;
	r->max_record = max_record;
	if (fstat(seg->fd, &st) != 0)
		return READ_ERROR;
	r->size = (uint64_t)st.st_size;
	if (r->size < from->offset)
		return READ_CHANGED;
	if ((result = load(r, from->offset)) != READ_RECORD)
		return result;
	position_at(r, r->at, &here);
	return here.check == from->check ? READ_RECORD : READ_CHANGED;
}

/* Drop what was handed out, but for what the next check needs. */
static void
compact(struct reader *r)
{
	size_t drop;

	/* Checks need the head of the file when the buffer has gone on, too. */
	if (r->start == 0 && r->len >= SEGMENT_CHECK_BYTES)
		memcpy(r->head, r->bytes, SEGMENT_CHECK_BYTES);
	if (r->at <= SEGMENT_CHECK_BYTES)
		return;
	drop = r->at - SEGMENT_CHECK_BYTES;
	r->len -= drop;
	memmove(r->bytes, r->bytes + drop, r->len);
	r->start += drop;
	r->at -= drop;
}

/* Return the scan of the record that starts here, or NULL if none is kept. */
static struct segment_scan *
find_scan(const struct reader *r)
{
	for (size_t i = 0; i < SEGMENT_SCANS; i++) {
		struct segment_scan *scan = &r->seg->scans[i];

		if (scan->upto != 0 && scan->start == r->start + r->at)
			return scan;
	}
	return NULL;
}

/* Return how far the record that starts here is known to have no end. */
static uint64_t
scanned_before(const struct reader *r)
{
	const struct segment_scan *scan = find_scan(r);
	uint64_t from = r->start + r->len;
	uint8_t tail[SEGMENT_CHECK_BYTES];

	if (scan == NULL || scan->upto <= from || scan->upto > r->size)
		return from;
	/* If the file was written anew since, the record may have an end. */
	if (read_some(r, tail, sizeof(tail), scan->upto - sizeof(tail)) !=
		sizeof(tail) ||
	    segment_check(NULL, 0, tail, sizeof(tail)) != scan->check)
		return from;
	return scan->upto;
}

/* Remember for the next time that there is no end before ${upto}. */
static void
keep_scanned(struct reader *r, uint64_t upto)
{
	struct segment_scan *scan = find_scan(r);
	uint8_t tail[SEGMENT_CHECK_BYTES];

	if (read_some(r, tail, sizeof(tail), upto - sizeof(tail)) !=
	    sizeof(tail))
		return;
	if (scan == NULL)
		scan = &r->seg->scans[r->seg->next_scan++ % SEGMENT_SCANS];
	scan->start = r->start + r->at;
	scan->upto = upto;
	scan->check = segment_check(NULL, 0, tail, sizeof(tail));
}

/*
 * Forget the scan of the record that starts here: it is handed out, or passed
 * over.
 */
static void
forget_scan(const struct reader *r)
{
	struct segment_scan *scan = find_scan(r);

	if (scan != NULL)
		scan->upto = 0;
}

/*
 * Return how far to scan now.  Where more scans are under way than are kept,
 * this one might be forgotten before it comes to its end, so it goes there at
 * once.
 */
static uint64_t
scan_limit(const struct reader *r, uint64_t from)
{
	bool is_crowded = find_scan(r) == NULL;

	for (size_t i = 0; i < SEGMENT_SCANS; i++)
		is_crowded = is_crowded && r->seg->scans[i].upto != 0;
	return is_crowded || from + SCAN_LIMIT > r->size ? r->size :
							   from + SCAN_LIMIT;
}

/*
 * Scan on for the end of a long record.  Return READ_LONG with the offset of
 * that end in ${out}, or READ_END, READ_MORE or READ_ERROR.
 */
static enum read_result
scan_long(struct reader *r, uint64_t *out)
{
	uint64_t from = scanned_before(r);
	uint64_t stop = scan_limit(r, from);
	uint8_t *bytes = malloc(CHUNK);

	if (bytes == NULL)
		return READ_ERROR;
	while (from < stop) {
		/*
		 * The byte in front is read, too: it tells whether the first
		 * one is an end.
		 */
		ssize_t n = read_some(r, bytes, CHUNK, from - 1);
		size_t end;

		if (n <= 1) {
			free(bytes);
			return n == -1 ? READ_ERROR : READ_END;
		}
		end = record_find_end(
		    r->seg->form, bytes + 1, (size_t)n - 1, bytes[0], 0);
		if (end > 0) {
			free(bytes);
			*out = from + end;
			return READ_LONG;
		}
		from += (uint64_t)n - 1;
		/*
		 * A scan that is to go to the end of the file at once cannot be
		 * left here.
		 */
		if (stop < r->size && slice_is_over())
			break;
	}
	free(bytes);
	keep_scanned(r, from);
	return from < r->size ? READ_MORE : READ_END;
}

/*
 * Return the size of the record from ${begin} to here, as record_parse tells
 * it.
 */
static size_t
long_size(const struct reader *r, uint64_t begin)
{
	uint64_t size = r->start + r->at - begin;
	const uint8_t *end = r->bytes + r->at;

	if (begin == 0)
		size -= record_bom_len(r->head, sizeof(r->head));
	return (size_t)(size - record_end_len(r->seg->form, end[-2], end[-1]));
}

/* Pass over the record that starts here, which is too long. */
static enum read_result
skip_long(struct reader *r, struct record *rec, struct position *end)
{
	uint64_t begin = r->start + r->at, stop;
	enum read_result result = scan_long(r, &stop);

	if (result != READ_LONG)
		return result;
	forget_scan(r);
	if ((result = load(r, stop)) != READ_RECORD)
		return result;
	memset(rec, 0, sizeof(*rec));
	rec->body.len = long_size(r, begin);
	position_at(r, r->at, end);
	return READ_LONG;
}

static size_t
find_end(struct reader *r)
{
	size_t len = r->len - r->at;
	size_t end = record_find_end(r->seg->form, r->bytes + r->at, len,
	    r->at == 0 ? -1 : r->bytes[r->at - 1], r->scanned);

	r->scanned = end == 0 ? len : 0;
	return end;
}

static enum read_result
take(struct reader *r, size_t len, struct record *rec, struct position *end)
{
	const uint8_t *bytes = r->bytes + r->at;
	bool is_first = r->start + r->at == 0;
	bool is_record = record_parse(r->seg->form, bytes, len, is_first, rec);

	if (len > LONG_BYTES)
		forget_scan(r);
	r->at += len;
	/*
	 * There may be any number of blank lines: those that follow go with
	 * this one.
	 */
	if (!is_record && rec->body.len == 0)
		r->at += record_blank_run(r->bytes + r->at, r->len - r->at);
	position_at(r, r->at, end);
	if (rec->body.len > r->max_record)
		return READ_LONG;
	return is_record ? READ_RECORD : READ_NOTHING;
}

/*
 * Make room for the record that starts here, which is long.  Return READ_RECORD
 * when it is whole in the file, else what reader_next is to return.
 */
static enum read_result
prepare_long(struct reader *r)
{
	uint64_t stop;
	enum read_result result = scan_long(r, &stop);
	size_t len;

	if (result != READ_LONG)
		return result;
	len = (size_t)(stop - r->start - r->at);
	/* Of a record that is too long, no more is read than shows that. */
	if (len > r->max_record + END_BYTES)
		len = (size_t)r->max_record + END_BYTES + 1;
	if (slice_take(len) != 0)
		return READ_MORE;
	compact(r);
	r->long_upto = stop;
	return grow(r, r->at + len) == 0 ? READ_RECORD : READ_ERROR;
}

enum read_result
reader_next(struct reader *r, struct record *rec, struct position *end)
{
	for (;;) {
		size_t len = find_end(r);
		enum read_result result;
		ssize_t n;

		if (len > 0)
			return take(r, len, rec, end);
		if (r->len - r->at > r->max_record + END_BYTES)
			return skip_long(r, rec, end);
		/* What is written meanwhile is for later: it wakes us again. */
		if (r->start + r->len >= r->size)
			return READ_END;
		/* A long record is read only when its end is in the file. */
		if (r->len - r->at > LONG_BYTES &&
		    r->long_upto <= r->start + r->at &&
		    (result = prepare_long(r)) != READ_RECORD)
			return result;
		compact(r);
		if (r->len == r->cap && grow(r, r->cap + CHUNK) != 0)
			return READ_ERROR;
		if ((n = fill(r)) == -1)
			return READ_ERROR;
		if (n == 0)
			return READ_END;
	}
}

void
reader_free(struct reader *r)
{
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}
