#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "spool/slots.h"
#include "spool/slots_file.h"

/* So many records are read at once; the buffer for them is on the stack. */
#define CHUNK 256
/* How many processes are looked at closely while the file is locked. */
#define CLOSE_LOOKS 64
/* So many records are free at the end of a file which grew or shrank. */
#define SPARE 16
/* How often the file may be exchanged while it is being opened. */
#define OPEN_TRIES 8

#define AT(index) ((off_t)((index) * (int64_t)sizeof(struct slots_record)))

/* One reading of the table. */
struct census {
	/* What to do. */
	const struct slots *slots;
	uint64_t address;
	int64_t now_s;
	bool asks;	    /* see whether the processes in it live */
	bool is_tidy;	    /* wipe the records of the dead, and our own */
	int64_t first_look; /* where close looks begin, and how many */
	int64_t n_looks;

	/* What was found. */
	int64_t n_records; /* in the file */
	int64_t n_used;
	int64_t n_address; /* of them, of the address */
	int64_t last;	   /* the last one that is used; -1: none */
	int64_t vacant;	   /* the first one that is not; -1: none */
};

/*
 * Return whether the record ${index} gets a close look.  These go round: from
 * first_look to the end of the table, then on from its start.
 */
static bool
has_close_look(const struct census *census, int64_t index)
{
	int64_t n = census->n_records;
	int64_t from = n == 0 ? 0 : census->first_look % n;

	return index >= from ? index - from < census->n_looks :
			       index + n - from < census->n_looks;
}

static bool
is_used(const struct census *census, const struct slots_record *record,
    int64_t index)
{
	const struct slots_record *self = &census->slots->self;

	if (!slots_record_is_valid(record))
		return false;
	/* While we take a slot we have none: this was not given back. */
	if (census->is_tidy && slots_record_is_same(record, self))
		return false;
	return !census->asks ||
	    slots_record_is_alive(record, self, census->now_s,
		has_close_look(census, index) ? SLOTS_LOOK_CLOSELY :
						SLOTS_LOOK_QUICKLY);
}

static void
wipe(int fd, int64_t index)
{
	static const struct slots_record none;

	/* If that fails, the next process that takes a slot wipes it. */
	if (pwrite(fd, &none, sizeof(none), AT(index)) == -1)
		return;
}

static void
visit(struct census *census, const struct slots_record *record, int64_t index)
{
	if (is_used(census, record, index)) {
		census->n_used++;
		census->last = index;
		if (record->address == census->address)
			census->n_address++;
		return;
	}
	if (census->vacant == -1)
		census->vacant = index;
	if (census->is_tidy && record->version != 0)
		wipe(census->slots->fd, index);
}

/* Read the whole table and count what is in it, as ${census} says. */
static int
read_all(struct census *census)
{
	struct slots_record records[CHUNK];
	off_t size = lseek(census->slots->fd, 0, SEEK_END);
	ssize_t len;

	if (size == -1)
		return -1;
	census->n_records = size / (off_t)sizeof(records[0]);
	/* Anyone who may write to the file may have made it larger. */
	if (census->n_records > SLOTS_MAX)
		census->n_records = SLOTS_MAX;
	census->n_used = census->n_address = 0;
	census->last = census->vacant = -1;
	for (int64_t from = 0; from < census->n_records; from += CHUNK) {
		int64_t n = census->n_records - from;

		n = n < CHUNK ? n : CHUNK;
		len = pread(census->slots->fd, records,
		    (size_t)n * sizeof(records[0]), AT(from));
		if (len == -1)
			return -1;
		/* The file was cut meanwhile: there is no more. */
		n = len / (ssize_t)sizeof(records[0]);
		for (int64_t i = 0; i < n; i++)
			visit(census, &records[i], from + i);
		if (n < CHUNK)
			break;
	}
	return 0;
}

/* Open the file anew if it is not the one that others use now. */
static int
refresh(struct slots *slots)
{
	if (slots->fd != -1 && slots_file_is_current(slots->fd, slots->spool))
		return 0;
	if (slots->fd != -1)
		close(slots->fd);
	slots->index = -1;
	slots->fd = slots_file_open(slots->spool);
	return slots->fd == -1 ? -1 : 0;
}

/* Lock the file that has the name once it is locked. */
static int
lock(struct slots *slots)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		if (refresh(slots) != 0 || slots_file_lock(slots->fd) != 0)
			return -1;
		if (slots_file_is_current(slots->fd, slots->spool))
			return 0;
		slots_file_unlock(slots->fd);
	}
	errno = ESTALE;
	return -1;
}

/* Return which limit forbids one more stream; SLOTS_TAKEN: none. */
static enum slots_result
judge(const struct census *census, uint64_t max_all, uint64_t max_address)
{
	/* Test this first: beyond it, a viewer may not even poll. */
	if (max_address > 0 && census->address != 0 &&
	    (uint64_t)census->n_address >= max_address)
		return SLOTS_ADDRESS_FULL;
	if (max_all > 0 && (uint64_t)census->n_used >= max_all)
		return SLOTS_FULL;
	return SLOTS_TAKEN;
}

static int
resize(int fd, int64_t n_records)
{
	return ftruncate(fd, AT(n_records < SLOTS_MAX ? n_records : SLOTS_MAX));
}

static int
write_record(struct slots *slots, int64_t index, uint64_t address,
    int64_t now_s, int64_t until_s)
{
	struct slots_record record = slots->self;
	ssize_t len;

	record.address = address;
	record.until_s = now_s + SLOTS_RECORD_LONGEST_S;
	if (record.until_s > until_s)
		record.until_s = until_s;
	slots_record_seal(&record);
	len = pwrite(slots->fd, &record, sizeof(record), AT(index));
	if (len == (ssize_t)sizeof(record)) {
		slots->index = index;
		return 0;
	}
	if (len != -1)
		errno = ENOSPC; /* nothing else makes it short */
	return -1;
}

/* Take a slot in the table, which is locked. */
static enum slots_result
take_locked(struct slots *slots, uint64_t max_all, uint64_t max_address,
    uint64_t address, int64_t until_s)
{
	struct census census = {
		.slots = slots,
		.address = address,
		.now_s = clock_wall_s(),
		.is_tidy = true,
		/* Begin anywhere, so that many calls look closely at all. */
		.first_look =
		    (int64_t)(hash_mix((uint64_t)clock_mono_ms()) % SLOTS_MAX),
		.n_looks = CLOSE_LOOKS,
	};
	enum slots_result result;

	/*
	 * Believe first that all processes in the table live: that is cheap,
	 * and enough if there is room for one more.
	 */
	if (read_all(&census) != 0)
		return SLOTS_ERROR;
	result = judge(&census, max_all, max_address);
	/* Otherwise ask, and wipe the records of those that do not live. */
	if (result != SLOTS_TAKEN || census.vacant == -1) {
		census.asks = true;
		if (read_all(&census) != 0)
			return SLOTS_ERROR;
		result = judge(&census, max_all, max_address);
	}
	if (result != SLOTS_TAKEN)
		return result;
	if (census.vacant == -1 && census.n_records == SLOTS_MAX)
		return SLOTS_FULL;
	/*
	 * Asking all processes takes long: make room for those that come next.
	 * Cut off what is free in a file that is mostly free.
	 */
	if (census.vacant == -1) {
		census.vacant = census.n_records;
		if (resize(slots->fd,
			census.n_records + census.n_records / 2 + SPARE) != 0)
			return SLOTS_ERROR;
	} else if (census.n_records > 4 * (census.last + 1 + SPARE)) {
		(void)resize(slots->fd, census.last + 1 + SPARE);
	}
	if (write_record(
		slots, census.vacant, address, census.now_s, until_s) != 0)
		return SLOTS_ERROR;
	return SLOTS_TAKEN;
}

int
slots_open(struct slots *slots, const char *spool)
{
	memset(slots, 0, sizeof(*slots));
	slots->index = -1;
	slots_record_self(&slots->self);
	/* A file beyond the size limit shall be an error and not kill us. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if ((slots->spool = strdup(spool)) == NULL)
		return -1;
	if ((slots->fd = slots_file_open(spool)) == -1) {
		int saved = errno;

		free(slots->spool);
		errno = saved;
		return -1;
	}
	return 0;
}

void
slots_close(struct slots *slots)
{
	slots_give(slots);
	if (slots->fd != -1)
		close(slots->fd);
	slots->fd = -1;
	free(slots->spool);
	slots->spool = NULL;
}

enum slots_result
slots_take(struct slots *slots, uint64_t max_all, uint64_t max_address,
    uint64_t address, int64_t until_s)
{
	enum slots_result result;

	slots_give(slots);
	if (lock(slots) != 0)
		return SLOTS_ERROR;
	result = take_locked(slots, max_all, max_address, address, until_s);
	slots_file_unlock(slots->fd);
	return result;
}

void
slots_give(struct slots *slots)
{
	struct slots_record record;
	int saved = errno;

	if (slots->index == -1)
		return;
	/*
	 * While we live nobody else writes there, unless our record was lost:
	 * so make sure that it is ours.
	 */
	if (pread(slots->fd, &record, sizeof(record), AT(slots->index)) ==
		(ssize_t)sizeof(record) &&
	    slots_record_is_valid(&record) &&
	    slots_record_is_same(&record, &slots->self))
		wipe(slots->fd, slots->index);
	slots->index = -1;
	errno = saved;
}

int
slots_count(struct slots *slots, uint64_t *n)
{
	struct census census = {
		.slots = slots,
		.now_s = clock_wall_s(),
		.asks = true,
		.n_looks = SLOTS_MAX,
	};

	if (refresh(slots) != 0 || read_all(&census) != 0)
		return -1;
	*n = (uint64_t)census.n_used;
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
