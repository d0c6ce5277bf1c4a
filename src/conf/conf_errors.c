#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_errors.h"

void
conf_errors_add(struct conf_errors *errs, const char *format, ...)
{
	va_list args;

	if (errs->count > CONF_ERRORS_MAX)
		return;
	if (errs->count == CONF_ERRORS_MAX) {
		errs->lines[errs->count++] =
		    strdup("further problems are not shown");
		return;
	}
	va_start(args, format);
	if (vasprintf(&errs->lines[errs->count], format, args) < 0)
		errs->lines[errs->count] = NULL;
	va_end(args);
	errs->count++;
}

void
conf_errors_system(struct conf_errors *errs, const char *what)
{
	conf_errors_add(errs, "%s: %s", what, strerror(errno));
	errs->is_system = 1;
}

size_t
conf_errors_count(const struct conf_errors *errs)
{
	return errs->count;
}

const char *
conf_errors_line(const struct conf_errors *errs, size_t i)
{
	const char *line = errs->lines[i];

	return line != NULL ? line : "out of memory";
}

void
conf_errors_free(struct conf_errors *errs)
{
	for (size_t i = 0; i < errs->count; i++)
		free(errs->lines[i]);
	memset(errs, 0, sizeof(*errs));
}
