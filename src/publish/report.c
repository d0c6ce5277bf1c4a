#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/report.h"

/* Let ${report} say ${result} and ${why}, which may be NULL and is its own. */
static enum publish_result
say(struct publish_report *report, enum publish_result result, char *why)
{
	free(report->why);
	report->result = result;
	report->why = why;
	return result;
}

/* Return the formatted text, to be freed by free(3), or NULL. */
static char *__attribute__((format(printf, 1, 0)))
text_of(const char *format, va_list ap)
{
	char *text;

	return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

enum publish_result
report_tell(struct publish_report *report, enum publish_result result,
    const char *format, ...)
{
	char *why;
	va_list ap;

	va_start(ap, format);
	why = text_of(format, ap);
	va_end(ap);
	return say(report, result, why);
}

enum publish_result
report_error(struct publish_report *report, enum publish_result result,
    const char *format, ...)
{
	int err = errno;
	char *what, *why = NULL;
	va_list ap;

	va_start(ap, format);
	what = text_of(format, ap);
	va_end(ap);
	if (what != NULL && asprintf(&why, "%s: %s", what, strerror(err)) < 0)
		why = NULL;
	free(what);
	if (result == PUBLISH_FAILED && (err == ENOSPC || err == EDQUOT))
		result = PUBLISH_NO_ROOM;
	return say(report, result, why);
}

const char *
report_why(const struct publish_report *report)
{
	if (report->why == NULL && report->result != PUBLISH_DONE)
		return "out of memory";
	return report->why;
}

void
report_clear(struct publish_report *report)
{
	(void)say(report, PUBLISH_DONE, NULL);
}
