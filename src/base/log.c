#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/shown.h"

#define LINE_MAX_BYTES 1000
#define MINUTE_MS 60000

static const char *const level_names[] = { "error", "warn", "info" };
static const int syslog_levels[] = { LOG_ERR, LOG_WARNING, LOG_INFO };

static int use_syslog;

/* The quota of the line that comes next, or NULL if it has none. */
static struct log_quota *asked;
static const struct log_gate *gate;

/* The lines about the spool that were written in this minute. */
static struct {
	int64_t start_ms;
	unsigned n;
	uint64_t hashes[LOG_BURST];
} told;

void
log_open(void)
{
	struct stat st;

	/* The character device 1:3 is /dev/null (Linux devices.txt). */
	if (fstat(STDERR_FILENO, &st) == 0 &&
	    !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return;
	openlog("spoolcast", LOG_PID, LOG_DAEMON);
	use_syslog = 1;
}

/*
 * Copy the ${len} bytes at ${text} to ${out} as they are to be shown, as far as
 * they fit into ${room} bytes.  Return how many bytes that became.
 */
static size_t
copy_shown(char *out, size_t room, const char *text, size_t len)
{
	struct shown shown;
	size_t at = 0;

	for (; len > 0; len -= shown.used) {
		shown_next(text, len, &shown);
		if (shown.len > room - at)
			break;
		memcpy(out + at, shown.text, shown.len);
		at += shown.len;
		text += shown.used;
	}
	return at;
}

/* Write the ${len} bytes at ${text} as one line. */
static void
write_text(enum log_level level, const char *text, size_t len)
{
	char line[LINE_MAX_BYTES + 1];
	size_t start;

	start = (size_t)snprintf(line, sizeof(line), "spoolcast[%ld]: %s ",
	    (long)getpid(), level_names[level]);
	len =
	    start + copy_shown(line + start, LINE_MAX_BYTES - start, text, len);
	if (use_syslog) {
		line[len] = '\0';
		syslog(syslog_levels[level], "%s", line + start);
		return;
	}
	line[len++] = '\n';
	/* There is nowhere left to report a log that cannot be written. */
	(void)!write(STDERR_FILENO, line, len);
}

static void
write_held_back(unsigned lines)
{
	char text[64];
	int len =
	    snprintf(text, sizeof(text), "event=log-held-back lines=%u", lines);

	write_text(LOG_LEVEL_WARN, text, (size_t)len);
}

/* Return whether a line with this hash was told in this minute; note it. */
static bool
was_told(uint64_t hash)
{
	for (unsigned i = 0; i < told.n; i++) {
		if (told.hashes[i] == hash)
			return true;
	}
	if (told.n < LOG_BURST)
		told.hashes[told.n++] = hash;
	return false;
}

static void
note_minute(int64_t now_ms)
{
	if (now_ms >= told.start_ms && now_ms - told.start_ms < MINUTE_MS)
		return;
	told.start_ms = now_ms;
	told.n = 0;
}

/*
 * Return whether the line with this text may be written, by its own quota and
 * by what all processes share.
 */
static bool
may_write(const char *text, size_t len)
{
	struct log_quota *quota = asked;
	enum log_about about = quota == NULL ? LOG_ABOUT_US : quota->about;
	uint64_t hash = hash_mix(hash_bytes(HASH_START, text, len));
	unsigned held_back = 0;
	bool may;

	asked = NULL;
	if (quota != NULL && about == LOG_ABOUT_SPOOL && was_told(hash)) {
		quota->used--;
		quota->held_back++;
		return false;
	}
	if (gate == NULL)
		return true;
	may = gate->may(gate->cookie, about, hash, &held_back);
	if (held_back > 0)
		write_held_back(held_back);
	return may;
}

__attribute__((format(printf, 3, 0))) static void
write_line(enum log_level level, int err, const char *format, va_list ap)
{
	char text[LINE_MAX_BYTES + 1];
	size_t len = 0;
	int n;

	n = vsnprintf(text, sizeof(text), format, ap);
	if (n > 0)
		len = (size_t)n;
	if (err != 0 && len < sizeof(text)) {
		n = snprintf(text + len, sizeof(text) - len, " error=\"%s\"",
		    strerror(err));
		len += (size_t)n;
	}
	if (len > sizeof(text) - 1)
		len = sizeof(text) - 1;
	if (may_write(text, len))
		write_text(level, text, len);
}

void
log_msg(enum log_level level, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	write_line(level, 0, format, ap);
	va_end(ap);
	errno = saved;
}

void
log_errno(enum log_level level, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	write_line(level, saved, format, ap);
	va_end(ap);
	errno = saved;
}

int
log_allow(struct log_quota *quota, int64_t now_ms)
{
	if (quota->used == 0 || now_ms - quota->minute_start_ms >= MINUTE_MS) {
		if (quota->held_back > 0)
			write_held_back(quota->held_back);
		quota->minute_start_ms = now_ms;
		quota->used = 0;
		quota->held_back = 0;
	}
	if (quota->used >= LOG_BURST) {
		quota->held_back++;
		return 0;
	}
	note_minute(now_ms);
	quota->used++;
	asked = quota;
	return 1;
}

bool
log_may(struct log_quotas *quotas, enum log_about about)
{
	struct log_quota *quota = &quotas->of[about];

	quota->about = about;
	return log_allow(quota, clock_mono_ms()) != 0;
}

void
log_share(const struct log_gate *with)
{
	gate = with;
}
