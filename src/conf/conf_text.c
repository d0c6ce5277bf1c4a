#include <string.h>

#include "conf/conf_text.h"

/*
 * The length of the UTF-8 sequence of a printable character at ${p}, which a
 * NUL ends at the latest; 0 where there is none (The Unicode Standard, table
 * 3-7).  C1 controls are not printable: terminals obey them.
 */
static size_t
printable(const unsigned char *p)
{
	size_t len;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, beyond U+10FFFF, C1 controls. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
	    (p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	return len;
}

int
conf_text_plain(const char *text, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t before = out->len;

	while (*p != '\0') {
		size_t len = *p == '\\' ? 0 : printable(p);
		int failed = len > 0 ? buf_append(out, p, len) :
				       buf_printf(out, "\\x%02x", *p);

		if (failed != 0) {
			out->len = before;
			return -1;
		}
		p += len > 0 ? len : 1;
	}
	return 0;
}

/* Append the byte that is no printable character by itself, for JSON. */
static int
json_byte(const unsigned char *p, struct buf *out, size_t *used)
{
	*used = 1;
	if (*p < 0x20 || *p == 0x7f)
		return buf_printf(out, "\\u%04x", *p);
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
		*used = 2;
		return buf_printf(out, "\\u%04x", p[1]);
	}
	return buf_puts(out, "\xef\xbf\xbd");
}

int
conf_text_json(const char *text, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t before = out->len;
	int failed = buf_puts(out, "\"");

	while (failed == 0 && *p != '\0') {
		size_t len = printable(p);

		if (*p == '"' || *p == '\\')
			failed = buf_printf(out, "\\%c", *p);
		else if (len > 0)
			failed = buf_append(out, p, len);
		else
			failed = json_byte(p, out, &len);
		p += len;
	}
	if (failed == 0 && buf_puts(out, "\"") == 0)
		return 0;
	out->len = before;
	return -1;
}
