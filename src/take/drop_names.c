#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "take/drop_names.h"
#include "take/drop_parts.h"

#define FIRST_CAP 16
/* So many names are read between two looks at the clock. */
#define SLICE 512
/* So many names are looked at to see whether a file waits. */
#define WAIT_MAX 4096

static void
end_pass(struct drop_names *names)
{
	if (names->dir != NULL)
		closedir(names->dir);
	names->dir = NULL;
}

void
drop_names_free(struct drop_names *names)
{
	end_pass(names);
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

bool
drop_names_count(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= NAME_MAX && text[0] != '.' &&
	    text[len - 1] != '~' &&
	    (len < 4 || strcmp(text + len - 4, ".tmp") != 0);
}

/* Return the index of ${text}, or the one at which it would have to stand. */
static size_t
place_of(const struct drop_names *names, const char *text, bool *is_there)
{
	size_t low = 0, high = names->n;

	*is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, names->list[middle]->text);

		if (order == 0) {
			*is_there = true;
			return middle;
		}
		if (order > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* From now on, take in only names that are not above ${text}. */
static void
set_ceiling(struct drop_names *names, const char *text)
{
	names->has_more = true;
	snprintf(names->ceiling, sizeof(names->ceiling), "%s", text);
}

static struct drop_name *
new_name(const char *text, bool is_told)
{
	size_t size = strlen(text) + 1;
	struct drop_name *name = malloc(sizeof(*name) + size);

	if (name == NULL)
		return NULL;
	name->is_told = is_told;
	memcpy(name->text, text, size);
	return name;
}

static int
grow(struct drop_names *names)
{
	size_t cap = names->cap == 0 ? FIRST_CAP : names->cap * 2;
	struct drop_name **list;

	if (names->n < names->cap)
		return 0;
	list = realloc(names->list, cap * sizeof(*list));
	if (list == NULL)
		return -1;
	names->list = list;
	names->cap = cap;
	return 0;
}

/* Put ${name} at index ${at}, which is not 0, and let go of the highest. */
static void
replace_highest(struct drop_names *names, size_t at, struct drop_name *name)
{
	free(names->list[0]);
	memmove(names->list, names->list + 1, (at - 1) * sizeof(*names->list));
	names->list[at - 1] = name;
	set_ceiling(names, names->list[0]->text);
}

static void
insert(struct drop_names *names, size_t at, struct drop_name *name)
{
	memmove(names->list + at + 1, names->list + at,
	    (names->n - at) * sizeof(*names->list));
	names->list[at] = name;
	names->n++;
}

void
drop_names_add(struct drop_names *names, const char *text, bool is_told)
{
	struct drop_name *name;
	bool is_there;
	size_t at;

	if (!drop_names_count(text) ||
	    (names->has_more && strcmp(text, names->ceiling) > 0))
		return;
	at = place_of(names, text, &is_there);
	if (is_there) {
		names->list[at]->is_told |= is_told;
		return;
	}
	/* The list is full, and this name is above all that are kept. */
	if (names->n == DROP_NAMES_MAX && at == 0) {
		set_ceiling(names, names->list[0]->text);
		return;
	}
	if ((names->n < DROP_NAMES_MAX && grow(names) != 0) ||
	    (name = new_name(text, is_told)) == NULL) {
		/*
		 * Nothing is taken in until the next pass, which begins at the
		 * start.
		 */
		set_ceiling(names, "");
		return;
	}
	if (names->n == DROP_NAMES_MAX)
		replace_highest(names, at, name);
	else
		insert(names, at, name);
}

struct drop_name *
drop_names_take(struct drop_names *names)
{
	return names->n == 0 ? NULL : names->list[--names->n];
}

bool
drop_names_have(const struct drop_names *names, const char *text)
{
	bool is_there;

	place_of(names, text, &is_there);
	return is_there;
}

int
drop_names_begin(struct drop_names *names, int dir_fd, bool is_first)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	end_pass(names);
	if (fd == -1)
		return -1;
	if ((names->dir = fdopendir(fd)) == NULL) {
		fd_close(fd);
		return -1;
	}
	names->floor[0] = '\0';
	if (names->has_more && !is_first)
		memcpy(names->floor, names->ceiling, sizeof(names->floor));
	names->has_more = false;
	names->n_found = 0;
	names->n_others = 0;
	return 0;
}

static void
find(struct drop_names *names, const struct dirent *entry)
{
	if (!drop_names_count(entry->d_name) ||
	    strcmp(entry->d_name, names->floor) <= 0)
		return;
	names->n_found++;
	if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
		drop_names_add(names, entry->d_name, false);
	else if (names->n_others++ == 0)
		snprintf(
		    names->other, sizeof(names->other), "%s", entry->d_name);
}

enum drop_pass
drop_names_pass(struct drop_names *names, int64_t until_ms)
{
	struct dirent *entry;
	int saved;

	for (unsigned n = 1;; n++) {
		errno = 0;
		if ((entry = readdir(names->dir)) == NULL)
			break;
		find(names, entry);
		if (n % SLICE == 0 && clock_mono_ms() >= until_ms)
			return DROP_PASS_MORE;
	}
	saved = errno;
	end_pass(names);
	errno = saved;
	return saved == 0 ? DROP_PASS_DONE : DROP_PASS_ERROR;
}

/*
 * Return whether the folder ${name} in ${dir_fd} has a file that counts, or,
 * unless it ${must_count}, anything; true also if it has too many names to look
 * at all.
 */
static bool
has_entry(int dir_fd, const char *name, bool must_count)
{
	int fd = openat(
	    dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return false;
	}
	for (unsigned n = 0; !found && (entry = readdir(dir)) != NULL; n++) {
		if (must_count)
			found = drop_names_count(entry->d_name) &&
			    (entry->d_type == DT_REG ||
				entry->d_type == DT_UNKNOWN);
		else
			found = strcmp(entry->d_name, ".") != 0 &&
			    strcmp(entry->d_name, "..") != 0;
		found = found || n == WAIT_MAX;
	}
	closedir(dir);
	return found;
}

bool
drop_names_wait(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool waits;

	if (fd == -1)
		return false;
	/* Files are moved from the first to the second: look in this order. */
	waits = has_entry(fd, ".", true) || has_entry(fd, DROP_TAKING, false);
	close(fd);
	return waits;
}
