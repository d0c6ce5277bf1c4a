/* What happens to files besides. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/spool.h"

/* Open a file that is there, to do something to what is in it. */
static int
open_drawn(struct spool *spool, char name[SPOOL_NAME_MAX])
{
	spool_draw_name(spool, name);
	return openat(
	    spool->fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static void
truncate_file(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	int fd = open_drawn(spool, name);
	struct stat st;
	off_t to = 0;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && draw_chance(&spool->rnd, 60))
		to = (off_t)draw_size(&spool->rnd, (uint64_t)st.st_size);
	report_note("truncate %s to %lld", name, (long long)to);
	if (ftruncate(fd, to) == 0 && draw_chance(&spool->rnd, 30) &&
	    pwrite(fd, "again\n", 6, 0) < 0)
		report_note("no room for %s", name);
	close(fd);
}

/* Write over what is there. */
static void
overwrite(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	int fd = open_drawn(spool, name);
	struct stat st;

	if (fd == -1)
		return;
	report_note("overwrite in %s", name);
	if (fstat(fd, &st) == 0 &&
	    pwrite(fd, "\n\nover\n\n", 8,
		(off_t)draw_size(&spool->rnd, (uint64_t)st.st_size + 20)) < 0)
		report_note("no room for %s", name);
	close(fd);
}

/* Leave holes, in the file or behind it. */
static void
punch(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	int fd = open_drawn(spool, name);
	struct stat st;
	off_t at, len;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && draw_chance(&spool->rnd, 60)) {
		at = (off_t)draw_size(&spool->rnd, (uint64_t)st.st_size);
		len = 1 + (off_t)draw_size(&spool->rnd, 100000);
		report_note("punch %s at %lld", name, (long long)at);
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			at, len) != 0)
			report_note("no holes here");
	} else {
		len = st.st_size + (off_t)draw_size(&spool->rnd, 64 << 20);
		report_note("stretch %s to %lld", name, (long long)len);
		if (ftruncate(fd, len) != 0)
			report_note("no room for %s", name);
	}
	close(fd);
}

static void
remove_one(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];

	spool_draw_name(spool, name);
	report_note("remove %s", name);
	if (unlinkat(spool->fd, name, 0) != 0)
		spool_clear(spool->fd, name);
}

static void
remove_series(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char name[SPOOL_NAME_MAX];

	report_note("remove all of %s", base);
	unlinkat(spool->fd, base, 0);
	for (unsigned n = 0; n < 12; n++) {
		spool_name_of(name, base, n);
		unlinkat(spool->fd, name, 0);
	}
}

/* A link takes the place of ${name}. */
static void
put_symlink(struct spool *spool, const char *to, const char *name)
{
	report_note("link %s -> %s", name, to);
	unlinkat(spool->fd, name, 0);
	if (symlinkat(to, spool->fd, name) != 0)
		report_note("it cannot be");
}

static void
link_symbolic(struct spool *spool)
{
	/* None leads out of the folder of the round. */
	static const char *const targets[] = { ".", "..", "../null", "../zero",
		"../full", "nowhere", "../..", ".spoolcast" };
	char name[SPOOL_NAME_MAX], other[SPOOL_NAME_MAX];

	spool_draw_name(spool, name);
	spool_draw_name(spool, other);
	switch (draw_below(&spool->rnd, 4)) {
	case 0:
		put_symlink(spool, name, name);
		break;
	case 1:
		put_symlink(spool, name, other);
		put_symlink(spool, other, name);
		break;
	case 2:
		put_symlink(spool, targets[draw_below(&spool->rnd, 8)], name);
		break;
	default:
		put_symlink(spool, other, name);
		break;
	}
}

/* One file under several names, of which those of a series may be a circle. */
static void
link_hard(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	char name[SPOOL_NAME_MAX], from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	unsigned n = (unsigned)draw_below(&spool->rnd, 3);
	unsigned step = 1 + (unsigned)draw_below(&spool->rnd, 3);

	if (draw_chance(&spool->rnd, 20)) {
		spool_draw_name(spool, from);
		spool_draw_name(spool, to);
	} else {
		if (n == 0)
			snprintf(from, sizeof(from), "%s", base);
		else
			spool_name_of(from, base, n);
		spool_name_of(to, base, n + step);
	}
	report_note("hard link %s = %s", to, from);
	if (draw_chance(&spool->rnd, 80))
		unlinkat(spool->fd, to, 0);
	if (linkat(spool->fd, from, spool->fd, to, 0) != 0)
		report_note("it cannot be");
	spool_name_of(name, base, n + 1);
	if (step == 2 && draw_chance(&spool->rnd, 70))
		close(openat(spool->fd, name,
		    O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644));
}

/* Something else takes the place of a file, or the other way round. */
static void
become(struct spool *spool)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char name[SPOOL_NAME_MAX];
	int fd;

	spool_draw_name(spool, name);
	if (unlinkat(spool->fd, name, 0) != 0 &&
	    unlinkat(spool->fd, name, AT_REMOVEDIR) != 0)
		spool_clear(spool->fd, name);
	switch (draw_below(&spool->rnd, 4)) {
	case 0:
		report_note("%s becomes a folder", name);
		mkdirat(spool->fd, name, 0755);
		break;
	case 1:
		report_note("%s becomes a pipe", name);
		mkfifoat(spool->fd, name, 0644);
		break;
	case 2:
		report_note("%s becomes a socket", name);
		snprintf(sun.sun_path, sizeof(sun.sun_path),
		    "/proc/self/fd/%d/%s", spool->fd, name);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
			report_note("no socket there");
		close(fd);
		break;
	default:
		report_note("%s becomes a file", name);
		close(openat(
		    spool->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		break;
	}
}

/* One name is changed to any other. */
static void
rename_any(struct spool *spool)
{
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];

	spool_draw_name(spool, from);
	spool_draw_name(spool, to);
	report_note("move %s to %s", from, to);
	renameat2(spool->fd, from, spool->fd, to,
	    draw_chance(&spool->rnd, 30) ? RENAME_EXCHANGE : 0);
}

/* A file's times, rights and owner. */
static void
touch_rights(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	struct timespec times[2] = { { 0 } };
	struct stat st;

	spool_draw_name(spool, name);
	/* What a link leads to may be the root folder of this machine. */
	if (fstatat(spool->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    S_ISLNK(st.st_mode))
		return;
	report_note("change times or rights of %s", name);
	times[0].tv_sec = times[1].tv_sec =
	    (time_t)draw_size(&spool->rnd, (uint64_t)1 << 33);
	if (draw_chance(&spool->rnd, 50))
		utimensat(spool->fd, name, times, AT_SYMLINK_NOFOLLOW);
	if (draw_chance(&spool->rnd, 50) &&
	    fchmodat(spool->fd, name, (mode_t)draw_below(&spool->rnd, 01000),
		0) != 0)
		report_note("we may not");
	if (draw_chance(&spool->rnd, 20) &&
	    fchownat(spool->fd, name, 65534, 65534, AT_SYMLINK_NOFOLLOW) != 0)
		report_note("we may not");
}

/* Names that come and go, more than anybody keeps up with. */
static void
swarm(struct spool *spool)
{
	const char *base = spool_draw_base(spool);
	unsigned first = (unsigned)draw_below(&spool->rnd, 4);
	char name[SPOOL_NAME_MAX];

	report_note("a swarm of %s.%u and so on", base, first);
	for (unsigned i = 0; i < 40; i++) {
		if (first == 0)
			snprintf(name, sizeof(name), "x-%u", i);
		else
			spool_name_of(name, base, first);
		close(openat(spool->fd, name,
		    O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644));
		unlinkat(spool->fd, name, 0);
	}
}

/* The whole folder is exchanged, at once or a while later. */
static void
exchange(struct spool *spool)
{
	char aside[SPOOL_NAME_MAX];

	if (spool->back_ms != 0)
		return;
	snprintf(aside, sizeof(aside), "old-%llu",
	    (unsigned long long)++spool->n_left);
	report_note("the spool becomes %s", aside);
	if (renameat(spool->folder_fd, "spool", spool->folder_fd, aside) != 0)
		return;
	spool->exchanged_ms = report_ms();
	spool->back_ms = report_ms() + 1;
	if (draw_chance(&spool->rnd, 50))
		spool->back_ms += (int64_t)draw_size(&spool->rnd, 400);
}

const struct action spool_damages[] = {
	{ "truncate", truncate_file, 6, false, false },
	{ "overwrite", overwrite, 4, false, false },
	{ "punch", punch, 3, false, false },
	{ "remove", remove_one, 6, false, false },
	{ "series", remove_series, 3, false, false },
	{ "symlinks", link_symbolic, 4, false, false },
	{ "hardlinks", link_hard, 4, false, false },
	{ "become", become, 4, false, false },
	{ "move", rename_any, 4, false, false },
	{ "rights", touch_rights, 2, false, false },
	{ "swarm", swarm, 1, false, false },
	{ "exchange", exchange, 1, false, false },
	{ 0 },
};
