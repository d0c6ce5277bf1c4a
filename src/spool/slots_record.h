/*
 * One record of the file of slots, which names the process that holds a slot;
 * and whether that process still lives.
 *
 * Each record seals itself, so a file needs no head: what was written by
 * another version, torn or edited is simply no record.
 */
#ifndef SPOOLCAST_SPOOL_SLOTS_RECORD_H
#define SPOOLCAST_SPOOL_SLOTS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/* We believe no process of another host to hold a slot for longer. */
#define SLOTS_RECORD_LONGEST_S ((int64_t)8 * 86400)

struct slots_record {
	uint32_t version;
	int32_t pid;
	uint64_t host;	  /* boot, and namespaces of process ids and times */
	uint64_t started; /* in ticks since the boot; 0: not known */
	uint64_t address; /* as slots_address makes it; 0: counts nowhere */
	int64_t until_s;  /* wall time of the end, where pid means nothing */
	uint64_t seal;
};

/* How closely slots_record_is_alive looks. */
enum slots_record_look {
	SLOTS_LOOK_QUICKLY, /* a process that got the id of a dead one passes */
	SLOTS_LOOK_CLOSELY, /* its start time is compared, which reads a file */
};

/**
 * slots_record_self(self):
 * Fill ${self} with what this process is; address and until_s are 0.  Without
 * a /proc for this process's namespace, started is 0, and host says less.
 */
void slots_record_self(struct slots_record *self);

/**
 * slots_record_seal(record):
 * Make what is in ${record} valid (pure).
 */
void slots_record_seal(struct slots_record *record);

/**
 * slots_record_is_valid(record):
 * Return whether ${record} is sealed and names a process (pure).
 */
bool slots_record_is_valid(const struct slots_record *record);

/**
 * slots_record_is_same(record, self):
 * Return whether ${record} names the process ${self} (pure).
 */
bool slots_record_is_same(
    const struct slots_record *record, const struct slots_record *self);

/**
 * slots_record_is_alive(record, self, now_s, look):
 * Return whether the process of ${record}, a valid one, lives at wall time
 * ${now_s}, as far as the process ${self} can know: on another host, and where
 * start times are not known, until ${record}->until_s; on this host as long as
 * the process does.
 */
bool slots_record_is_alive(const struct slots_record *record,
    const struct slots_record *self, int64_t now_s,
    enum slots_record_look look);

#endif
