#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "spool/form.h"
#include "spool/own.h"

const struct form forms[FORMS] = {
	[FORM_LINES] = { "", "", "", S_IFREG, RECORD_LINE },
	[FORM_BLOCKS] = { ".sse", "", ".sse", S_IFREG, RECORD_BLOCK },
	[FORM_DROP] = { ".d", OWN_FOLDER "/", ".d.log", S_IFDIR,
	    RECORD_JOURNAL },
	[FORM_PIPE] = { ".fifo", OWN_FOLDER "/", ".fifo.log", S_IFIFO,
	    RECORD_LINE },
};

const char *
form_series(
    const struct form *form, const char *name, char out[FORM_SERIES_SIZE])
{
	snprintf(out, FORM_SERIES_SIZE, "%s%s%s", form->dir, name, form->log);
	return out;
}

bool
form_is_series(const char *path)
{
	char name[NAME_MAX_LEN + 1], series[FORM_SERIES_SIZE];

	for (size_t i = 0; i < FORMS; i++) {
		size_t len = strlen(forms[i].dir);

		if (strncmp(path, forms[i].dir, len) == 0 &&
		    form_name_of(path + len, name) &&
		    strcmp(path, form_series(&forms[i], name, series)) == 0)
			return true;
	}
	return false;
}

bool
form_name_of(const char *file, char out[NAME_MAX_LEN + 1])
{
	size_t len = strcspn(file, ".");

	if (!name_is_valid(file, len))
		return false;
	memcpy(out, file, len);
	out[len] = '\0';
	return true;
}

bool
form_has_suffix(const char *file)
{
	const char *suffix = file + strcspn(file, ".");

	for (size_t i = 0; i < FORMS; i++) {
		if (strcmp(suffix, forms[i].suffix) == 0)
			return true;
	}
	return false;
}
