#include <errno.h>
#include <string.h>

#include "format/utf8.h"
#include "spool/record.h"
#include "take/drop_record.h"

#define COMMENT ": taken "

static const char digits[] = "0123456789ABCDEF";

const char *
drop_record_type(const char *file)
{
	const char *type = strrchr(file, '.');

	if (type == NULL || type[1] == '\0' ||
	    strpbrk(++type, "\r\n") != NULL ||
	    !utf8_is_valid((const uint8_t *)type, strlen(type)))
		return NULL;
	return type;
}

/*
 * Return whether ${byte} stands for itself in a comment; no such byte can end
 * the line.
 */
static bool
is_plain(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != '%';
}

static int
append_escaped(struct buf *out, const char *file)
{
	int failed = 0;

	for (; *file != '\0'; file++) {
		uint8_t byte = (uint8_t)*file;
		char code[3] = { '%', digits[byte >> 4], digits[byte & 15] };

		if (is_plain(byte))
			failed |= buf_append(out, &byte, 1);
		else
			failed |= buf_append(out, code, sizeof(code));
	}
	return failed;
}

void
drop_record_begin(struct drop_record *record, struct buf *out,
    const char *token, const char *file)
{
	memset(record, 0, sizeof(*record));
	record->out = out;
	record->start = out->len;
	record->failed |= buf_printf(out, COMMENT "%s ", token);
	record->failed |= append_escaped(out, file);
	record->failed |= buf_puts(out, "\n");
}

void
drop_record_event(struct drop_record *record, const char *type)
{
	record->failed |= buf_printf(record->out, "event: %s\n", type);
}

/* Start a line of data; the one before, if any, ends here. */
static void
begin_line(struct drop_record *record)
{
	record->failed |=
	    buf_puts(record->out, record->has_data ? "\ndata:" : "data:");
	record->has_data = true;
	record->is_line_empty = true;
	record->end = 0;
}

static void
add_text(struct drop_record *record, const uint8_t *bytes, size_t len)
{
	/*
	 * A reader drops one blank after the colon: add it, to keep a blank of
	 * the text.
	 */
	if (record->is_line_empty)
		record->failed |= buf_puts(record->out, " ");
	record->is_line_empty = false;
	record->failed |= buf_append(record->out, bytes, len);
}

static size_t
text_len(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] != '\n' && bytes[n] != '\r')
		n++;
	return n;
}

void
drop_record_data(struct drop_record *record, const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	if (!record->has_data) {
		begin_line(record);
		i = record_bom_len(bytes, len);
	}
	while (i < len) {
		size_t n = text_len(bytes + i, len - i);

		/* The LF of a CR LF ends no other line. */
		if (n == 0 && record->end == '\r' && bytes[i] == '\n') {
			record->end = '\n';
			i++;
			continue;
		}
		/*
		 * Begin a line only now: the last line end of a file starts
		 * none.
		 */
		if (record->end != 0)
			begin_line(record);
		if (n > 0)
			add_text(record, bytes + i, n);
		else
			record->end = (char)bytes[i];
		i += n == 0 ? 1 : n;
	}
}

static int
finish(struct drop_record *record)
{
	record->failed |= buf_puts(record->out, "\n\n");
	if (!record->failed)
		return 0;
	drop_record_undo(record);
	errno = ENOMEM;
	return -1;
}

int
drop_record_end(struct drop_record *record)
{
	if (!record->has_data)
		begin_line(record);
	return finish(record);
}

int
drop_record_skip(struct drop_record *record, uint64_t size)
{
	record->failed |=
	    buf_printf(record->out, "skipped: %llu", (unsigned long long)size);
	return finish(record);
}

void
drop_record_undo(struct drop_record *record)
{
	record->out->len = record->start;
}

static int
digit_of(char c)
{
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

/* Undo append_escaped.  Return whether that gives a name. */
static bool
unescape(const char *text, size_t len, char file[NAME_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = (uint8_t)text[i];

		if (byte == '%') {
			int high = i + 2 < len ? digit_of(text[i + 1]) : -1;
			int low = high == -1 ? -1 : digit_of(text[i + 2]);

			byte = low == -1 ? 0 : high << 4 | low;
			i += 2;
		}
		if (byte == 0 || n == NAME_MAX)
			return false;
		file[n++] = (char)byte;
	}
	file[n] = '\0';
	return n > 0;
}

/* Return whether ${*text} begins with ${head}, and if so cut that off. */
static bool
cut_head(const char **text, size_t *len, const char *head)
{
	size_t n = strlen(head);

	if (*len < n || memcmp(*text, head, n) != 0)
		return false;
	*text += n;
	*len -= n;
	return true;
}

bool
drop_record_file(
    const char *line, size_t len, const char *token, char file[NAME_MAX + 1])
{
	return cut_head(&line, &len, COMMENT) && cut_head(&line, &len, token) &&
	    cut_head(&line, &len, " ") && unescape(line, len, file);
}
