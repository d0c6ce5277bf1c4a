#include <sys/random.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/siphash.h"
#include "spool/lock.h"
#include "spool/own.h"
#include "spool/slots.h"

#define FILE_NAME "processes"
/* How often the file may be exchanged or cut while a slot is being taken. */
#define TRIES 8
/*
 * The upper half of all offsets is for addresses, SLOTS_MAX bytes for each: 48
 * bits of its hash say which.
 */
#define ADDRESSES ((uint64_t)1 << 62)

/* A row of SLOTS_MAX bytes, of which so many may be locked. */
struct row {
	off_t start; /* 0: that of all streams */
	off_t max;
	enum slots_result full; /* what to return when they are */
};

static struct row
row_of(uint64_t max, enum slots_result full)
{
	struct row row = { .full = full };

	row.max = max == 0 || max > SLOTS_MAX ? SLOTS_MAX : (off_t)max;
	return row;
}

/*
 * Look for a lock that others have in the bytes from ${from} up to ${to}.
 * Return 1 and put into ${*at} where one is, whichever the kernel names; 0 if
 * there is none; or -1 with errno.  EAGAIN: it is not that of a stream.
 */
static int
find_lock(int fd, off_t from, off_t to, off_t *at)
{
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = from,
		.l_len = to - from };

	if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
		return -1;
	if (lock.l_type == F_UNLCK)
		return 0;
	if (lock.l_len != 1 || lock.l_start < from || lock.l_start >= to) {
		errno = EAGAIN;
		return -1;
	}
	*at = lock.l_start;
	return 1;
}

/*
 * Return how many locks others have in the bytes from ${from} up to ${to}, or
 * -1 with errno.
 */
static int64_t
count(int fd, off_t from, off_t to)
{
	int64_t n = 0, part;
	int found = 0;
	off_t at;

	/*
	 * Each lock splits what is left.  This function calls itself for the
	 * narrower part only, so it is no more than 14 calls deep.
	 */
	while (from < to && (found = find_lock(fd, from, to, &at)) == 1) {
		bool is_low = at - from < to - at;

		part = is_low ? count(fd, from, at) : count(fd, at + 1, to);
		if (part == -1)
			return -1;
		n += part + 1;
		if (is_low)
			from = at + 1;
		else
			to = at;
	}
	return found == -1 ? -1 : n;
}

/*
 * A byte of ${row} was free.  Return whether the limit allows one more stream:
 * those that came under a higher one may have other bytes.
 */
static enum slots_result
judge(int fd, const struct row *row)
{
	off_t end = row->start + SLOTS_MAX, at;
	int found = 0;
	int64_t n;

	if (row->max < SLOTS_MAX)
		found = find_lock(fd, row->start + row->max, end, &at);
	if (found == -1)
		return SLOTS_ERROR;
	if (found == 0)
		return SLOTS_TAKEN;
	n = count(fd, row->start, end);
	if (n == -1)
		return SLOTS_ERROR;
	return n < row->max ? SLOTS_TAKEN : row->full;
}

/*
 * Find a byte of ${row} that nobody has locked and, with ${locks}, lock it.
 * What was locked in vain ends with ${fd}.
 */
static enum slots_result
find_room(int fd, const struct row *row, bool locks)
{
	/* A search that begins anywhere seldom finds a taken byte first. */
	uint64_t from = hash_mix((uint64_t)clock_mono_us());
	off_t first = (off_t)(from % (uint64_t)row->max);

	for (off_t i = 0; i < row->max; i++) {
		off_t at = row->start + (first + i) % row->max, other;
		int found = find_lock(fd, at, at + 1, &other);

		if (found == 1)
			continue;
		if (found == -1)
			return SLOTS_ERROR;
		if (!locks || lock_try_range(fd, F_WRLCK, at, 1) == 0)
			return judge(fd, row);
		/* Otherwise another process was faster. */
		if (errno != EAGAIN && errno != EACCES)
			return SLOTS_ERROR;
	}
	return row->full;
}

/* Append a new key to the file, which may not have one. */
static int
add_key(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct siphash_key key;
	ssize_t len;

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_APPEND) != 0 ||
	    getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -1;
	/* A file beyond the size limit shall be an error and not kill us. */
	(void)signal(SIGXFSZ, SIG_IGN);
	len = write(fd, &key, sizeof(key));
	if (len == (ssize_t)sizeof(key))
		return 0;
	if (len != -1)
		errno = ENOSPC; /* nothing else makes it short */
	return -1;
}

/*
 * Read the key of the file.  If it has none, make one: of those that do so at
 * once, one is first in the file, and all take what is there.
 */
static int
read_key(int fd, struct siphash_key *key)
{
	for (int i = 0; i < TRIES; i++) {
		ssize_t len = pread(fd, key, sizeof(*key), 0);

		if (len == (ssize_t)sizeof(*key))
			return 0;
		if (len == -1 || add_key(fd) != 0)
			return -1;
	}
	errno = ESTALE;
	return -1;
}

/* Take a slot among ${all} and, unless ${address} is 0, ${of_one} for it. */
static enum slots_result
take(int fd, const struct row *all, struct row *of_one, uint64_t address)
{
	enum slots_result result;
	struct siphash_key key;
	uint64_t hash;

	if (address == 0)
		return find_room(fd, all, true);
	if (read_key(fd, &key) != 0)
		return SLOTS_ERROR;
	hash = siphash_13(&key, &address, sizeof(address));
	of_one->start =
	    (off_t)(ADDRESSES + hash % (ADDRESSES / SLOTS_MAX) * SLOTS_MAX);
	/*
	 * The address comes first: beyond its limit a viewer may not even poll.
	 * But its byte is locked last, so that a viewer that gets no slot is in
	 * nobody's way.
	 */
	result = find_room(fd, of_one, false);
	if (result == SLOTS_TAKEN)
		result = find_room(fd, all, true);
	if (result == SLOTS_TAKEN)
		result = find_room(fd, of_one, true);
	return result;
}

enum slots_result
slots_take(const char *spool, uint64_t max_all, uint64_t max_address,
    uint64_t address, int *slot)
{
	struct row all = row_of(max_all, SLOTS_FULL);
	struct row of_one = row_of(max_address, SLOTS_ADDRESS_FULL);

	slots_give(slot);
	for (int i = 0; i < TRIES; i++) {
		int fd = own_open(spool, FILE_NAME, OWN_WRITERS);
		enum slots_result result;
		bool is_current;

		if (fd == -1)
			return SLOTS_ERROR;
		result = take(fd, &all, &of_one, address);
		/* A file that has lost its name says nothing of others. */
		is_current = result != SLOTS_ERROR &&
		    own_is_current(fd, spool, FILE_NAME);
		if (is_current && result == SLOTS_TAKEN) {
			*slot = fd;
			return SLOTS_TAKEN;
		}
		fd_close(fd);
		if (is_current || result == SLOTS_ERROR)
			return result;
	}
	errno = ESTALE;
	return SLOTS_ERROR;
}

void
slots_give(int *slot)
{
	int saved = errno;

	if (*slot == SLOTS_NONE)
		return;
	/* Closing is not enough where a child has the descriptor, too. */
	(void)lock_try_range(*slot, F_UNLCK, 0, 0);
	errno = saved;
	fd_close(*slot);
	*slot = SLOTS_NONE;
}

int
slots_count(const char *spool, uint64_t *n)
{
	int fd = own_open(spool, FILE_NAME, OWN_WRITERS);
	int64_t found;

	if (fd == -1)
		return -1;
	found = count(fd, 0, SLOTS_MAX);
	fd_close(fd);
	if (found == -1)
		return -1;
	*n = (uint64_t)found;
	return 0;
}

static uint64_t
hash_address(const void *bytes, size_t len)
{
	uint64_t hash = hash_mix(hash_bytes(HASH_START, bytes, len));

	return hash == 0 ? 1 : hash;
}

uint64_t
slots_address(const char *text, size_t len)
{
	static const uint8_t translated[12] = { 0, 0x64, 0xff, 0x9b };
	char plain[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;
	size_t plain_len = 0;

	if (len == 0)
		return 0;
	/* What follows a percent sign names one of our interfaces. */
	while (plain_len < len && text[plain_len] != '%')
		plain_len++;
	/* What is no address counts as its text. */
	if (plain_len >= sizeof(plain))
		return hash_address(text, len);
	memcpy(plain, text, plain_len);
	plain[plain_len] = '\0';
	if (strlen(plain) < plain_len)
		return hash_address(text, len);
	if (inet_pton(AF_INET, plain, &four) == 1)
		return hash_address(&four, sizeof(four));
	if (inet_pton(AF_INET6, plain, &six) != 1)
		return hash_address(text, len);
	/* These stand for an IPv4 address and count as that. */
	if (IN6_IS_ADDR_V4MAPPED(&six) ||
	    memcmp(&six, translated, sizeof(translated)) == 0)
		return hash_address(six.s6_addr + 12, 4);
	if (IN6_IS_ADDR_LINKLOCAL(&six))
		return hash_address(&six, sizeof(six));
	/* One subscriber has all addresses that begin with these 8 bytes. */
	return hash_address(&six, 8);
}
