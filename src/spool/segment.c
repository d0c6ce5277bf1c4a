#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "spool/segment.h"

#define FIRST_LOOK 4096
#define LARGEST_LOOK (1 << 20)
/*
 * Where no record ends in so many bytes, more than any max_record, the file is
 * no channel to begin in.
 */
#define TAIL_LIMIT (17 << 20)
/* Records so long that fewer than asked for fit here are not looked for. */
#define BACK_LIMIT (16 << 20)

static unsigned open_count;

static uint32_t
cut(uint64_t hash, int bits)
{
	return (uint32_t)(hash_mix(hash) >> (64 - bits));
}

/* The birth time where statx(2) has it; it tells apart a reused inode. */
static uint32_t
birth_hash(int fd)
{
	struct statx stx;
	uint64_t birth;
	uint32_t hash;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) != 0 ||
	    !(stx.stx_mask & STATX_BTIME))
		return 0;
	birth = (uint64_t)stx.stx_btime.tv_sec * 1000000000U +
	    stx.stx_btime.tv_nsec;
	hash = cut(birth, MARK_BIRTH_BITS);
	/* 0 is taken: it means that there is none. */
	return hash == 0 ? 1 : hash;
}

struct segment *
segment_open(int dir_fd, const char *name, enum record_form form)
{
	struct segment *seg;
	struct stat st;
	int saved;

	if ((seg = calloc(1, sizeof(*seg))) == NULL)
		return NULL;
	seg->refs = 1;
	seg->form = form;
	/* O_NONBLOCK: opening a pipe that took the name must not wait. */
	seg->fd =
	    openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (seg->fd == -1)
		goto err0;
	if (fstat(seg->fd, &st) != 0)
		goto err1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENOENT;
		goto err1;
	}
	seg->dev = st.st_dev;
	seg->ino = st.st_ino;
	seg->ino_hash = cut(st.st_ino, MARK_INO_BITS);
	seg->birth_hash = birth_hash(seg->fd);
	open_count++;
	return seg;

err1:
	saved = errno;
	close(seg->fd);
	errno = saved;
err0:
	free(seg);
	return NULL;
}

unsigned
segment_open_count(void)
{
	return open_count;
}

struct segment *
segment_ref(struct segment *seg)
{
	if (seg != NULL)
		seg->refs++;
	return seg;
}

void
segment_unref(struct segment *seg)
{
	if (seg == NULL || --seg->refs > 0)
		return;
	close(seg->fd);
	open_count--;
	free(seg);
}

uint32_t
segment_check(
    const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
	uint64_t hash = hash_bytes(HASH_START, head, head_len);

	return cut(hash_bytes(hash, tail, tail_len), MARK_CHECK_BITS);
}

/* Read exactly ${len} bytes at ${offset}; ESTALE if the file is shorter. */
static int
read_at(const struct segment *seg, uint8_t *out, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(
		    seg->fd, out + done, len - done, (off_t)(offset + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ESTALE;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int
segment_position(struct segment *seg, uint64_t offset, struct position *out)
{
	uint8_t head[SEGMENT_CHECK_BYTES], tail[SEGMENT_CHECK_BYTES];
	size_t len = SEGMENT_CHECK_BYTES;

	if (offset > INT64_MAX) {
		errno = ESTALE;
		return -1;
	}
	if (offset < len)
		len = (size_t)offset;
	if (read_at(seg, head, len, 0) != 0 ||
	    read_at(seg, tail, len, offset - len) != 0)
		return -1;
	out->offset = offset;
	out->ino = seg->ino_hash;
	out->birth = seg->birth_hash;
	out->check = segment_check(head, len, tail, len);
	return 0;
}

bool
segment_is(const struct segment *seg, const struct position *position)
{
	if (seg->ino_hash != position->ino)
		return false;
	return seg->birth_hash == position->birth || seg->birth_hash == 0 ||
	    position->birth == 0;
}

/*
 * Read the ${*len} bytes before ${end} and the byte in front of them, which is
 * put in ${before} (-1 at the start of the file).
 */
static int
look_back(const struct segment *seg, uint64_t end, uint8_t *bytes, size_t *len,
    int *before)
{
	uint8_t byte;

	if (*len > end)
		*len = (size_t)end;
	*before = -1;
	if (*len < end) {
		if (read_at(seg, &byte, 1, end - *len - 1) != 0)
			return -1;
		*before = byte;
	}
	return read_at(seg, bytes, *len, end - *len);
}

/* The offset behind the last record end before ${end}, or -1, also EFBIG. */
static int
last_end(const struct segment *seg, uint64_t end, uint64_t *out)
{
	uint64_t stop = end > TAIL_LIMIT ? end - TAIL_LIMIT : 0;
	/* Mostly untouched: the first look is nearly always enough. */
	uint8_t *bytes = malloc(LARGEST_LOOK);
	size_t look = FIRST_LOOK, found = 0;
	int rc = -1;

	if (bytes == NULL)
		return -1;
	while (end > stop && found == 0) {
		size_t len = look;
		int before;

		if (look_back(seg, end, bytes, &len, &before) != 0)
			goto done;
		found = record_last_end(seg->form, bytes, len, before);
		end -= len - found;
		if (look < LARGEST_LOOK)
			look *= 4;
	}
	if (found == 0 && stop > 0) {
		errno = EFBIG;
		goto done;
	}
	*out = end;
	rc = 0;
done:
	free(bytes);
	return rc;
}

static int
tail_offset(const struct segment *seg, uint64_t *out)
{
	struct stat st;

	if (fstat(seg->fd, &st) != 0)
		return -1;
	return last_end(seg, (uint64_t)st.st_size, out);
}

int
segment_tail(struct segment *seg, struct position *out)
{
	uint64_t offset;

	if (tail_offset(seg, &offset) != 0)
		return -1;
	return segment_position(seg, offset, out);
}

/*
 * Find the start of the record that is ${records} back from the end of
 * ${bytes}, which start and end behind a record; ${before} is the byte in front
 * of them.  Return it as an index, or ${len} if there are not so many.
 */
static size_t
count_back(enum record_form form, const struct span *bytes, int before,
    uint64_t records)
{
	size_t end = bytes->len;

	while (end > 0) {
		size_t start =
		    record_last_end(form, bytes->bytes, end - 1, before);
		struct record rec;

		if (record_parse(form, bytes->bytes + start, end - start,
			start == 0 && before == -1, &rec) &&
		    --records == 0)
			return start;
		end = start;
	}
	return bytes->len;
}

/*
 * Look for the start among the ${len} bytes before ${tail}.  Return 1 with it
 * in ${out}, 0 with the earliest start in sight there, or -1.
 */
static int
back_within(const struct segment *seg, uint64_t tail, struct span *look,
    uint64_t records, uint64_t *out)
{
	uint8_t *bytes = malloc(look->len + 1);
	size_t first = 0, found;
	struct span whole;
	int before, rc = -1;

	if (bytes == NULL)
		return -1;
	if (look_back(seg, tail, bytes, &look->len, &before) != 0)
		goto done;
	/* The first bytes may be the rest of a record: not counted. */
	if (before != -1)
		first = record_find_end(seg->form, bytes, look->len, before, 0);
	whole.bytes = bytes + first;
	whole.len = look->len - first;
	if (first > 0)
		before = bytes[first - 1];
	found = count_back(seg->form, &whole, before, records);
	*out = tail - whole.len;
	rc = found < whole.len;
	if (rc == 1)
		*out += found;
done:
	free(bytes);
	return rc;
}

int
segment_back(struct segment *seg, uint64_t records, struct position *out)
{
	struct span look = { NULL, FIRST_LOOK };
	uint64_t tail, start;

	if (tail_offset(seg, &tail) != 0)
		return -1;
	for (;;) {
		int rc = back_within(seg, tail, &look, records, &start);

		if (rc == -1)
			return -1;
		if (rc == 1 || look.len == tail || look.len >= BACK_LIMIT)
			break;
		look.len *= 4;
	}
	return segment_position(seg, start, out);
}
