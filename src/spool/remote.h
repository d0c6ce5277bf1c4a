/*
 * File systems that other hosts write to, too, unseen by this one's kernel.
 */
#ifndef SPOOLCAST_SPOOL_REMOTE_H
#define SPOOLCAST_SPOOL_REMOTE_H

/**
 * remote_is(fd):
 * Return 1 if what is open as ${fd} is on such a file system, where inotify
 * tells nothing of what others do, and a lease is refused although nobody
 * writes; 0 if it is on another; -1 with errno if the system does not say
 * (fstatfs(2)).
 */
int remote_is(int fd);

#endif
