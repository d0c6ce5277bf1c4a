#include <string.h>

#include "base/shown.h"
#include "conf/conf_text.h"

int
conf_text_plain(const char *text, struct buf *out)
{
	size_t before = out->len, left = strlen(text);
	struct shown shown;
	int failed = 0;

	for (; failed == 0 && left > 0; left -= shown.used) {
		shown_next(text, left, &shown);
		/*
		 * A backslash is spelled out, too: else the text could pretend
		 * that we spelled something out.
		 */
		failed = *text == '\\' ? buf_puts(out, "\\x5c") :
					 buf_append(out, shown.text, shown.len);
		text += shown.used;
	}
	if (failed == 0)
		return 0;
	out->len = before;
	return -1;
}

/*
 * Append a character that cannot be seen by its number in UTF-16 (RFC 8259, 7).
 */
static int
json_code(uint32_t code, struct buf *out)
{
	if (code < 0x10000)
		return buf_printf(out, "\\u%04x", (unsigned)code);
	code -= 0x10000;
	return buf_printf(out, "\\u%04x\\u%04x",
	    0xd800U | (unsigned)(code >> 10),
	    0xdc00U | (unsigned)(code & 0x3ff));
}

static int
json_char(const struct shown *shown, struct buf *out)
{
	if (shown->kind == SHOWN_BYTE)
		return buf_puts(out, "\xef\xbf\xbd");
	if (shown->kind == SHOWN_CODE)
		return json_code(shown->code, out);
	if (shown->code == '"' || shown->code == '\\')
		return buf_printf(out, "\\%s", shown->text);
	return buf_append(out, shown->text, shown->len);
}

int
conf_text_json(const char *text, struct buf *out)
{
	size_t before = out->len, left = strlen(text);
	int failed = buf_puts(out, "\"");
	struct shown shown;

	for (; failed == 0 && left > 0; left -= shown.used) {
		shown_next(text, left, &shown);
		failed = json_char(&shown, out);
		text += shown.used;
	}
	if (failed == 0 && buf_puts(out, "\"") == 0)
		return 0;
	out->len = before;
	return -1;
}
