#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_find.h"
#include "conf/conf_load.h"

#define FILE_NAME "spoolcast.ini"
#define SPOOL_NAME "spool"

/* Folders that count as "beside the program", each with its slash; or NULL. */
struct beside {
	char *started; /* the folder of the name it was started as */
	char *binary;  /* the folder of the file that runs */
};

/* Return the variable ${name}, or NULL where it is not set or empty. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int
report_memory(struct conf_errors *errs)
{
	errno = ENOMEM;
	conf_errors_system(errs, "configuration");
	return -1;
}

/* Return the folder of ${path} with its slash, or NULL if it names none. */
static char *
folder_of(const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	return slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : NULL;
}

static void
find_beside(const char *argv0, struct beside *beside)
{
	/*
	 * It is not on the stack, because a process keeps what its stack once
	 * touched.
	 */
	char *path = calloc(1, PATH_MAX);

	beside->started = folder_of(argv0);
	if (path != NULL && readlink("/proc/self/exe", path, PATH_MAX - 1) < 0)
		path[0] = '\0';
	beside->binary = folder_of(path);
	free(path);
}

static void
free_beside(struct beside *beside)
{
	free(beside->started);
	free(beside->binary);
}

/* Load ${file}, which was found as ${why} says.  Return 0 or -1. */
static int
load(const char *file, const char *why, struct conf **out,
    struct conf_errors *errs)
{
	struct conf *conf = conf_load(file, errs);

	if (conf == NULL)
		return -1;
	if (conf_set_origin(conf, file, why) != 0) {
		conf_free(conf);
		return report_memory(errs);
	}
	*out = conf;
	return 0;
}

/* A place that may have a file and need not have one. */
struct place {
	const char *folder; /* or NULL */
	const char *sub;    /* what stands between it and FILE_NAME */
	const char *why;
	int may_be_closed; /* a place that cannot be searched has no file */
};

/*
 * Load the file at ${place} if it is there.  Return 0, with ${*out} left alone
 * if it is not, or -1.
 */
static int
try(const struct place *place, struct conf **out, struct conf_errors *errs)
{
	struct stat status;
	char *file;
	int result = 0;

	if (place->folder == NULL)
		return 0;
	if (asprintf(&file, "%s%s" FILE_NAME, place->folder, place->sub) < 0)
		return report_memory(errs);
	/* A link that leads nowhere is there, too: somebody meant it. */
	if (lstat(file, &status) == 0)
		result = load(file, place->why, out, errs);
	else if (errno != ENOENT && errno != ENOTDIR &&
	    !(errno == EACCES && place->may_be_closed)) {
		conf_errors_system(errs, file);
		result = -1;
	}
	free(file);
	return result;
}

/*
 * Do what try does for each place that need not have a file, until one has it.
 */
static int
look_around(
    const struct beside *beside, struct conf **out, struct conf_errors *errs)
{
	const char *home = variable("HOME");
	const struct place places[] = {
		{ beside->started, "", "beside the program", 0 },
		{ beside->binary, "", "beside the program", 0 },
		{ home != NULL && home[0] == '/' ? home : NULL,
		    "/.config/spoolcast/", "in $HOME", 1 },
		{ "/etc/spoolcast/", "", "in /etc", 0 },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (try(&places[i], out, errs) != 0)
			return -1;
		if (*out != NULL)
			return 0;
	}
	return 0;
}

/* Give the configuration the spool at ${path}, made absolute. */
static int
set_spool(struct conf *conf, const char *path)
{
	const struct conf_key *key = settings_find("path", strlen("path"));
	struct conf_value value = { 0, NULL };
	char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
	int failed;

	if (here == NULL)
		return -1;
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	failed = asprintf(&value.text, "%s%s%s", here,
		     path[0] == '/' ? "" : "/", path) < 0;
	free(here);
	if (failed)
		return -1;
	if (conf_set(conf, conf_section_base(conf), key, &value, 0) != 0)
		return -1;
	return conf_resolve(conf);
}

/*
 * Return whether the folder ${folder} has a spool; its path becomes ${*path}.
 */
static int
has_spool(const char *folder, char **path)
{
	struct stat status;

	if (folder == NULL || asprintf(path, "%s" SPOOL_NAME, folder) < 0)
		return 0;
	if (stat(*path, &status) == 0 && S_ISDIR(status.st_mode))
		return 1;
	free(*path);
	return 0;
}

/* Make a configuration without a file, if it is known where the spool is. */
static int
do_without(
    const struct beside *beside, struct conf **out, struct conf_errors *errs)
{
	const char *why = "none is needed: $SPOOLCAST_SPOOL names the spool";
	const char *place = beside->started;
	char *path = NULL;

	/*
	 * The message names the folder beside the program, where what is
	 * missing belongs.
	 */
	if (place == NULL)
		place = beside->binary != NULL ? beside->binary : "./";
	if (variable("SPOOLCAST_SPOOL") == NULL) {
		why = "none is needed: a folder \"" SPOOL_NAME
		      "\" is beside the program";
		if (!has_spool(beside->started, &path) &&
		    !has_spool(beside->binary, &path)) {
			conf_errors_add(errs,
			    "no configuration and no spool found; do one of "
			    "these: mkdir %s" SPOOL_NAME
			    " (beside the program), or set "
			    "$SPOOLCAST_SPOOL to a folder, or "
			    "write %s" FILE_NAME
			    " (`spoolcast help settings` prints one)",
			    place, place);
			return -1;
		}
	}
	/*
	 * The spool beside the program is set here; finish sets the variable's.
	 */
	*out = conf_new();
	if (*out == NULL || conf_set_origin(*out, NULL, why) != 0 ||
	    (path != NULL && set_spool(*out, path) != 0)) {
		free(path);
		return report_memory(errs);
	}
	free(path);
	return 0;
}

/* Set the path of the spool, absolute, and tell if the variable named it. */
static int
finish(struct conf *conf, struct conf_errors *errs)
{
	const char *spool = variable("SPOOLCAST_SPOOL");
	const char *path = spool != NULL ? spool : conf_base(conf)->path;
	char *why = NULL;

	if (set_spool(conf, path) != 0) {
		conf_errors_system(errs, path);
		return -1;
	}
	if (spool == NULL || conf_file(conf) == NULL)
		return 0;
	if (asprintf(&why, "%s; but $SPOOLCAST_SPOOL names the spool",
		conf_why(conf)) < 0 ||
	    conf_set_origin(conf, conf_file(conf), why) != 0) {
		free(why);
		return report_memory(errs);
	}
	free(why);
	return 0;
}

/* Get the configuration from the first place that has one. */
static int
find(
    const struct conf_where *where, struct conf **out, struct conf_errors *errs)
{
	const char *named = variable("SPOOLCAST_CONFIG");
	struct beside beside;
	int result;

	if (where->option_file != NULL)
		return load(where->option_file, "named by -c", out, errs);
	if (named != NULL)
		return load(named, "named by $SPOOLCAST_CONFIG", out, errs);
	find_beside(where->argv0, &beside);
	result = look_around(&beside, out, errs);
	if (result == 0 && *out == NULL)
		result = do_without(&beside, out, errs);
	free_beside(&beside);
	return result;
}

int
conf_find(
    const struct conf_where *where, struct conf **out, struct conf_errors *errs)
{
	*out = NULL;
	if (find(where, out, errs) != 0 || finish(*out, errs) != 0) {
		conf_free(*out);
		*out = NULL;
		return -1;
	}
	return 0;
}
