#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "spool/segment.h"

static unsigned open_count;

static uint32_t
cut(uint64_t hash, int bits)
{
	return (uint32_t)(hash_mix(hash) >> (64 - bits));
}

#define ID_MASK (STATX_TYPE | STATX_INO | STATX_SIZE | STATX_BTIME)

/*
 * Find out which file ${name} is, and its size.  The birth time, where statx(2)
 * has it, tells apart a reused inode.
 */
static int
look(int dir_fd, const char *name, int flags, struct segment_id *out,
    uint64_t *size)
{
	struct statx stx;

	if (statx(dir_fd, name, flags, ID_MASK, &stx) != 0)
		return -1;
	/* This is a link only where links are not followed. */
	if (S_ISLNK(stx.stx_mode)) {
		errno = ELOOP;
		return -1;
	}
	if (!S_ISREG(stx.stx_mode)) {
		errno = ENOENT;
		return -1;
	}
	out->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	out->ino = stx.stx_ino;
	out->birth_ns = 0;
	if (stx.stx_mask & STATX_BTIME)
		out->birth_ns =
		    stx.stx_btime.tv_sec * 1000000000 + stx.stx_btime.tv_nsec;
	if (size != NULL)
		*size = stx.stx_size;
	return 0;
}

/*
 * Report a link that is not followed, and what is no file, as a file that is
 * missing.
 */
static void
judge_errno(void)
{
	if (errno == ELOOP || errno == EINVAL)
		errno = ENOENT;
}

static int
look_through(int dir_fd, const char *name, enum trust_links links,
    struct segment_id *out, uint64_t *size)
{
	int fd = trust_find(dir_fd, name, links);
	int rc, saved;

	if (fd == -1) {
		judge_errno();
		return -1;
	}
	rc = look(fd, "", AT_EMPTY_PATH, out, size);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
segment_look(int dir_fd, const char *name, enum trust_links links,
    struct segment_id *out, uint64_t *size)
{
	int rc;

	if (links == TRUST_ANY)
		return look(dir_fd, name, 0, out, size);
	if (links == TRUST_OWN)
		return look_through(dir_fd, name, links, out, size);
	rc = look(dir_fd, name, AT_SYMLINK_NOFOLLOW, out, size);
	return rc == 0 || errno != ELOOP ?
	    rc :
	    look_through(dir_fd, name, links, out, size);
}

bool
segment_id_equal(const struct segment_id *a, const struct segment_id *b)
{
	if (a->dev != b->dev || a->ino != b->ino)
		return false;
	return a->birth_ns == b->birth_ns || a->birth_ns == 0 ||
	    b->birth_ns == 0;
}

static uint32_t
birth_hash(const struct segment_id *id)
{
	uint32_t hash;

	if (id->birth_ns == 0)
		return 0;
	hash = cut((uint64_t)id->birth_ns, MARK_BIRTH_BITS);
	/* 0 is taken: it means that there is none. */
	return hash == 0 ? 1 : hash;
}

struct segment *
segment_open(
    int dir_fd, const char *name, enum record_form form, enum trust_links links)
{
	struct segment *seg;
	int saved;

	if ((seg = calloc(1, sizeof(*seg))) == NULL)
		return NULL;
	seg->refs = 1;
	seg->form = form;
	list_init(&seg->node);
	/* O_NONBLOCK: opening a pipe that took the name must not wait. */
	seg->fd =
	    trust_open(dir_fd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, links);
	if (seg->fd == -1) {
		judge_errno();
		goto err0;
	}
	if (look(seg->fd, "", AT_EMPTY_PATH, &seg->id, NULL) != 0)
		goto err1;
	seg->ino_hash = cut(seg->id.ino, MARK_INO_BITS);
	seg->birth_hash = birth_hash(&seg->id);
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
segment_drop(struct segment **seg)
{
	struct segment *old = *seg;

	*seg = NULL;
	if (old == NULL || --old->refs > 0)
		return;
	list_remove(&old->node);
	close(old->fd);
	open_count--;
	free(old);
}

uint32_t
segment_check(
    const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
	uint64_t hash = hash_bytes(HASH_START, head, head_len);

	return cut(hash_bytes(hash, tail, tail_len), MARK_CHECK_BITS);
}

int
segment_read(
    const struct segment *seg, uint8_t *out, size_t len, uint64_t offset)
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
	if (segment_read(seg, head, len, 0) != 0 ||
	    segment_read(seg, tail, len, offset - len) != 0)
		return -1;
	out->offset = offset;
	out->ino = seg->ino_hash;
	out->birth = seg->birth_hash;
	out->check = segment_check(head, len, tail, len);
	return 0;
}

static bool
is_made_in(uint32_t ino, uint32_t birth, const struct position *position)
{
	if (ino != position->ino)
		return false;
	return birth == position->birth || birth == 0 || position->birth == 0;
}

bool
segment_is(const struct segment *seg, const struct position *position)
{
	return is_made_in(seg->ino_hash, seg->birth_hash, position);
}

bool
segment_id_is(const struct segment_id *id, const struct position *position)
{
	return is_made_in(
	    cut(id->ino, MARK_INO_BITS), birth_hash(id), position);
}

bool
segment_is_copy(const struct segment *seg, const struct segment *newer)
{
	return newer->id.birth_ns != 0 && seg->id.birth_ns > newer->id.birth_ns;
}

int
segment_size(const struct segment *seg, uint64_t *out)
{
	struct stat st;

	if (fstat(seg->fd, &st) != 0)
		return -1;
	*out = (uint64_t)st.st_size;
	return 0;
}

int
segment_holds(struct segment *seg, const struct position *position)
{
	struct position here;

	if (segment_position(seg, position->offset, &here) != 0)
		return errno == ESTALE ? 0 : -1;
	return here.check == position->check;
}

int
segment_is_end(const struct segment *seg, uint64_t offset)
{
	uint8_t end[2];
	size_t len = offset > 1 ? 2 : 1;

	if (offset == 0)
		return 1;
	if (segment_read(seg, end, len, offset - len) != 0)
		return errno == ESTALE ? 0 : -1;
	return record_is_end(seg->form, len > 1 ? end[0] : -1, end[len - 1]);
}

int
segment_look_back(const struct segment *seg, uint64_t end, uint8_t *bytes,
    size_t *len, int *before)
{
	uint8_t byte;

	if (*len > end)
		*len = (size_t)end;
	*before = -1;
	if (*len < end) {
		if (segment_read(seg, &byte, 1, end - *len - 1) != 0)
			return -1;
		*before = byte;
	}
	return segment_read(seg, bytes, *len, end - *len);
}
