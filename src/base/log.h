/*
 * One line per fact, key=value, to stderr (the web server's error log) or, when
 * stderr is closed or /dev/null (lighttpd gives its children that), to syslog.
 *
 * A line is written with one write(2).  What could end it, steer a terminal,
 * change the order of what is read or not be seen is spelled out
 * (base/shown.h), so text from a peer may be logged as it is.  Nothing here
 * fails; errno is preserved.
 */
#ifndef SPOOLCAST_BASE_LOG_H
#define SPOOLCAST_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR, /* something does not work until someone acts */
	LOG_LEVEL_WARN,	 /* one peer, record or file was refused */
	LOG_LEVEL_INFO,	 /* a fact worth knowing later */
};

/**
 * log_open(void):
 * Choose where lines go.  Lines written before this call go to stderr.
 */
void log_open(void);

/**
 * log_msg(level, format, ...):
 * Write one line: "spoolcast[PID]: LEVEL " and the formatted text, which by
 * convention is key=value pairs that start with event=.  Lines over 1000
 * bytes are cut, between two characters.
 */
void log_msg(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * log_errno(level, format, ...):
 * Do as log_msg, and end the line with error="the text of errno".
 */
void log_errno(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * What lines are about.  Each kind has a quota of its own, so that a peer or a
 * writer that causes many lines of one kind takes no room from another.
 */
enum log_about {
	LOG_ABOUT_US,	 /* anything else */
	LOG_ABOUT_PEERS, /* what a stranger did */
	LOG_ABOUT_GAPS,	 /* lost places: a viewer can send any id */
	LOG_ABOUT_SPOOL, /* what a writer did: the same is told once a minute */
};
#define LOG_ABOUTS (LOG_ABOUT_SPOOL + 1)

/*
 * A budget for lines, so that nobody can fill a disk with them: at most
 * LOG_BURST a minute, then one line that says how many were held back.
 */
#define LOG_BURST 100

/* A quota starts as all zeros, but for what it is about. */
struct log_quota {
	enum log_about about;
	unsigned used;
	unsigned held_back;
	int64_t minute_start_ms;
};

/**
 * log_allow(quota, now_ms):
 * Return 1 if one more line may be written at monotonic time ${now_ms}, else 0
 * and count it as held back.  When a new minute starts, the number held back in
 * the last one is logged first.  The line is the next one that is written.
 *
 * A line about the spool is held back and takes no room if the process wrote
 * one with the same text in this minute: else a viewer that asks for one record
 * again and again could keep the log from telling about another.
 */
int log_allow(struct log_quota *quota, int64_t now_ms);

/* The quotas of a process, one for each kind; all zeros at first. */
struct log_quotas {
	struct log_quota of[LOG_ABOUTS];
};

/**
 * log_may(quotas, about):
 * Return whether one more line about ${about} may be written now, as log_allow.
 */
bool log_may(struct log_quotas *quotas, enum log_about about);

/*
 * Where each viewer has a process of its own, a gate is asked, too: it keeps
 * quotas that all these processes share.
 */
struct log_gate {
	/*
	 * Return whether a line about ${about} may be written; ${hash} is that
	 * of its text.  Set ${held_back} to the number of lines that are to be
	 * told as held back first, 0: none.
	 */
	bool (*may)(void *cookie, enum log_about about, uint64_t hash,
	    unsigned *held_back);
	void *cookie;
};

/**
 * log_share(gate):
 * Ask ${gate}, which stays the caller's, before each line from now on; ask
 * nothing if it is NULL.
 */
void log_share(const struct log_gate *gate);

#endif
