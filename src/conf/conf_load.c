#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/name.h"
#include "conf/conf_lines.h"
#include "conf/conf_load.h"

/* Most files are short, and a process keeps the memory that reading touches. */
#define READ_BYTES 1024

enum place {
	PLACE_NOWHERE, /* before the first heading */
	PLACE_BASE,
	PLACE_CHANNEL,
	PLACE_BAD, /* under a heading that is wrong: keys are passed over */
};

/* The state of reading a file. */
struct loader {
	struct conf_lines lines;
	struct conf *conf;
	enum place place;
	struct conf_section *section; /* for PLACE_BASE and PLACE_CHANNEL */
	char heading[CONF_LINES_SHOWN + 1]; /* "channel news" */
};

/* Report what is wrong with the key ${name} of this line. */
__attribute__((format(printf, 3, 4))) static void
complain(struct loader *loader, const char *name, const char *format, ...)
{
	va_list args;
	char *what;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	if (what != NULL)
		conf_lines_complain(
		    &loader->lines, "[%s] %s: %s", loader->heading, name, what);
	else
		conf_errors_system(loader->lines.errs, loader->lines.file);
	free(what);
}

/* Enter the section of the channels that ${name} of ${len} bytes selects. */
static void
open_channel(struct loader *loader, const char *name, size_t len)
{
	if (!name_is_valid(name, len) && !name_is_pattern(name, len)) {
		conf_lines_complain(&loader->lines,
		    "[channel %.*s]: neither a channel name nor a glob; use "
		    "letters, digits, - and _, at most %d, and * ? [...] in "
		    "globs",
		    len < CONF_LINES_SHOWN ? (int)len : CONF_LINES_SHOWN, name,
		    NAME_MAX_LEN);
		return;
	}
	snprintf(loader->heading, sizeof(loader->heading), "channel %.*s",
	    (int)len, name);
	loader->section =
	    conf_section_of(loader->conf, loader->heading + strlen("channel "));
	if (loader->section != NULL)
		loader->place = PLACE_CHANNEL;
	else if (errno == E2BIG)
		conf_lines_complain(&loader->lines,
		    "[%s]: more than %d channel sections, or %d with globs; "
		    "let one glob stand for several channels",
		    loader->heading, CONF_SECTIONS_MAX, CONF_GLOBS_MAX);
	else
		conf_errors_system(loader->lines.errs, loader->lines.file);
}

/* Enter the section ${name} of ${len} bytes that is not for a channel. */
static void
open_base(struct loader *loader, const char *name, size_t len)
{
	const char *near;

	snprintf(loader->heading, sizeof(loader->heading), "%.*s",
	    len < CONF_LINES_SHOWN ? (int)len : CONF_LINES_SHOWN, name);
	if (settings_section_exists(name, len)) {
		loader->place = PLACE_BASE;
		loader->section = conf_section_base(loader->conf);
	} else if ((near = settings_section_near(loader->heading)) != NULL)
		conf_lines_complain(&loader->lines,
		    "[%s]: unknown section; did you mean [%s]?",
		    loader->heading, near);
	else
		conf_lines_complain(&loader->lines,
		    "[%s]: unknown section; `spoolcast help settings` shows "
		    "all, and settings that differ by channel are in [channel "
		    "NAME]",
		    loader->heading);
}

static void
on_heading(void *cookie, const char *name, size_t len)
{
	static const char word[] = "channel";
	const size_t word_len = sizeof(word) - 1;
	struct loader *loader = cookie;

	loader->place = PLACE_BAD;
	if (name == NULL)
		return;
	if (len < word_len || memcmp(name, word, word_len) != 0 ||
	    (len > word_len && strchr(" \t", name[word_len]) == NULL)) {
		open_base(loader, name, len);
		return;
	}
	name += word_len;
	len -= word_len;
	while (len > 0 && strchr(" \t", *name) != NULL) {
		name++;
		len--;
	}
	open_channel(loader, name, len);
}

/*
 * Return whether the key ${name}, with its row ${key} or NULL, may stand here;
 * if not, tell.
 */
static int
is_in_place(struct loader *loader, const char *name, const struct conf_key *key)
{
	const struct conf_key *near = key != NULL ? key : settings_near(name);

	if (loader->place == PLACE_NOWHERE)
		conf_lines_complain(&loader->lines,
		    "%s: comes before the first section; put it under [%s]",
		    name, near != NULL ? near->section : "SECTION");
	else if (near == NULL)
		complain(loader, name,
		    "unknown key; `spoolcast help settings` shows all");
	else if (key == NULL)
		complain(loader, name, "unknown key; did you mean %s in [%s]?",
		    near->name, near->section);
	else if (loader->place == PLACE_CHANNEL &&
	    (key->flags & CONF_PER_CHANNEL) == 0)
		complain(loader, name,
		    "cannot differ by channel; put it under [%s]",
		    key->section);
	else if (loader->place == PLACE_BASE &&
	    strcmp(key->section, loader->heading) != 0)
		complain(loader, name,
		    "not a key of this section; put it under [%s]",
		    key->section);
	else
		return 1;
	return 0;
}

/* Make the relative path in ${value} start at the folder of the file. */
static int
anchor(const struct loader *loader, struct conf_value *value)
{
	const char *file = loader->lines.file, *slash = strrchr(file, '/');
	char *path;

	if (slash == NULL || value->text[0] == '/' || value->text[0] == '\0')
		return 0;
	if (asprintf(&path, "%.*s%s", (int)(slash - file) + 1, file,
		value->text) < 0)
		return -1;
	free(value->text);
	value->text = path;
	return 0;
}

/* Read ${text} as the value of ${key} and keep it as given on ${line}. */
static void
set_key(struct loader *loader, const struct conf_key *key, const char *text,
    unsigned line)
{
	struct conf_value value = { 0, NULL };
	struct buf why = { 0 };

	if (conf_type_parse(key, text, &value, &why) != 0)
		goto err0;
	if (key->type == CONF_PATH && anchor(loader, &value) != 0)
		goto err1;
	if (conf_set(loader->conf, loader->section, key, &value, line) != 0)
		goto err0;
	return;

err1:
	free(value.text);
err0:
	if (why.len > 0)
		complain(loader, key->name, "%.*s", (int)why.len,
		    (const char *)why.data);
	else
		conf_errors_system(loader->lines.errs, loader->lines.file);
	buf_free(&why);
}

/*
 * Take one pair; this is inih's handler.  It adds errors to the others itself,
 * so for inih it never fails.
 */
static int
on_pair(void *cookie, const char *section, const char *name, const char *value)
{
	struct loader *loader = cookie;
	const struct conf_key *key = settings_find(name, strlen(name));
	unsigned line;

	(void)section;
	loader->lines.is_pending = 0;
	if (loader->place == PLACE_BAD || !is_in_place(loader, name, key))
		return 1;
	line = conf_section_line(loader->section, key);
	if (line != 0)
		complain(loader, name,
		    "line %u gives it already; leave one of them out", line);
	else if (value[0] == '#' || strstr(value, " #") != NULL ||
	    strstr(value, "\t#") != NULL)
		complain(loader, name,
		    "'#' would be part of the value; start a comment after a "
		    "value with ' ;'");
	else
		set_key(loader, key, value, loader->lines.line);
	return 1;
}

struct conf *
conf_load_text(
    const char *text, size_t len, const char *file, struct conf_errors *errs)
{
	const struct conf_key *path = settings_find("path", strlen("path"));
	struct loader loader = {
		.lines = { .next = text,
		    .end = text + len,
		    .file = file,
		    .errs = errs,
		    .on_heading = on_heading },
		.conf = conf_new(),
	};
	size_t errors = errs->count;

	if (loader.conf == NULL)
		goto err0;
	loader.lines.cookie = &loader;
	if (ini_parse_stream(conf_lines_next, &loader.lines, on_pair, &loader) <
	    0)
		goto err0;
	/*
	 * The default of the path is relative, too, and starts at the folder of
	 * the file like one that the file gives.
	 */
	loader.section = conf_section_base(loader.conf);
	if (conf_section_line(loader.section, path) == 0)
		set_key(&loader, path, path->initial, 0);
	if (conf_resolve(loader.conf) != 0)
		goto err0;
	/* All problems are told at once, so reading went on after the first. */
	if (errs->count > errors)
		goto err1;
	return loader.conf;

err0:
	errno = ENOMEM;
	conf_errors_system(errs, file);
err1:
	conf_free(loader.conf);
	return NULL;
}

/* Read what is left of ${fd} into ${text}, or report why not. */
static int
read_all(int fd, const char *file, struct buf *text, struct conf_errors *errs)
{
	for (;;) {
		ssize_t got;

		if (buf_reserve(text, READ_BYTES) != 0)
			break;
		got = read(fd, text->data + text->len, READ_BYTES);
		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		text->len += (size_t)got;
		if (text->len > CONF_FILE_MAX) {
			conf_errors_add(errs,
			    "%s: larger than %d bytes; is this the right file?",
			    file, CONF_FILE_MAX);
			return -1;
		}
	}
	conf_errors_system(errs, file);
	return -1;
}

/* Report that ${file} cannot be opened. */
static void
refuse(const char *file, struct conf_errors *errs)
{
	int is_missing = errno == ENOENT || errno == ENOTDIR;

	if (is_missing)
		conf_errors_add(errs, "%s: %s; name a file that is there", file,
		    strerror(errno));
	else if (errno == EACCES)
		conf_errors_add(errs,
		    "%s: %s; let user %ld read it and enter the folders above",
		    file, strerror(errno), (long)geteuid());
	else
		conf_errors_system(errs, file);
	/*
	 * Naming a file that is not there is a mistake; anything else is
	 * trouble of the system.
	 */
	errs->is_system = !is_missing;
}

struct conf *
conf_load(const char *file, struct conf_errors *errs)
{
	struct conf *conf = NULL;
	struct buf text = { 0 };
	/* O_NONBLOCK: opening a pipe must not wait for a writer. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		refuse(file, errs);
		return NULL;
	}
	if (read_all(fd, file, &text, errs) == 0)
		conf = conf_load_text(
		    (const char *)text.data, text.len, file, errs);
	close(fd);
	buf_free(&text);
	return conf;
}
