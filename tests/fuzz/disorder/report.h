/*
 * What the fuzzer tells: what it did last, what it has found, and how often
 * everything happened.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_REPORT_H
#define SPOOLCAST_TESTS_DISORDER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* How long everything has that has to happen at all. */
#define REPORT_DEADLINE_MS 20000

/* A round begins, whose logs are in ${folder}: what was noted is forgotten. */
void report_begin(uint64_t round, const char *folder);

/* Note something that was done, to be told if it was the last before a fault.
 */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Something is wrong: tell it, and write what was done before it to the file
 * actions in the folder of the round.  What differs only in its numbers is told
 * once, and counted.
 */
void report_found(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Whether the round has found something. */
bool report_is_bad(void);

/* How many things were found in all. */
unsigned report_n_found(void);

/* Count one more of ${name}, a text that stays, in ${group}, likewise. */
void report_count(const char *group, const char *name, uint64_t by);

/* Print what was counted, and what was found. */
void report_print(void);

/* The time that the round takes by now. */
int64_t report_ms(void);

#endif
