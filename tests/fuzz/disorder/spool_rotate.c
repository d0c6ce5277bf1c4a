/* Everybody's way to put old records aside. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/spool.h"

#define NUMBERS 9

static bool
is_there(struct spool *spool, const char *name)
{
	struct stat st;

	return fstatat(spool->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
make(struct spool *spool, const char *name)
{
	int fd = openat(spool->fd, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644);

	if (fd == -1)
		return;
	if (draw_chance(&spool->rnd, 70) && write(fd, "first\n\n", 7) < 0)
		report_note("no room for %s", name);
	close(fd);
}

static void
move(struct spool *spool, const char *from, const char *to)
{
	renameat(spool->fd, from, spool->fd, to);
}

/* BASE becomes BASE.${first}, after those that have a number. */
static void
move_up(struct spool *spool, const char *base, unsigned first)
{
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	unsigned n = first;

	report_note("rotate %s to .%u", base, first);
	for (; n < NUMBERS; n++) {
		spool_name_of(from, base, n);
		if (!is_there(spool, from))
			break;
	}
	for (; n > first; n--) {
		spool_name_of(from, base, n - 1);
		spool_name_of(to, base, n);
		move(spool, from, to);
	}
	spool_name_of(to, base, first);
	move(spool, base, to);
	if (draw_chance(&spool->rnd, 60))
		make(spool, base);
}

static void
rotate_up(struct spool *spool)
{
	move_up(spool, spool_draw_base(spool), 1);
}

static void
rotate_zero(struct spool *spool)
{
	move_up(spool, spool_draw_base(spool), 0);
}

static void
rotate_dated(struct spool *spool)
{
	static const char *const ways[] = { "%s-2026%02u%02u",
		"%s.2026%02u%02u", "%s-2026-%02u-%02u.log" };
	const char *base = spool_draw_base(spool);
	char to[SPOOL_NAME_MAX];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(to, sizeof(to), ways[draw_below(&spool->rnd, 3)], base,
	    1 + (unsigned)draw_below(&spool->rnd, 12),
	    1 + (unsigned)draw_below(&spool->rnd, 28));
#pragma GCC diagnostic pop
	report_note("rotate %s to %s", base, to);
	move(spool, base, to);
	if (draw_chance(&spool->rnd, 60))
		make(spool, base);
}

/* The newest gets the highest number. */
static void
rotate_growing(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char to[SPOOL_NAME_MAX];
	unsigned n = 1;

	do {
		spool_name_of(to, base, n++);
	} while (n < 30 && is_there(spool, to));
	report_note("rotate %s to %s, growing", base, to);
	move(spool, base, to);
	make(spool, base);
}

/* As logrotate's copytruncate. */
static void
rotate_copy(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char to[SPOOL_NAME_MAX], bytes[65536];
	int from_fd, to_fd;
	ssize_t n = 0;

	spool_name_of(to, base, 1);
	from_fd = openat(
	    spool->fd, base, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	to_fd = openat(spool->fd, to,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0644);
	report_note("copy %s to %s and truncate it", base, to);
	if (from_fd != -1 && to_fd != -1)
		n = read(from_fd, bytes, sizeof(bytes));
	if (n > 0 && write(to_fd, bytes, (size_t)n) < n)
		report_note("no room for %s", to);
	if (from_fd != -1 && ftruncate(from_fd, 0) != 0)
		report_note("%s cannot be truncated", base);
	if (from_fd != -1)
		close(from_fd);
	if (to_fd != -1)
		close(to_fd);
}

/* Numbers become lower. */
static void
rotate_down(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];

	report_note("move %s.1 to %s", base, base);
	for (unsigned n = 1; n < NUMBERS; n++) {
		spool_name_of(from, base, n);
		if (n == 1)
			snprintf(to, sizeof(to), "%s", base);
		else
			spool_name_of(to, base, n - 1);
		move(spool, from, to);
	}
}

/* A number is left out. */
static void
rotate_hole(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	unsigned n = (unsigned)draw_below(&spool->rnd, 4);

	if (n == 0)
		snprintf(from, sizeof(from), "%s", base);
	else
		spool_name_of(from, base, n);
	spool_name_of(to, base, n + 2 + (unsigned)draw_below(&spool->rnd, 9));
	report_note("move %s to %s", from, to);
	move(spool, from, to);
	if (draw_chance(&spool->rnd, 80))
		make(spool, base);
}

/* An old segment is made where there is none. */
static void
rotate_appear(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	const char *base = spool_draw_base(spool);

	spool_name_of(name, base, 1 + (unsigned)draw_below(&spool->rnd, 5));
	report_note("make %s", name);
	make(spool, name);
	if (draw_chance(&spool->rnd, 50))
		unlinkat(spool->fd, name, 0);
}

/* A series as it may be found, whatever made it so. */
void
spool_build(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	unsigned there = (unsigned)draw_below(&spool->rnd, 64);
	char name[SPOOL_NAME_MAX];

	report_note("build %s of the numbers 0x%x", base, there);
	for (unsigned n = 0; n < 12; n++) {
		if (n == 0)
			snprintf(name, sizeof(name), "%s", base);
		else
			spool_name_of(name, base, n);
		unlinkat(spool->fd, name, 0);
		if ((there >> n & 1) != 0)
			make(spool, name);
	}
}

static void
rotate_ours(struct spool *spool)
{
	spool_run(
	    spool, "rotate", spool_draw_channel(spool->plan, &spool->rnd));
}

const struct action spool_rotations[] = {
	{ "up", rotate_up, 8, false, false },
	{ "zero", rotate_zero, 4, false, false },
	{ "dated", rotate_dated, 4, false, false },
	{ "growing", rotate_growing, 4, false, false },
	{ "copytruncate", rotate_copy, 4, false, false },
	{ "down", rotate_down, 2, false, false },
	{ "hole", rotate_hole, 6, false, false },
	{ "appear", rotate_appear, 8, false, false },
	{ "build", spool_build, 4, false, false },
	{ "rotate", rotate_ours, 1, false, false },
	{ 0 },
};
