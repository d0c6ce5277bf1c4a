/*
 * What is wrong with a configuration: lines for people, collected so that all
 * problems of a file are told at once.
 */
#ifndef SPOOLCAST_CONF_CONF_ERRORS_H
#define SPOOLCAST_CONF_CONF_ERRORS_H

#include <stddef.h>

/* After this many lines, one says that further ones are not shown. */
#define CONF_ERRORS_MAX 100

/* All zero is an empty collection. */
struct conf_errors {
	/* The system refused (exit 111); else the setup is wrong (100). */
	int is_system;
	size_t count;
	char *lines[CONF_ERRORS_MAX + 1]; /* NULL where memory ran out */
};

/**
 * conf_errors_add(errs, format, ...):
 * Add one line, without its end, to ${errs}, unless that is full.
 */
void conf_errors_add(struct conf_errors *errs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * conf_errors_system(errs, what):
 * Add ${what} followed by the text of errno, and remember that the system
 * refused.
 */
void conf_errors_system(struct conf_errors *errs, const char *what);

/**
 * conf_errors_count(errs):
 * Return how many lines there are.
 */
size_t conf_errors_count(const struct conf_errors *errs);

/**
 * conf_errors_line(errs, i):
 * Return line ${i} (from 0, below conf_errors_count) without an end of line;
 * valid until ${errs} is freed.
 */
const char *conf_errors_line(const struct conf_errors *errs, size_t i);

/**
 * conf_errors_free(errs):
 * Free all lines and leave an empty collection.
 */
void conf_errors_free(struct conf_errors *errs);

#endif
