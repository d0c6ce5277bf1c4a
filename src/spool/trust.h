/*
 * Which links are followed.  Many users may write to a spool, and some
 * processes that read it or write to it may do more than these users: a
 * responder may read the files of the site, and root may write everywhere.  No
 * user is to borrow these rights by putting a link into a spool.
 *
 * A link is followed if it belongs to root, to us, or to the owner of what it
 * leads to.  That is judged for each link on the way, also for those in the
 * middle of what another one leads to; what was opened is looked at, never what
 * a name means a moment before or after.  The path of the spool itself is the
 * administrator's, and followed as it is.
 *
 * A hard link cannot be told from the file itself (see protected_hardlinks in
 * proc(5)).
 */
#ifndef SPOOLCAST_SPOOL_TRUST_H
#define SPOOLCAST_SPOOL_TRUST_H

#include <sys/stat.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Which links in a spool are followed; in the order of enum links (settings.h).
 */
enum trust_links {
	TRUST_OWNER, /* those of root, us, or the owner of what they lead to */
	TRUST_ANY,
	TRUST_NONE,
	/* None, and the folder that the file is in is no link, either. */
	TRUST_OWN,
};

/* A link that was not followed. */
struct trust_refusal {
	unsigned count;		  /* how many there were in this process */
	char entry[NAME_MAX + 1]; /* of the spool, what was to be opened */
	char link[NAME_MAX + 1];  /* the last link, within its folder */
	ino_t ino;		  /* of it */
	bool is_entry;		  /* it is what was asked for, not further on */
	bool is_endless;	  /* too many links lead from one to the next */
	bool is_judged; /* the owners are why; else no link is followed */
	uid_t owner;	/* of the link */
	uid_t target;	/* of what it leads to */
};

/**
 * trust_is(owner, of):
 * Return whether what belongs to ${owner} is as good as what belongs to ${of}:
 * it is root's, ours, or that user's.
 */
bool trust_is(uid_t owner, uid_t of);

/**
 * trust_open(dir_fd, path, flags, links):
 * Open an entry of a spool as openat(2) does, with O_CLOEXEC: its last part may
 * be a link, which is followed as ${links} says.  Through a link only a regular
 * file or a folder is opened; ${flags} must not have O_CREAT.
 *
 * Return a descriptor, or -1 with errno: ELOOP: a link was refused; EINVAL: a
 * link leads to something else.
 */
int trust_open(int dir_fd, const char *path, int flags, enum trust_links links);

/**
 * trust_find(dir_fd, path, links):
 * Do the same, but return a descriptor that only stands for what is there
 * (O_PATH), whatever that is.
 */
int trust_find(int dir_fd, const char *path, enum trust_links links);

/**
 * trust_look(dir_fd, path, links, out):
 * Look at an entry as fstatat(2) does; links are followed in the same way.
 * Return 0, or -1 with errno.
 */
int trust_look(
    int dir_fd, const char *path, enum trust_links links, struct stat *out);

/**
 * trust_refusal(void):
 * Return the last link that was refused by any of these, after one returned -1
 * with ELOOP; count is 0 before the first.
 */
const struct trust_refusal *trust_refusal(void);

/**
 * trust_explain(path, out, size):
 * Put into the ${size} bytes at ${out} why that link was refused when ${path}
 * was to be opened, and what helps against it.  Return ${out}.
 */
const char *trust_explain(const char *path, char *out, size_t size);

#endif
