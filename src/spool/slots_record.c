#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "spool/slots_record.h"

/* This changes with the layout of the record or the meaning of a field. */
#define VERSION 0x53433031

/*
 * The start time is this field of /proc/PID/stat, counted from the state, which
 * follows the name.
 */
#define FIELD_STARTED 19

enum found {
	FOUND_NOTHING, /* not there, or hidden from us */
	FOUND_ZOMBIE,  /* it has ended, but its parent has not asked yet */
	FOUND_PROCESS,
};

/* Read the file ${path} as text.  Return 0, or -1 with errno. */
static int
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd == -1)
		return -1;
	len = read(fd, text, size - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	return 0;
}

/*
 * Find the id of the process whose folder in /proc is ${name}, and when it
 * began.
 */
static enum found
find_process(const char *name, long *pid, uint64_t *started)
{
	char path[64], text[1024];
	char *at;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	if (read_text(path, text, sizeof(text)) != 0)
		return FOUND_NOTHING;
	*pid = strtol(text, NULL, 10);
	/* The name may contain anything; the rest has no parenthesis. */
	if ((at = strrchr(text, ')')) == NULL || at[1] != ' ')
		return FOUND_NOTHING;
	at += 2;
	if (*at == 'Z' || *at == 'X')
		return FOUND_ZOMBIE;
	for (int i = 0; i < FIELD_STARTED; i++) {
		if ((at = strchr(at, ' ')) == NULL)
			return FOUND_NOTHING;
		at++;
	}
	*started = strtoull(at, NULL, 10);
	return FOUND_PROCESS;
}

static uint64_t
hash_namespace(uint64_t hash, const char *path)
{
	struct stat st = { 0 };

	if (stat(path, &st) != 0)
		return hash;
	hash = hash_bytes(hash, &st.st_dev, sizeof(st.st_dev));
	return hash_bytes(hash, &st.st_ino, sizeof(st.st_ino));
}

/*
 * Return a hash of all that makes process ids, and the times at which they
 * began, mean the same.
 */
static uint64_t
hash_host(void)
{
	uint64_t hash = HASH_START;
	struct utsname name;
	char boot[64];

	if (read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) ==
	    0)
		hash = hash_bytes(hash, boot, strlen(boot));
	else if (uname(&name) == 0)
		hash = hash_bytes(hash, name.nodename, strlen(name.nodename));
	hash = hash_namespace(hash, "/proc/self/ns/pid");
	return hash_namespace(hash, "/proc/self/ns/time");
}

void
slots_record_self(struct slots_record *self)
{
	uint64_t started;
	long pid;

	memset(self, 0, sizeof(*self));
	self->version = VERSION;
	self->pid = getpid();
	self->host = hash_host();
	/* A /proc of another namespace knows us by another number. */
	if (find_process("self", &pid, &started) == FOUND_PROCESS &&
	    pid == self->pid)
		self->started = started;
}

static uint64_t
seal_of(const struct slots_record *record)
{
	return hash_mix(hash_bytes(
	    HASH_START, record, offsetof(struct slots_record, seal)));
}

void
slots_record_seal(struct slots_record *record)
{
	record->version = VERSION;
	record->seal = seal_of(record);
}

bool
slots_record_is_valid(const struct slots_record *record)
{
	return record->version == VERSION && record->pid > 0 &&
	    record->seal == seal_of(record);
}

bool
slots_record_is_same(
    const struct slots_record *record, const struct slots_record *self)
{
	return record->pid == self->pid && record->host == self->host &&
	    record->started == self->started;
}

static bool
is_in_time(const struct slots_record *record, int64_t now_s)
{
	return record->until_s >= now_s &&
	    record->until_s <= now_s + SLOTS_RECORD_LONGEST_S;
}

bool
slots_record_is_alive(const struct slots_record *record,
    const struct slots_record *self, int64_t now_s, enum slots_record_look look)
{
	uint64_t started;
	char name[16];
	long pid;

	/* We cannot ask another host: believe the time that it gave. */
	if (record->host != self->host)
		return is_in_time(record, now_s);
	if (kill(record->pid, 0) != 0 && errno == ESRCH)
		return false;
	/* Without start times, another process may have got that id. */
	if (record->started == 0 || self->started == 0)
		return is_in_time(record, now_s);
	if (look == SLOTS_LOOK_QUICKLY)
		return true;
	snprintf(name, sizeof(name), "%d", record->pid);
	switch (find_process(name, &pid, &started)) {
	case FOUND_NOTHING:
		/* It is hidden from us (hidepid): that is no better. */
		return is_in_time(record, now_s);
	case FOUND_ZOMBIE:
		return false;
	case FOUND_PROCESS:
		break;
	}
	return started == record->started;
}
