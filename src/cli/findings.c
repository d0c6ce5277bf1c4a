#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/findings.h"
#include "conf/conf_text.h"

void
findings_vadd(struct findings *findings, const char *format, va_list args)
{
	char *text;

	if (findings->count == FINDINGS_MAX) {
		findings->more++;
		return;
	}
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	findings->texts[findings->count++] = text;
}

void
findings_add(struct findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	findings_vadd(findings, format, args);
	va_end(args);
}

/* Return the text at ${i}, or NULL with ENOMEM. */
static const char *
text_at(const struct findings *findings, size_t i)
{
	if (findings->texts[i] == NULL)
		errno = ENOMEM;
	return findings->texts[i];
}

int
findings_print(
    const struct findings *findings, const char *kind, struct buf *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const char *text = text_at(findings, i);

		if (text == NULL || buf_printf(out, "%s: ", kind) != 0 ||
		    conf_text_plain(text, out) != 0 || buf_puts(out, "\n") != 0)
			return -1;
	}
	if (findings->more == 0)
		return 0;
	return buf_printf(out, "%s: and %zu more\n", kind, findings->more);
}

int
findings_print_json(
    const struct findings *findings, const char *kind, struct buf *out)
{
	if (buf_printf(out, "\"%ss\": [", kind) != 0)
		return -1;
	for (size_t i = 0; i < findings->count; i++) {
		const char *text = text_at(findings, i);

		if (text == NULL || (i > 0 && buf_puts(out, ", ") != 0) ||
		    conf_text_json(text, out) != 0)
			return -1;
	}
	return buf_printf(
	    out, "], \"%ss_not_shown\": %zu", kind, findings->more);
}

void
findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->texts[i]);
	memset(findings, 0, sizeof(*findings));
}
