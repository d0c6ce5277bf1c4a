/*
 * The forms that a channel may have in the spool: what each is called there,
 * where its records are, and how they are written.  A new form is a row of this
 * table and, if something is to be taken from it, a source in take/.
 */
#ifndef SPOOLCAST_SPOOL_FORM_H
#define SPOOLCAST_SPOOL_FORM_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/name.h"
#include "spool/record.h"

/* A form that a channel may have; of several, the first row wins. */
struct form {
	const char *suffix; /* of what is in the spool, after the name */
	const char *dir;    /* its log is in this folder of the spool */
	const char *log;    /* suffix of the log's newest segment */
	mode_t type;	    /* what is in the spool: S_IFREG, S_IFDIR ... */
	enum record_form record;
};

enum { FORM_LINES, FORM_BLOCKS, FORM_DROP, FORM_PIPE, FORMS };

extern const struct form forms[FORMS];

/* The longest path of a log, seen from the spool, with its NUL. */
#define FORM_SERIES_SIZE (NAME_MAX_LEN + 32)

/**
 * form_series(form, name, out):
 * Put the path, seen from the spool, of the newest segment of the channel
 * ${name}, which has the form ${form}, into ${out}.  The paths of older
 * segments are this one with a dot and a number after it.  Return ${out}.
 */
const char *form_series(
    const struct form *form, const char *name, char out[FORM_SERIES_SIZE]);

/**
 * form_is_series(path):
 * Return whether ${path} is what form_series makes of any form and name.
 */
bool form_is_series(const char *path);

/**
 * form_name_of(file, out):
 * Put the name of the channel that the file ${file} belongs to, which may be
 * one of its older segments or its end marker, into ${out}.  Return whether
 * there is one.
 */
bool form_name_of(const char *file, char out[NAME_MAX_LEN + 1]);

/**
 * form_has_suffix(file):
 * Return whether ${file} ends with the suffix of one of the forms, as what is
 * in the spool for a channel does.
 */
bool form_has_suffix(const char *file);

#endif
