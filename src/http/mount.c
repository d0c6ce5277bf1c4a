#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "http/mount.h"

#define REWRITTEN "REDIRECT_"

bool
mount_is_var(const char *name, size_t len)
{
	const size_t rewritten_len = strlen(REWRITTEN);

	while (len >= rewritten_len &&
	    memcmp(name, REWRITTEN, rewritten_len) == 0) {
		name += rewritten_len;
		len -= rewritten_len;
	}
	return len == strlen(MOUNT_VAR) && memcmp(name, MOUNT_VAR, len) == 0;
}

static void
note_bad(struct mount *mount, const char *value, size_t len)
{
	if (!mount->is_bad)
		snprintf(mount->bad, sizeof(mount->bad), "%.*s",
		    (int)(len < MOUNT_BAD_MAX ? len : MOUNT_BAD_MAX), value);
	mount->is_bad = true;
}

int
mount_add(struct mount *mount, const char *value, size_t len)
{
	if (!name_list_is_valid(value, len)) {
		note_bad(mount, value, len);
		return 0;
	}
	if (text_list_add(&mount->lists, value, len) == 0)
		return 0;
	note_bad(mount, value, len);
	return -1;
}

void
mount_add_env(struct mount *mount, char *const *env)
{
	for (; *env != NULL; env++) {
		size_t len = strcspn(*env, "=");

		/*
		 * If memory runs out the mount is bad, and nothing may be
		 * heard.
		 */
		if ((*env)[len] == '=' && mount_is_var(*env, len))
			(void)mount_add(
			    mount, *env + len + 1, strlen(*env + len + 1));
	}
}

bool
mount_has(const struct text_list *lists, const char *name)
{
	TEXT_LIST_EACH (list, lists) {
		if (!name_in_list(list, name))
			return false;
	}
	return true;
}

void
mount_free(struct mount *mount)
{
	text_list_free(&mount->lists);
	memset(mount, 0, sizeof(*mount));
}
