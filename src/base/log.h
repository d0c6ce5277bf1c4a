/*
 * One line per fact, key=value, to stderr (the web server's error log) or, when
 * stderr is closed or /dev/null (lighttpd gives its children that), to syslog.
 *
 * A line is written with one write(2).  Bytes that could end it or steer a
 * terminal are replaced by '?', so text from a peer may be logged as it is.
 * Nothing here fails; errno is preserved.
 */
#ifndef SPOOLCAST_BASE_LOG_H
#define SPOOLCAST_BASE_LOG_H

#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR, /* something does not work until someone acts */
	LOG_LEVEL_WARN,	 /* one peer, record or file was refused */
	LOG_LEVEL_INFO,	 /* a fact worth knowing later */
};

/**
 * log_open(void):
 * Choose where lines go.  Lines written before go to stderr.
 */
void log_open(void);

/**
 * log_msg(level, format, ...):
 * Write one line: "spoolcast[PID]: LEVEL " and the formatted text, which by
 * convention is key=value pairs that start with event=.  Lines over 1000
 * bytes are cut.
 */
void log_msg(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * log_errno(level, format, ...):
 * As log_msg, followed by error="the text of errno".
 */
void log_errno(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A budget for lines about peers, so that a hostile one cannot fill a disk:
 * at most LOG_BURST lines a minute, then one line that says how many were
 * held back.
 */
#define LOG_BURST 100

struct log_quota {
	int64_t minute_start_ms;
	unsigned used;
	unsigned held_back;
};

/**
 * log_allow(quota, now_ms):
 * Return 1 if one more line may be written at monotonic time ${now_ms}, else 0
 * and count it as held back.  When a new minute starts, the number held back in
 * the last one is logged first.
 */
int log_allow(struct log_quota *quota, int64_t now_ms);

#endif
