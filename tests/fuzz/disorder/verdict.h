/*
 * What a responder that has ended leaves: its status, reports of sanitizers,
 * its log.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_VERDICT_H
#define SPOOLCAST_TESTS_DISORDER_VERDICT_H

#include <sys/types.h>

/* Tell what is wrong with an end by ${status}; its files are in ${folder}. */
void verdict_of_end(const char *folder, int status);

/* Tell of the reports of sanitizers in ${folder}. */
void verdict_of_reports(const char *folder);

/* Write down what ${pid} is doing. */
void verdict_of_hang(const char *folder, pid_t pid);

#endif
