#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/findings.h"
#include "conf/conf_text.h"

/* More than the name of a member has. */
#define NAME_BYTES 32

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

int
findings_print(
    const struct findings *findings, const char *kind, struct buf *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const char *text = findings->texts[i];

		if (text == NULL)
			errno = ENOMEM;
		if (text == NULL || buf_printf(out, "%s: ", kind) != 0 ||
		    conf_text_plain(text, out) != 0 || buf_puts(out, "\n") != 0)
			return -1;
	}
	if (findings->more == 0)
		return 0;
	return buf_printf(out, "%s: and %zu more\n", kind, findings->more);
}

void
findings_json(
    const struct findings *findings, const char *kind, struct json *json)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%ss", kind);
	json_array(json, name);
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->texts[i] == NULL)
			json_fail(json);
		json_text(json, NULL, findings->texts[i]);
	}
	json_end_array(json);
	snprintf(name, sizeof(name), "%ss_not_shown", kind);
	json_number(json, name, findings->more);
}

void
findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->texts[i]);
	memset(findings, 0, sizeof(*findings));
}
