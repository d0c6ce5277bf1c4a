/*
 * One file in a drop folder: what it is and whether it is complete.
 *
 * Nothing but a regular file is opened, and no link is followed.  Whether
 * somebody has a file open for writing can be seen by asking for a lease on it
 * (fcntl(2), F_SETLEASE), which is refused then: for files of our own or as
 * root, on file systems of this machine.
 */
#ifndef SPOOLCAST_TAKE_DROP_FILE_H
#define SPOOLCAST_TAKE_DROP_FILE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>

/* How many incomplete files are remembered from one look to the next. */
#define DROP_YOUNG_MAX 32

/* A file that was not complete when it was looked at. */
struct drop_young {
	ino_t ino; /* 0: none */
	off_t size;
	struct timespec mtime, ctime;
	int64_t since_ms; /* since when it has been like that */
	int64_t seen_ms;
	bool is_told;
};

struct drop_young_files {
	struct drop_young list[DROP_YOUNG_MAX];
};

/* A file that is open for reading. */
struct drop_file {
	int fd;
	struct stat st;
	bool is_written; /* somebody has it open for writing all the same */
};

enum drop_state {
	DROP_READY,   /* it is open, for the caller to close */
	DROP_GONE,    /* there is nothing of that name */
	DROP_YOUNG,   /* it may be incomplete */
	DROP_OTHER,   /* it is no regular file */
	DROP_REFUSED, /* errno says why it cannot be opened */
};

/**
 * drop_file_open(young, dir_fd, name, is_told, out):
 * Open the file ${name} in the folder ${dir_fd} if it is complete:
 *  - no one has it open for writing;
 *  - where that cannot be seen, it ${is_told} to have been closed or moved in,
 *    or has not changed for DROP_SETTLE_MS;
 *  - if somebody has it open, we were told of it, and it has not changed for so
 *    long: the program that moved it in has forgotten to close it.
 * Note in ${young} a file that is not, and whether we were told of it.
 */
enum drop_state drop_file_open(struct drop_young_files *young, int dir_fd,
    const char *name, bool is_told, struct drop_file *out);

/**
 * drop_file_is_written(fd):
 * Return whether it can be seen that somebody has the file, which is open for
 * reading only, open for writing.
 */
bool drop_file_is_written(int fd);

#endif
