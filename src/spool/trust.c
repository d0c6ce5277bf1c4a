#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "spool/trust.h"

/*
 * How many links may lead to a file, one through the other, as for the kernel.
 */
#define LINKS_MAX 40
/* How many parts their paths may have together. */
#define PARTS_MAX 400
/* How often what a link leads to may be exchanged while it is opened. */
#define OPEN_TRIES 8

#define LOOK_FLAGS (O_PATH | O_NOFOLLOW | O_CLOEXEC)

/* A link that is being followed. */
struct link {
	uid_t owner;
	ino_t ino;
	bool is_entry;
	char name[NAME_MAX + 1];
	size_t rest; /* how much of the path is left after it */
};

/* A walk along a path. */
struct walk {
	enum trust_links links;
	const char *entry;	 /* the entry of the spool where it began */
	int dir;		 /* what the path up to here is (O_PATH) */
	struct stat st;		 /* of it */
	int parent;		 /* the folder that it is in; -1: not known */
	char name[NAME_MAX + 1]; /* its name there */
	unsigned n_followed;	 /* links whose end we do not know yet */
	unsigned n_links;
	unsigned n_parts;
	/*
	 * What follows is large and mostly untouched; what is before it fits
	 * one page.
	 */
	char rest[2 * PATH_MAX]; /* what is still to be gone */
	struct link followed[LINKS_MAX];
};

static struct trust_refusal last;

const struct trust_refusal *
trust_refusal(void)
{
	return &last;
}

bool
trust_is(uid_t owner, uid_t of)
{
	return owner == 0 || owner == geteuid() || owner == of;
}

static int
refuse(const struct walk *walk, const struct link *link,
    const struct stat *target, bool is_endless)
{
	last.count++;
	snprintf(last.entry, sizeof(last.entry), "%s", walk->entry);
	snprintf(last.link, sizeof(last.link), "%s", link->name);
	/* A quote would end the text in the log. */
	for (char *c = last.link; *c != '\0'; c++) {
		if (*c == '"')
			*c = '?';
	}
	last.ino = link->ino;
	last.is_entry = link->is_entry;
	last.is_endless = is_endless;
	last.is_judged = target != NULL;
	last.owner = link->owner;
	last.target = target == NULL ? 0 : target->st_uid;
	errno = ELOOP;
	return -1;
}

/*
 * Go to ${fd}, which is taken over and is called walk->name in the folder where
 * we were.
 */
static void
arrive(struct walk *walk, int fd, const struct stat *st)
{
	fd_close(walk->parent);
	walk->parent = walk->dir;
	walk->dir = fd;
	walk->st = *st;
}

static int
arrive_at_root(struct walk *walk)
{
	int fd = open("/", LOOK_FLAGS | O_DIRECTORY);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) != 0) {
		fd_close(fd);
		return -1;
	}
	arrive(walk, fd, &st);
	return 0;
}

/* Put what the link ${fd} leads to before the rest of the path. */
static int
expand(struct walk *walk, int fd, const struct stat *st)
{
	struct link *link = &walk->followed[walk->n_followed];
	size_t rest = strlen(walk->rest);
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof(target));

	if (len == -1)
		return -1;
	*link = (struct link){ .owner = st->st_uid,
		.ino = st->st_ino,
		.is_entry = walk->n_links == 0,
		.rest = rest };
	snprintf(link->name, sizeof(link->name), "%s", walk->name);
	if (walk->links == TRUST_NONE || walk->links == TRUST_OWN)
		return refuse(walk, link, NULL, false);
	if (++walk->n_links == LINKS_MAX)
		return refuse(walk, link, NULL, true);
	walk->n_followed++;
	if (len == sizeof(target) || (size_t)len + rest >= sizeof(walk->rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memmove(walk->rest + len, walk->rest, rest + 1);
	memcpy(walk->rest, target, (size_t)len);
	return target[0] == '/' ? arrive_at_root(walk) : 0;
}

/* Judge the links that have led to where we are. */
static int
judge(struct walk *walk)
{
	size_t rest = strlen(walk->rest);

	while (walk->n_followed > 0) {
		const struct link *link = &walk->followed[walk->n_followed - 1];

		if (rest > link->rest)
			return 0;
		if (!trust_is(link->owner, walk->st.st_uid))
			return refuse(walk, link, &walk->st, false);
		walk->n_followed--;
	}
	return 0;
}

/*
 * What a link leads to is not there, or we may not see it.  A user that may not
 * have us look at it is not to learn that, either, so the owner of the folder
 * counts in place of the file's.
 */
static int
judge_missing(const struct walk *walk)
{
	for (unsigned i = walk->n_followed; i > 0; i--) {
		const struct link *link = &walk->followed[i - 1];

		if (!trust_is(link->owner, walk->st.st_uid))
			return refuse(walk, link, &walk->st, false);
	}
	return -1;
}

/* Take the next part off the rest of the path.  Return its length, or -1. */
static ssize_t
next_part(struct walk *walk)
{
	size_t len = strcspn(walk->rest, "/");

	if (len > NAME_MAX || ++walk->n_parts > PARTS_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(walk->name, walk->rest, len);
	walk->name[len] = '\0';
	memmove(walk->rest, walk->rest + len, strlen(walk->rest + len) + 1);
	return (ssize_t)len;
}

static void
skip_slashes(struct walk *walk)
{
	size_t len = strspn(walk->rest, "/");

	memmove(walk->rest, walk->rest + len, strlen(walk->rest + len) + 1);
}

/* Go one part further.  Return 1, or 0 at the end, or -1 with errno. */
static int
step(struct walk *walk)
{
	struct stat st;
	int fd, rc = 0;

	skip_slashes(walk);
	if (judge(walk) != 0)
		return -1;
	if (walk->rest[0] == '\0')
		return 0;
	if (next_part(walk) == -1)
		return -1;
	if ((fd = openat(walk->dir, walk->name, LOOK_FLAGS)) == -1)
		return judge_missing(walk);
	if (fstat(fd, &st) != 0) {
		rc = -1;
	} else if (S_ISLNK(st.st_mode)) {
		rc = expand(walk, fd, &st);
	} else {
		arrive(walk, fd, &st);
		fd = -1;
	}
	fd_close(fd);
	return rc == 0 ? 1 : -1;
}

/* Open the folder that ${path} is in, and return its last part. */
static const char *
open_parent(int dir_fd, const char *path, enum trust_links links, int *out)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

	if (slash == NULL || slash == path) {
		*out = openat(dir_fd, slash == NULL ? "." : "/", flags);
		return slash == NULL ? path : path + 1;
	}
	*out = -1;
	if ((size_t)(slash - path) >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return path;
	}
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	*out = openat(
	    dir_fd, folder, links == TRUST_OWN ? flags | O_NOFOLLOW : flags);
	return slash + 1;
}

static void
end_walk(struct walk *walk)
{
	fd_close(walk->parent);
	fd_close(walk->dir);
	walk->parent = walk->dir = -1;
}

/* Go to where ${path} leads; walk->dir and walk->parent are open then. */
static int
go(struct walk *walk, int dir_fd, const char *path, enum trust_links links)
{
	const char *name;
	int rc = -1;

	walk->links = links;
	walk->parent = walk->dir = -1;
	walk->n_followed = walk->n_links = walk->n_parts = 0;
	name = open_parent(dir_fd, path, links, &walk->dir);
	if (walk->dir == -1)
		return -1;
	walk->entry = name;
	snprintf(walk->rest, sizeof(walk->rest), "%s", name);
	if (fstat(walk->dir, &walk->st) == 0) {
		do
			rc = step(walk);
		while (rc == 1);
	}
	if (rc != 0)
		end_walk(walk);
	return rc;
}

/* Open what we came to, by its name in its folder. */
static int
open_found(const struct walk *walk, int flags)
{
	struct stat st;
	int fd;

	if (S_ISDIR(walk->st.st_mode))
		return openat(walk->dir, ".", flags);
	if (!S_ISREG(walk->st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	fd = openat(walk->parent, walk->name, flags);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_ino == walk->st.st_ino &&
	    st.st_dev == walk->st.st_dev)
		return fd;
	close(fd);
	/* Another file took its name. */
	errno = ESTALE;
	return -1;
}

int
trust_open(int dir_fd, const char *path, int flags, enum trust_links links)
{
	struct walk *walk;
	int fd = -1;

	flags |= O_CLOEXEC;
	/* Where no link is to be judged, the kernel does all of it. */
	if (links != TRUST_OWN) {
		fd = openat(dir_fd, path,
		    links == TRUST_ANY ? flags : flags | O_NOFOLLOW);
		if (fd != -1 || errno != ELOOP || links == TRUST_ANY)
			return fd;
	}
	/*
	 * The walk is not on the stack: what guards the stack would touch all
	 * 20 kB of it, and each process would keep that memory.
	 */
	if ((walk = malloc(sizeof(*walk))) == NULL)
		return -1;
	/*
	 * If another file took the name meanwhile, walk along the path again.
	 */
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = -1;
		if (go(walk, dir_fd, path, links) != 0)
			break;
		fd = open_found(walk, flags | O_NOFOLLOW);
		end_walk(walk);
		if (fd != -1 || (errno != ESTALE && errno != ELOOP))
			break;
	}
	free(walk);
	return fd;
}

int
trust_find(int dir_fd, const char *path, enum trust_links links)
{
	struct walk *walk;
	int fd = -1;

	if (links == TRUST_ANY)
		return openat(dir_fd, path, O_PATH | O_CLOEXEC);
	if ((walk = malloc(sizeof(*walk))) == NULL)
		return -1;
	if (go(walk, dir_fd, path, links) == 0) {
		fd = walk->dir;
		walk->dir = -1;
		end_walk(walk);
	}
	free(walk);
	return fd;
}

int
trust_look(
    int dir_fd, const char *path, enum trust_links links, struct stat *out)
{
	int fd, rc;

	if (links != TRUST_OWN) {
		rc = fstatat(dir_fd, path, out,
		    links == TRUST_ANY ? 0 : AT_SYMLINK_NOFOLLOW);
		if (rc != 0 || links == TRUST_ANY || !S_ISLNK(out->st_mode))
			return rc;
	}
	if ((fd = trust_find(dir_fd, path, links)) == -1)
		return -1;
	rc = fstat(fd, out);
	fd_close(fd);
	return rc;
}

const char *
trust_explain(const char *path, char *out, size_t size)
{
	char by[NAME_MAX + 32] = "";

	if (!last.is_entry)
		snprintf(
		    by, sizeof(by), "leads through the link \"%s\"", last.link);
	else
		snprintf(by, sizeof(by), "is a link");
	if (last.is_endless)
		snprintf(out, size,
		    "%s %s, and too many links lead from one to the next: "
		    "remove it",
		    path, by);
	else if (!last.is_judged)
		snprintf(out, size,
		    "%s %s of user %u, and no link is followed here: remove it",
		    path, by, last.owner);
	else
		snprintf(out, size,
		    "%s %s of user %u to a place of user %u, and such a link "
		    "is followed only if it belongs to root, to the user who "
		    "runs this (%u), or to the owner of what it leads to: "
		    "remove it, or let one of these users make it",
		    path, by, last.owner, last.target, geteuid());
	return out;
}
