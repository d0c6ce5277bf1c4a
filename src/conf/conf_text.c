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
