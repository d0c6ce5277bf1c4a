#include <string.h>

#include "base/name.h"
#include "http/spelling.h"

static const char *const formats[] = { "sse", "json", "raw", "ws" };

/*
 * Return whether the name of a channel is that of its file without ${ending}.
 */
static bool
is_form(const char *ending)
{
	static const char *const forms[] = { ".sse", ".fifo", ".d", ".end" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(ending, forms[i]) == 0)
			return true;
	}
	return false;
}

int
spelling_refuse(struct response *response, const char *name, size_t len)
{
	char text[NAME_MAX_LEN + 1] = { 0 };
	const char *dot;
	int stem;

	memcpy(text, name, len > NAME_MAX_LEN ? NAME_MAX_LEN : len);
	dot = strchr(text, '.');
	stem = dot == NULL ? 0 : (int)(dot - text);
	/*
	 * What has no name of a channel before its first dot gets the rule for
	 * names.
	 */
	if (dot == NULL || len > NAME_MAX_LEN || strlen(text) != len ||
	    !name_is_valid(text, (size_t)stem))
		return response_refuse(response, 400,
		    "bad channel name \"%s\": a name is 1 to 64 of A-Z a-z "
		    "0-9 _ - and starts with a letter or digit; patterns may "
		    "hold * ? [...]",
		    text);
	/* Else there is a hint for what was probably meant. */
	if (strcmp(dot, ".json") == 0)
		return response_refuse(response, 404,
		    "no channel \"%s\": only event streams are served here, "
		    "that of %.*s at .../%.*s",
		    text, stem, text, stem, text);
	if (is_form(dot))
		return response_refuse(response, 400,
		    "bad channel name \"%s\": the channel is called %.*s, "
		    "whatever the form of its file",
		    text, stem, text);
	return response_refuse(response, 400,
	    "bad channel name \"%s\": a name has no dots; a link in the spool "
	    "gives it one without: ln -s %s %.*s",
	    text, text, stem, text);
}

bool
spelling_is_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(name, formats[i]) == 0)
			return true;
	}
	return false;
}

void
spelling_refuse_format(struct response *response, const char *name)
{
	response_refuse(response, 404,
	    "no channel \"%s\": only event streams are served here, at "
	    ".../NAME without /%s",
	    name, name);
}
