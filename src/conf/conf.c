/*
 * Which settings hold for a channel is worked out as early as possible: at
 * conf_resolve for each [channel NAME], because the globs that match a name in
 * the file are known then; for other names once per set of globs that match
 * (a mix), so that names from outside cannot make memory grow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "conf/conf.h"
#include "conf/conf_member.h"

#define MIXES_MAX 1024

struct conf_section {
	char *name; /* NULL in the base */
	int is_glob;
	size_t literals; /* bytes of a glob that are not wild */
	struct settings values;
	unsigned lines[SETTINGS_MAX]; /* by key; 0: not given */
	/* From conf_resolve on: the base overlaid by this and, for a name, by
	 * the globs that match it. */
	struct settings resolved;
};

/* Settings for channels that exactly the globs in ${set} match. */
struct mix {
	uint64_t set; /* bit i: globs[i] */
	struct settings *settings;
};

struct mixes {
	size_t count;
	struct mix list[MIXES_MAX];
};

struct conf {
	char *file;
	char *why;
	struct conf_section base;
	struct conf_section **sections; /* in the order of the file */
	size_t section_count;
	/* Of those, the globs; from conf_resolve on, least specific first. */
	struct conf_section *globs[CONF_GLOBS_MAX];
	size_t glob_count;
	struct mixes *mixes; /* grows in conf_for; NULL without globs */
	char **texts;	     /* that settings point to */
	size_t text_count;
};

static size_t
count_literals(const char *glob)
{
	size_t literals = 0;

	for (; *glob != '\0'; glob++) {
		if (*glob == '[')
			/*
			 * The glob is well-formed, so ']' does not come first
			 * in the brackets.
			 */
			glob += strcspn(glob, "]");
		else
			literals += *glob != '*' && *glob != '?';
	}
	return literals;
}

/* Copy what ${section} gives to ${settings}. */
static void
overlay(struct settings *settings, const struct conf_section *section)
{
	for (size_t i = 0; i < settings_count; i++) {
		if (section->lines[i] != 0)
			conf_member_copy(
			    &settings_keys[i], settings, &section->values);
	}
}

/* Return the set of globs that match ${channel}. */
static uint64_t
match(const struct conf *conf, const char *channel)
{
	uint64_t set = 0;

	for (size_t i = 0; i < conf->glob_count; i++) {
		if (name_matches(conf->globs[i]->name, channel))
			set |= (uint64_t)1 << i;
	}
	return set;
}

/* Make ${settings} the base overlaid by the globs in ${set}. */
static void
blend(const struct conf *conf, uint64_t set, struct settings *settings)
{
	*settings = conf->base.values;
	for (size_t i = 0; i < conf->glob_count; i++) {
		if ((set >> i & 1) != 0)
			overlay(settings, conf->globs[i]);
	}
}

/* Return the settings for the globs in ${set}, which is not empty. */
static const struct settings *
mix_for(const struct conf *conf, uint64_t set)
{
	struct mixes *mixes = conf->mixes;
	size_t last = 63 - (size_t)__builtin_clzll(set);
	struct settings *settings;

	/*
	 * The settings of a single glob are worked out already.  Those of the
	 * most specific one also have to do when memory or room is short.
	 */
	if ((set & (set - 1)) == 0)
		return &conf->globs[last]->resolved;
	for (size_t i = 0; i < mixes->count; i++) {
		if (mixes->list[i].set == set)
			return mixes->list[i].settings;
	}
	if (mixes->count == MIXES_MAX ||
	    (settings = malloc(sizeof(*settings))) == NULL)
		return &conf->globs[last]->resolved;
	blend(conf, set, settings);
	mixes->list[mixes->count++] = (struct mix){ set, settings };
	return settings;
}

struct conf *
conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct buf why = { 0 };

	if (conf == NULL)
		return NULL;
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *key = &settings_keys[i];
		struct conf_value value;

		if (conf_type_parse(key, key->initial, &value, &why) != 0 ||
		    conf_set(conf, &conf->base, key, &value, 0) != 0)
			goto err0;
	}
	return conf;

err0:
	buf_free(&why);
	conf_free(conf);
	errno = ENOMEM;
	return NULL;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; conf->mixes != NULL && i < conf->mixes->count; i++)
		free(conf->mixes->list[i].settings);
	free(conf->mixes);
	for (size_t i = 0; i < conf->section_count; i++) {
		free(conf->sections[i]->name);
		free(conf->sections[i]);
	}
	free(conf->sections);
	for (size_t i = 0; i < conf->text_count; i++)
		free(conf->texts[i]);
	free(conf->texts);
	free(conf->file);
	free(conf->why);
	free(conf);
}

const struct settings *
conf_base(const struct conf *conf)
{
	return &conf->base.values;
}

const struct settings *
conf_for(const struct conf *conf, const char *channel)
{
	uint64_t set;

	for (size_t i = 0; i < conf->section_count; i++) {
		const struct conf_section *section = conf->sections[i];

		if (!section->is_glob && strcmp(section->name, channel) == 0)
			return &section->resolved;
	}
	set = match(conf, channel);
	return set == 0 ? &conf->base.values : mix_for(conf, set);
}

const char *
conf_file(const struct conf *conf)
{
	return conf->file;
}

const char *
conf_why(const struct conf *conf)
{
	return conf->why != NULL ? conf->why : "";
}

int
conf_set_origin(struct conf *conf, const char *file, const char *why)
{
	char *file_copy = NULL, *why_copy;

	if (file != NULL && (file_copy = strdup(file)) == NULL)
		return -1;
	if ((why_copy = strdup(why)) == NULL) {
		free(file_copy);
		return -1;
	}
	free(conf->file);
	free(conf->why);
	conf->file = file_copy;
	conf->why = why_copy;
	return 0;
}

const struct conf_section *
conf_section(const struct conf *conf, size_t i)
{
	return i < conf->section_count ? conf->sections[i] : NULL;
}

struct conf_section *
conf_section_base(struct conf *conf)
{
	return &conf->base;
}

/* Add the section called ${name}; see conf_section_of. */
static struct conf_section *
add_section(struct conf *conf, const char *name)
{
	struct conf_section **sections, *section;
	int is_glob = !name_is_valid(name, strlen(name));

	if (conf->section_count == CONF_SECTIONS_MAX ||
	    (is_glob && conf->glob_count == CONF_GLOBS_MAX)) {
		errno = E2BIG;
		return NULL;
	}
	sections = reallocarray(conf->sections, conf->section_count + 1,
	    sizeof(struct conf_section *));
	if (sections == NULL)
		return NULL;
	conf->sections = sections;
	if ((section = calloc(1, sizeof(*section))) == NULL)
		return NULL;
	if ((section->name = strdup(name)) == NULL) {
		free(section);
		return NULL;
	}
	section->is_glob = is_glob;
	section->literals = count_literals(name);
	conf->sections[conf->section_count++] = section;
	if (is_glob)
		conf->globs[conf->glob_count++] = section;
	return section;
}

struct conf_section *
conf_section_of(struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->section_count; i++) {
		if (strcmp(conf->sections[i]->name, name) == 0)
			return conf->sections[i];
	}
	return add_section(conf, name);
}

const char *
conf_section_name(const struct conf_section *section)
{
	return section->name;
}

const struct settings *
conf_section_values(const struct conf_section *section)
{
	return &section->values;
}

unsigned
conf_section_line(
    const struct conf_section *section, const struct conf_key *key)
{
	return section->lines[key - settings_keys];
}

int
conf_set(struct conf *conf, struct conf_section *section,
    const struct conf_key *key, struct conf_value *value, unsigned line)
{
	if (value->text != NULL) {
		char **texts = reallocarray(
		    conf->texts, conf->text_count + 1, sizeof(char *));

		if (texts == NULL) {
			free(value->text);
			return -1;
		}
		conf->texts = texts;
		conf->texts[conf->text_count++] = value->text;
	}
	conf_member_store(key, &section->values, value);
	section->lines[key - settings_keys] = line;
	return 0;
}

/* Order the globs, least specific first; equal ones keep their order. */
static void
sort_globs(struct conf *conf)
{
	for (size_t i = 1; i < conf->glob_count; i++) {
		struct conf_section *glob = conf->globs[i];
		size_t j = i;

		for (; j > 0 && conf->globs[j - 1]->literals > glob->literals;
		     j--)
			conf->globs[j] = conf->globs[j - 1];
		conf->globs[j] = glob;
	}
}

int
conf_resolve(struct conf *conf)
{
	if (conf->glob_count > 0 && conf->mixes == NULL &&
	    (conf->mixes = calloc(1, sizeof(*conf->mixes))) == NULL)
		return -1;
	sort_globs(conf);
	for (size_t i = 0; i < conf->section_count; i++) {
		struct conf_section *section = conf->sections[i];

		blend(conf, section->is_glob ? 0 : match(conf, section->name),
		    &section->resolved);
		overlay(&section->resolved, section);
	}
	return 0;
}
