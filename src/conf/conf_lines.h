/*
 * The lines of a configuration file on their way to inih, which reads the
 * pairs.  What it would get wrong in silence never reaches it: lines longer
 * than its buffer (it takes the tail for a new line), indented lines (it takes
 * them for more values of the key before), headings over 49 bytes or with a
 * ']' inside (it cuts them), lines without '=' (it names only the first) and
 * control characters.
 */
#ifndef SPOOLCAST_CONF_CONF_LINES_H
#define SPOOLCAST_CONF_CONF_LINES_H

#include <stddef.h>

#include "conf/conf_errors.h"

/* How many bytes of a text of any length go into a message. */
#define CONF_LINES_SHOWN 80

/* The caller fills in all but the last two members. */
struct conf_lines {
	const char *next; /* the first byte not read yet */
	const char *end;
	const char *file; /* for messages */
	struct conf_errors *errs;
	/*
	 * Called for the heading "[name]" with what stands in the brackets, or
	 * with ${name} = NULL if the line is no proper heading.
	 */
	void (*on_heading)(void *cookie, const char *name, size_t len);
	void *cookie;
	unsigned line; /* the number of the line last read, from 1 */
	/* The line must be a pair; inih's handler clears this when it comes. */
	int is_pending;
};

/**
 * conf_lines_next(str, num, lines):
 * An ini_reader: put the next line of the struct conf_lines ${lines} into
 * ${str} of ${num} bytes, as an empty one if inih has no business with it.
 * Return ${str}, or NULL at the end.
 */
char *conf_lines_next(char *str, int num, void *lines);

/**
 * conf_lines_complain(lines, format, ...):
 * Add "FILE:LINE: " and the formatted text to the errors of ${lines}.
 */
void conf_lines_complain(const struct conf_lines *lines, const char *format,
    ...) __attribute__((format(printf, 2, 3)));

#endif
