/*
 * What a check found: lines for people, printed together at the end.
 *
 * They may contain anything, such as names of files that others made; they are
 * made safe where they are printed and nowhere before.
 */
#ifndef SPOOLCAST_CLI_FINDINGS_H
#define SPOOLCAST_CLI_FINDINGS_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

/* How many findings are kept; further ones are only counted. */
#define FINDINGS_MAX 300
/* How many of those that are alike are told one by one. */
#define FINDINGS_ALIKE 10

/* All zero is an empty collection. */
struct findings {
	char *texts[FINDINGS_MAX]; /* NULL where memory ran out */
	size_t count;
	size_t more; /* not kept */
};

/**
 * findings_add(findings, format, ...):
 * Add the formatted text to ${findings}, or count it where that is full.
 */
void findings_add(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * findings_vadd(findings, format, args):
 * Do as findings_add.
 */
void findings_vadd(struct findings *findings, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/**
 * findings_print(findings, kind, out):
 * Append a line "${kind}: text" to ${out} for each of ${findings}.  Return 0,
 * or -1 with ENOMEM.
 */
int findings_print(
    const struct findings *findings, const char *kind, struct buf *out);

/**
 * findings_json(findings, kind, json):
 * Put the members "${kind}s", an array of the texts, and "${kind}s_not_shown",
 * how many were not kept.
 */
void findings_json(
    const struct findings *findings, const char *kind, struct json *json);

/**
 * findings_free(findings):
 * Free the texts and leave an empty collection.
 */
void findings_free(struct findings *findings);

#endif
