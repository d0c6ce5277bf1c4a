/* Which files in the spool belong to which channel. */
#include <sys/stat.h>

#include <dirent.h>
#include <string.h>

#include "source/folder.h"

bool
folder_name_of(const char *file, char out[NAME_MAX_LEN + 1])
{
	size_t len = strcspn(file, ".");

	if (!name_is_valid(file, len))
		return false;
	memcpy(out, file, len);
	out[len] = '\0';
	return true;
}

bool
folder_is_form(const char *file)
{
	const char *suffix = file + strcspn(file, ".");

	for (size_t i = 0; i < folder_n_forms; i++) {
		if (strcmp(suffix, folder_forms[i].suffix) == 0)
			return true;
	}
	return false;
}

static bool
has_file(struct folder *folder, const char *name, const char *suffix)
{
	struct stat st;

	return stat(folder_file(folder, name, suffix), &st) == 0 &&
	    S_ISREG(st.st_mode);
}

bool
folder_has(struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder_n_forms; i++) {
		if (has_file(folder, name, folder_forms[i].suffix))
			return true;
	}
	return false;
}

bool
folder_has_older(struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder_n_forms; i++) {
		if (has_file(folder, name, folder_forms[i].older))
			return true;
	}
	return false;
}

int
folder_list(struct folder *folder, int (*visit)(void *cookie, const char *name),
    void *cookie)
{
	char name[NAME_MAX_LEN + 1];
	struct dirent *entry;
	DIR *dir = opendir(folder->path);
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (folder_is_form(entry->d_name) &&
		    folder_name_of(entry->d_name, name))
			rc = visit(cookie, name);
	}
	closedir(dir);
	return rc;
}
