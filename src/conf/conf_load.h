/*
 * Configuration files: the text of one becomes a struct conf.
 *
 * inih reads the pairs.  What it would get wrong in silence is kept from it:
 * lines longer than its buffer (it takes the tail for a new line), indented
 * lines (it takes them for more values of the key before), section names over
 * 49 bytes or with a ']' inside (it cuts them) and NUL bytes.
 */
#ifndef SPOOLCAST_CONF_CONF_LOAD_H
#define SPOOLCAST_CONF_CONF_LOAD_H

#include <stddef.h>

#include "conf/conf.h"
#include "conf/conf_errors.h"

/* Files over this many bytes are refused. */
#define CONF_FILE_MAX (1 << 20)

/**
 * conf_load_text(text, len, file, errs):
 * Read the ${len} bytes of configuration at ${text}, which come from the path
 * ${file}: errors name it, relative paths in the text start at its folder.
 * Return the configuration; the caller frees it.  Return NULL if anything was
 * wrong, with all of it added to ${errs}.
 */
struct conf *conf_load_text(
    const char *text, size_t len, const char *file, struct conf_errors *errs);

/**
 * conf_load(file, errs):
 * Do as conf_load_text, for the content of the file at the path ${file}.
 */
struct conf *conf_load(const char *file, struct conf_errors *errs);

#endif
