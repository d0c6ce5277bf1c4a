#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "conf/conf_dump.h"
#include "conf/conf_member.h"
#include "conf/conf_text.h"

/* How many columns the comments in the sample have. */
#define WIDTH 78

/* Append ${text} as comment lines, broken at blanks. */
static int
comment(const char *text, struct buf *out)
{
	while (*text != '\0') {
		size_t len = strlen(text);

		if (len > WIDTH - 2) {
			len = WIDTH - 2;
			while (len > 0 && text[len] != ' ')
				len--;
		}
		if (buf_printf(out, "; %.*s\n", (int)len, text) != 0)
			return -1;
		text += len;
		text += *text == ' ';
	}
	return 0;
}

/* Append what the sample says about ${key}. */
static int
explain(const struct conf_key *key, struct buf *out)
{
	struct buf text = { 0 };
	int failed;

	failed = buf_puts(&text, key->doc) != 0;
	if (!failed && (key->flags & CONF_LATER) != 0)
		failed =
		    buf_puts(&text, " This version does not have it yet.") != 0;
	else if (!failed && (key->min != NULL || key->type == CONF_CHOICE))
		failed = buf_puts(&text, " Allowed: ") != 0 ||
		    conf_type_limits(key, &text) != 0 ||
		    buf_puts(&text, ".") != 0;
	if (!failed &&
	    (key->flags & (CONF_LATER | CONF_PER_CHANNEL)) == CONF_PER_CHANNEL)
		failed = buf_puts(&text, " Can differ by channel.") != 0;
	failed = failed || buf_append(&text, "", 1) != 0 ||
	    comment((const char *)text.data, out) != 0;
	buf_free(&text);
	if (failed)
		return -1;
	return buf_printf(out, ";%s =%s%s\n\n", key->name,
	    key->initial[0] != '\0' ? " " : "", key->initial);
}

int
conf_dump_sample(struct buf *out)
{
	static const char head[] =
	    "spoolcast.ini: all settings. Each key after a ';' has its default "
	    "value: remove the ';' to change it.";
	static const char units[] =
	    "Durations have a unit (250ms 15s 4m 1h 7d), sizes may have one "
	    "(64K 16M 1G), shares are in percent. A comment starts with ';' "
	    "or, at the start of a line, with '#'. Lines start in the first "
	    "column and have at most 198 bytes. `spoolcast check` tells "
	    "whether all is well; spoolcast.ini(5) says more.";
	static const char tail[] =
	    "; Settings that differ for one channel, or for all that a glob "
	    "matches.\n"
	    ";[channel news]\n;heartbeat = 5s\n;history = 20\n\n"
	    ";[channel build-*]\n;history = 100\n";
	const char *section = "";

	if (comment(head, out) != 0 || buf_puts(out, ";\n") != 0 ||
	    comment(units, out) != 0 || buf_puts(out, "\n") != 0)
		return -1;
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *key = &settings_keys[i];

		if (strcmp(section, key->section) != 0 &&
		    buf_printf(out, "[%s]\n\n", key->section) != 0)
			return -1;
		section = key->section;
		if (explain(key, out) != 0)
			return -1;
	}
	return buf_puts(out, tail);
}

/* Append "${prefix}.key = value" for ${key}. */
static int
print_line(const char *prefix, const struct conf_key *key,
    const struct settings *settings, struct buf *out)
{
	struct buf value = { 0 };
	int failed = conf_member_print(key, settings, &value) != 0 ||
	    buf_append(&value, "", 1) != 0 ||
	    buf_printf(out, "%s.%s = ", prefix, key->name) != 0 ||
	    conf_text_plain((const char *)value.data, out) != 0 ||
	    buf_puts(out, "\n") != 0;

	buf_free(&value);
	return failed ? -1 : 0;
}

int
conf_dump_text(const struct conf *conf, struct buf *out)
{
	const struct conf_section *section;

	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *key = &settings_keys[i];

		if ((key->flags & CONF_LATER) == 0 &&
		    print_line(key->section, key, conf_base(conf), out) != 0)
			return -1;
	}
	for (size_t s = 0; (section = conf_section(conf, s)) != NULL; s++) {
		char prefix[sizeof("channel ") + NAME_MAX_LEN];

		snprintf(prefix, sizeof(prefix), "channel %s",
		    conf_section_name(section));
		for (size_t i = 0; i < settings_count; i++) {
			const struct conf_key *key = &settings_keys[i];

			if (conf_section_line(section, key) != 0 &&
			    print_line(prefix, key,
				conf_section_values(section), out) != 0)
				return -1;
		}
	}
	return 0;
}

/* Put the object of all settings in effect, with an object for each section. */
static void
put_base(const struct settings *settings, struct json *json)
{
	const char *section = NULL;

	json_object(json, "settings");
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *key = &settings_keys[i];

		if ((key->flags & CONF_LATER) != 0)
			continue;
		if (section == NULL || strcmp(section, key->section) != 0) {
			if (section != NULL)
				json_end_object(json);
			section = key->section;
			json_object(json, section);
		}
		conf_member_json(key, settings, json);
	}
	json_end_object(json);
	json_end_object(json);
}

/* Put the object of a channel section. */
static void
put_section(const struct conf_section *section, struct json *json)
{
	json_object(json, NULL);
	json_text(json, "channel", conf_section_name(section));
	json_object(json, "settings");
	for (size_t i = 0; i < settings_count; i++) {
		const struct conf_key *key = &settings_keys[i];

		if (conf_section_line(section, key) != 0)
			conf_member_json(
			    key, conf_section_values(section), json);
	}
	json_end_object(json);
	json_end_object(json);
}

void
conf_dump_json(const struct conf *conf, struct json *json)
{
	const struct conf_section *section;

	put_base(conf_base(conf), json);
	json_array(json, "channels");
	for (size_t i = 0; (section = conf_section(conf, i)) != NULL; i++)
		put_section(section, json);
	json_end_array(json);
}
