/* What is not theirs to touch: .spoolcast, locks, the disk and the clock. */
#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/disorder/report.h"
#include "fuzz/disorder/spool.h"

#define OWN ".spoolcast"
#define NOTE_BYTES 160

static const char *const owned[] = { OWN "/rotation", OWN "/sources",
	OWN "/processes", OWN "/jobs.d.log", OWN "/alerts.fifo.log",
	OWN "/jobs.d.log.1" };
#define N_OWNED (sizeof(owned) / sizeof(owned[0]))

static const char *
draw_owned(struct spool *spool)
{
	return owned[draw_below(&spool->rnd, N_OWNED)];
}

static void
put_file(struct spool *spool, const char *name, const void *bytes, size_t len)
{
	int fd = openat(spool->fd, name,
	    O_WRONLY | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd == -1)
		return;
	if (write(fd, bytes, len) < 0)
		report_note("no room for %s", name);
	close(fd);
}

static void
remove_own(struct spool *spool)
{
	report_note("remove " OWN);
	spool_clear(spool->fd, OWN);
	unlinkat(spool->fd, OWN, 0);
}

/* A note of a rotation that somebody seems to have begun. */
static void
forge_note(struct spool *spool)
{
	static const char *const others[] = { "../x", "", ".",
		OWN "/jobs.d.log", "news.1", "nobody", "/etc/passwd",
		"news news" };
	const char *base = spool_draw_base(spool);
	unsigned keeps[] = { 0, 1, 2, 5, 1000 };
	char note[NOTE_BYTES + 64];
	struct stat st = { .st_ino = 1 };
	int len;

	fstatat(spool->fd, base, &st, AT_SYMLINK_NOFOLLOW);
	if (draw_chance(&spool->rnd, 20))
		st.st_ino++;
	if (draw_chance(&spool->rnd, 20))
		base = others[draw_below(&spool->rnd, 8)];
	len = snprintf(note, sizeof(note), "%s %llu %u", base,
	    (unsigned long long)st.st_ino, keeps[draw_below(&spool->rnd, 5)]);
	report_note("forge the note %s", note);
	memset(note + len, ' ', sizeof(note) - (size_t)len);
	note[NOTE_BYTES - 1] = '\n';
	mkdirat(spool->fd, OWN, 0755);
	put_file(spool, OWN "/rotation", note, NOTE_BYTES);
}

/* Files of ours become something else, or have something else in them. */
static void
forge_files(struct spool *spool)
{
	static const char *const texts[] = { "", "\n\n", ": taken 1-0-1 a\n",
		"data: x\n", "skipped: 99999999999999999999\n\n",
		"\n\n: taken 0-0-0 a\ndata: x\n\n" };
	const char *name = draw_owned(spool);
	const char *text = texts[draw_below(&spool->rnd, 6)];
	int fd;

	report_note("forge %s", name);
	mkdirat(spool->fd, OWN, 0755);
	switch (draw_below(&spool->rnd, 6)) {
	case 0:
		unlinkat(spool->fd, name, 0);
		mkdirat(spool->fd, name, 0755);
		break;
	case 1:
		unlinkat(spool->fd, name, 0);
		mkfifoat(spool->fd, name, 0644);
		break;
	case 2:
		unlinkat(spool->fd, name, 0);
		if (symlinkat("../news", spool->fd, name) != 0)
			report_note("it cannot be");
		break;
	case 3:
		if (unlinkat(spool->fd, name, 0) != 0)
			spool_clear(spool->fd, name);
		break;
	case 4:
		fd = openat(spool->fd, name,
		    O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		if (fd != -1 && ftruncate(fd, 0) != 0)
			report_note("%s cannot be truncated", name);
		if (fd != -1)
			close(fd);
		break;
	default:
		fd = openat(spool->fd, name,
		    O_WRONLY | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		if (fd != -1 && write(fd, text, strlen(text)) < 0)
			report_note("no room for %s", name);
		if (fd != -1)
			close(fd);
		break;
	}
}

/* What a taker left in a drop folder, as it seems. */
static void
forge_taking(struct spool *spool)
{
	static const char *const folders[] = { "jobs.d/.taking/1-0-1",
		"jobs.d/.taking/x", "jobs.d/.taking/ffffffffffffffff-ff-1" };
	const char *folder = folders[draw_below(&spool->rnd, 3)];
	char name[SPOOL_NAME_MAX];

	report_note("forge %s", folder);
	mkdirat(spool->fd, "jobs.d", 0755);
	mkdirat(spool->fd, "jobs.d/.taking", 0755);
	mkdirat(spool->fd, folder, 0755);
	snprintf(name, sizeof(name), "%s/a", folder);
	put_file(spool, name, "forged\n", 7);
	if (draw_chance(&spool->rnd, 20))
		mkfifoat(spool->fd, "jobs.d/.taking/1-0-1/pipe", 0644);
}

/* Hold ${fd}, and with it its lock, for a while, where there is room for it. */
static void
hold(struct spool *spool, int fd)
{
	size_t at = 0;

	while (at < SPOOL_LOCKS_MAX && spool->locks[at].fd != -1)
		at++;
	if (at == SPOOL_LOCKS_MAX) {
		close(fd);
		return;
	}
	spool->locks[at].fd = fd;
	spool->locks[at].until_ms =
	    report_ms() + (int64_t)draw_size(&spool->rnd, 3000);
}

/* Hold a lock on a file. */
static void
hold_lock(struct spool *spool)
{
	char name[SPOOL_NAME_MAX];
	int fd;

	if (draw_chance(&spool->rnd, 50))
		spool_draw_name(spool, name);
	else
		snprintf(name, sizeof(name), "%s", draw_owned(spool));
	fd = openat(
	    spool->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (flock(fd,
		LOCK_NB | (draw_chance(&spool->rnd, 50) ? LOCK_SH : LOCK_EX)) !=
	    0) {
		close(fd);
		return;
	}
	report_note("lock %s", name);
	hold(spool, fd);
}

/* Take slots, one or several or all, and put something into their file. */
static void
forge_slots(struct spool *spool)
{
	static const off_t lens[] = { 1, 1, 1, 2, 10, 0 };
	struct flock range = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)draw_below(&spool->rnd, 20),
		.l_len = lens[draw_below(&spool->rnd, 6)] };
	uint64_t noise[40];
	size_t n = draw_below(&spool->rnd, 40);
	int fd;

	for (size_t i = 0; i < n; i++)
		noise[i] = draw_size(&spool->rnd, UINT64_MAX);
	mkdirat(spool->fd, OWN, 0755);
	put_file(spool, OWN "/processes", noise, n * sizeof(noise[0]));
	fd = openat(spool->fd, OWN "/processes",
	    O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fcntl(fd, F_OFD_SETLK, &range) != 0) {
		close(fd);
		return;
	}
	report_note("take %lld slots from %lld on", (long long)range.l_len,
	    (long long)range.l_start);
	hold(spool, fd);
}

/* The disk gets full, or has room again. */
static void
fill_disk(struct spool *spool)
{
	int fd;

	if (!spool->is_mounted)
		return;
	if (spool->is_full) {
		report_note("the disk has room");
		unlinkat(spool->folder_fd, "ballast", 0);
		spool->is_full = false;
		return;
	}
	report_note("the disk is full");
	fd = openat(
	    spool->folder_fd, "ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1)
		return;
	for (off_t step = 1 << 20, size = 0; step >= 4096;) {
		if (fallocate(fd, 0, size, step) == 0)
			size += step;
		else
			step /= 2;
	}
	close(fd);
	spool->is_full = true;
}

/* The clock of the responder is set. */
static void
set_clock(struct spool *spool)
{
	static const char *const times[] = { "+0", "-1h", "+1h", "+400d",
		"-400d", "-20000d", "+100000d", "+1.5s" };
	const char *time = times[draw_below(&spool->rnd, 8)];
	char path[SPOOL_PATH_MAX + 8];
	FILE *file;

	report_note("the clock is set by %s", time);
	snprintf(path, sizeof(path), "%s.new", spool->clock);
	if ((file = fopen(path, "we")) == NULL)
		return;
	fprintf(file, "%s\n", time);
	fclose(file);
	if (rename(path, spool->clock) != 0)
		report_note("it is not");
}

const struct action spool_forgeries[] = {
	{ "own", remove_own, 2, true, true },
	{ "notes", forge_note, 4, true, true },
	{ "slots", forge_slots, 2, true, true },
	{ "forge", forge_files, 3, true, true },
	{ "taking", forge_taking, 2, true, true },
	{ "locks", hold_lock, 2, true, true },
	{ "disk", fill_disk, 1, true, true },
	{ "clock", set_clock, 2, true, true },
	{ 0 },
};
