#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES 1000

static const char *const level_names[] = { "error", "warn", "info" };
static const int syslog_levels[] = { LOG_ERR, LOG_WARNING, LOG_INFO };

static int use_syslog;

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

/* Controls, also those of C1 (U+0080 to U+009F in UTF-8), become '?'. */
static void
make_harmless(unsigned char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] == 0x7f ||
		    (text[i] == 0xc2 && i + 1 < len && text[i + 1] < 0xa0))
			text[i] = '?';
	}
}

__attribute__((format(printf, 3, 0))) static void
write_line(enum log_level level, int err, const char *format, va_list ap)
{
	char line[LINE_MAX_BYTES + 1];
	size_t start, len;
	int n;

	n = snprintf(line, sizeof(line), "spoolcast[%ld]: %s ", (long)getpid(),
	    level_names[level]);
	start = len = (size_t)n;
	n = vsnprintf(line + len, sizeof(line) - len, format, ap);
	if (n > 0)
		len += (size_t)n;
	if (err != 0 && len < sizeof(line)) {
		n = snprintf(line + len, sizeof(line) - len, " error=\"%s\"",
		    strerror(err));
		len += (size_t)n;
	}
	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	make_harmless((unsigned char *)line + start, len - start);
	if (use_syslog) {
		line[len] = '\0';
		syslog(syslog_levels[level], "%s", line + start);
		return;
	}
	line[len++] = '\n';
	/* There is nowhere left to report a log that cannot be written. */
	(void)!write(STDERR_FILENO, line, len);
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
	if (quota->used == 0 || now_ms - quota->minute_start_ms >= 60000) {
		if (quota->held_back > 0)
			log_msg(LOG_LEVEL_WARN, "event=log-held-back lines=%u",
			    quota->held_back);
		quota->minute_start_ms = now_ms;
		quota->used = 0;
		quota->held_back = 0;
	}
	if (quota->used >= LOG_BURST) {
		quota->held_back++;
		return 0;
	}
	quota->used++;
	return 1;
}
