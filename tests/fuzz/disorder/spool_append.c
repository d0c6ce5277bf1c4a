/* What is written to channels: all that a record may be, and more. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "fuzz/disorder/report.h"
#include "fuzz/disorder/spool.h"

/* Append to ${name}, whatever that is by now; nothing is waited for. */
static void
append(struct spool *spool, const char *name, const struct buf *text)
{
	int fd = openat(spool->fd, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    0644);
	struct stat st;
	ssize_t done = -1;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_size < spool->plan->file_bytes)
		done = write(fd, text->data, text->len);
	close(fd);
	report_note("append %zd of %zu to %s", done, text->len, name);
}

static void
fill(struct buf *text, uint8_t byte, size_t n)
{
	if (buf_reserve(text, n) != 0)
		abort();
	memset(text->data + text->len, byte, n);
	text->len += n;
}

static void
puts_to(struct buf *text, const char *what)
{
	if (buf_puts(text, what) != 0)
		abort();
}

static void
put_noise(struct spool *spool, struct buf *text)
{
	static const char *const pieces[] = { "\r", "\n", "\r\n", "\0", "\xff",
		"\xc3", "\xe2\x82", "data:", "data", ":", "event: t1\n",
		"id: mine\n", "\xef\xbb\xbf", "retry: 1\n", "flush: now\n",
		"expires: 1\n" };

	for (size_t n = 1 + draw_size(&spool->rnd, 60); n > 0; n--) {
		const char *piece = pieces[draw_below(&spool->rnd, 16)];

		if (buf_append(text, piece, *piece == '\0' ? 1 : strlen(piece)))
			abort();
	}
}

static void
append_lines(struct spool *spool)
{
	struct buf text = { 0 };
	size_t n = 1 + draw_size(&spool->rnd, 40);

	while (n-- > 0) {
		fill(&text, (uint8_t)rnd_between(&spool->rnd, 32, 126),
		    draw_size(&spool->rnd, 300));
		puts_to(&text, "\n");
	}
	append(spool, spool_draw_base(spool), &text);
	buf_free(&text);
}

static void
put_field(struct spool *spool, struct buf *text)
{
	static const char *const fields[] = { "event: t1", "event: message",
		"event: spoolcast.gap", "id: mine", "id: ~~ ~", "retry: 1",
		"retry: 9223372036854775807", "flush: now", "flush: hold",
		"flush: close", "flush: x", "expires: 1",
		"expires: 99999999999", "expires: -1", ": comment", "data" };

	puts_to(text, fields[draw_below(&spool->rnd, 16)]);
	puts_to(text, draw_chance(&spool->rnd, 90) ? "\n" : "\r");
}

static void
append_blocks(struct spool *spool)
{
	struct buf text = { 0 };
	size_t n = 1 + draw_size(&spool->rnd, 20);

	while (n-- > 0) {
		while (draw_chance(&spool->rnd, 50))
			put_field(spool, &text);
		do {
			puts_to(&text, "data: ");
			fill(&text, 'd', draw_size(&spool->rnd, 300));
			puts_to(&text, "\n");
		} while (draw_chance(&spool->rnd, 30));
		puts_to(&text, "\n");
	}
	append(spool, spool_draw_base(spool), &text);
	buf_free(&text);
}

/* One record about as large as it may be, of bytes that grow when sent. */
static void
append_large(struct spool *spool)
{
	static const char bytes[] = "x\r\n\0\xff:d";
	size_t size = (size_t)spool->plan->max_record;
	struct buf text = { 0 };

	if (draw_chance(&spool->rnd, 60))
		size = size - 8 + draw_below(&spool->rnd, 16);
	else
		size = draw_size(&spool->rnd, 3 * size);
	if (draw_chance(&spool->rnd, 50))
		puts_to(&text, "data: ");
	fill(&text, (uint8_t)bytes[draw_below(&spool->rnd, 7)], size);
	puts_to(&text, draw_chance(&spool->rnd, 80) ? "\n\n" : "");
	append(spool, spool_draw_base(spool), &text);
	buf_free(&text);
}

/* Nothing that is sent: blank lines and comments. */
static void
append_nothing(struct spool *spool)
{
	struct buf text = { 0 };
	size_t n = draw_size(&spool->rnd, 100000);

	if (draw_chance(&spool->rnd, 50))
		fill(&text, '\n', n);
	else
		while (text.len < n)
			puts_to(&text, ":\n");
	append(spool, spool_draw_base(spool), &text);
	buf_free(&text);
}

static void
append_noise(struct spool *spool)
{
	struct buf text = { 0 };

	put_noise(spool, &text);
	append(spool, spool_draw_base(spool), &text);
	buf_free(&text);
}

/* To any file of a channel, not the newest only. */
static void
append_late(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	struct buf text = { 0 };

	puts_to(&text, "late\n");
	spool_draw_name(spool, name);
	append(spool, name, &text);
	buf_free(&text);
}

/* A file for a drop folder: moved, linked or written there. */
static void
append_drop(struct spool *spool)
{
	static const char *const names[] = { "a", "b.html", "c.tmp", ".d", "e~",
		"f g", "x\n" };
	const char *name = names[draw_below(&spool->rnd, 7)];
	char path[SPOOL_NAME_MAX];
	struct buf text = { 0 };
	int fd;

	mkdirat(spool->fd, "jobs.d", 0755);
	snprintf(path, sizeof(path), "jobs.d/%s", name);
	fill(&text, (uint8_t) "x\n\r\0"[draw_below(&spool->rnd, 4)],
	    draw_size(&spool->rnd, spool->plan->max_record + 100));
	if (draw_chance(&spool->rnd, 40)) {
		append(spool, path, &text);
		buf_free(&text);
		return;
	}
	fd = openat(spool->fd, ".put", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd != -1 && write(fd, text.data, text.len) < 0)
		report_note("no room for %s", path);
	if (fd != -1)
		close(fd);
	buf_free(&text);
	report_note("drop %s", path);
	if (draw_chance(&spool->rnd, 30) &&
	    linkat(spool->fd, ".put", spool->fd, path, 0) == 0)
		unlinkat(spool->fd, ".put", 0);
	else
		renameat(spool->fd, ".put", spool->fd, path);
}

/* A channel ends, or begins again. */
static void
append_end(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];

	snprintf(name, sizeof(name), "%s.end",
	    spool_draw_channel(spool->plan, &spool->rnd));
	if (unlinkat(spool->fd, name, 0) != 0)
		close(openat(
		    spool->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	report_note("end or begin %s", name);
}

/* By our own program. */
static void
append_publish(struct spool *spool)
{
	spool_run(
	    spool, "publish", spool_draw_channel(spool->plan, &spool->rnd));
}

/* Somebody looks what is wrong. */
static void
run_check(struct spool *spool)
{
	spool_run(spool, "check", "");
}

/* A web server that has no FastCGI. */
static void
run_cgi(struct spool *spool)
{
	spool_run(spool, "cgi", spool_draw_channel(spool->plan, &spool->rnd));
}

const struct action spool_appends[] = {
	{ "lines", append_lines, 20, true, false },
	{ "blocks", append_blocks, 20, true, false },
	{ "large", append_large, 3, true, false },
	{ "nothing", append_nothing, 2, true, false },
	{ "noise", append_noise, 4, true, false },
	{ "late", append_late, 6, false, false },
	{ "drop", append_drop, 8, true, false },
	{ "end", append_end, 2, true, false },
	{ "publish", append_publish, 1, true, false },
	{ "check", run_check, 1, true, false },
	{ "cgi", run_cgi, 1, true, false },
	{ 0 },
};
