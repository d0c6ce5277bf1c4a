#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_lines.h"

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Return the first byte of the line that is a control character, or NULL. */
static const char *
find_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)line[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return line + i;
	}
	return NULL;
}

/* Read the line of ${len} bytes at ${line}, which starts with '['. */
static void
read_heading(struct conf_lines *lines, const char *line, size_t len)
{
	size_t end = 1;

	/*
	 * A comment starts where inih sees one: at a ';' that follows a blank.
	 */
	while (end < len && !(line[end] == ';' && is_blank(line[end - 1])))
		end++;
	while (is_blank(line[end - 1]))
		end--;
	if (end >= 2 && line[end - 1] == ']') {
		lines->on_heading(lines->cookie, line + 1, end - 2);
		return;
	}
	conf_lines_complain(lines,
	    "the heading does not end with ']'; write [section] and nothing "
	    "after it but a comment that starts with ' ;'");
	lines->on_heading(lines->cookie, NULL, 0);
}

/*
 * Deal with the line of ${len} bytes at ${line}.  Return 1 if it is for inih,
 * which has room for ${room} bytes.
 */
static int
read_line(struct conf_lines *lines, const char *line, size_t len, size_t room)
{
	size_t blanks = 0;
	const char *control = find_control(line, len);

	if (control != NULL) {
		conf_lines_complain(lines,
		    "byte 0x%02x is not text; save the file as plain text",
		    (unsigned)(unsigned char)*control);
		return 0;
	}
	/*
	 * Comments and empty lines say nothing.  inih would take an indented
	 * line for more of the value before it, in silence.
	 */
	while (blanks < len && is_blank(line[blanks]))
		blanks++;
	if (blanks == len || line[blanks] == ';' || line[blanks] == '#')
		return 0;
	if (blanks > 0) {
		conf_lines_complain(lines,
		    "the line is indented, as if it continued the one before; "
		    "remove the blanks at its start");
		return 0;
	}
	if (line[0] == '[') {
		read_heading(lines, line, len);
		return 0;
	}
	/* inih would take the tail of a longer line for a line of its own. */
	if (len > room) {
		conf_lines_complain(lines,
		    "the line has %zu bytes, at most %zu can be read; shorten "
		    "it: a path by a symbolic link, a list by globs",
		    len, room);
		return 0;
	}
	return 1;
}

char *
conf_lines_next(char *str, int num, void *stream)
{
	struct conf_lines *lines = stream;
	const char *line = lines->next, *lf;
	size_t len;

	/*
	 * The handler has not seen the last line, so inih found no pair in it.
	 */
	if (lines->is_pending)
		conf_lines_complain(lines,
		    "the line has no '='; write key = value, or put a ';' "
		    "before a comment");
	lines->is_pending = 0;
	if (line == lines->end)
		return NULL;
	/* A line ends with LF or CR LF, and the last one may have no end. */
	lf = memchr(line, '\n', (size_t)(lines->end - line));
	len = (size_t)((lf != NULL ? lf : lines->end) - line);
	lines->next = lf != NULL ? lf + 1 : lines->end;
	if (lf != NULL && len > 0 && line[len - 1] == '\r')
		len--;
	lines->line++;
	/* Some editors put a byte order mark in front of the first line. */
	if (lines->line == 1 && len >= 3 &&
	    memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	/* inih counts a LF and the NUL among what it has room for. */
	lines->is_pending = read_line(lines, line, len, (size_t)num - 2);
	if (!lines->is_pending)
		len = 0;
	memcpy(str, line, len);
	str[len] = '\0';
	return str;
}

void
conf_lines_complain(const struct conf_lines *lines, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text != NULL)
		conf_errors_add(
		    lines->errs, "%s:%u: %s", lines->file, lines->line, text);
	else
		conf_errors_system(lines->errs, lines->file);
	free(text);
}
