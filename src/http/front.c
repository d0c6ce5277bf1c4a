#include <string.h>

#include "http/front.h"

/* Add a web server here. */
static const struct front fronts[] = {
	{ "lighttpd/", "server.stream-response-body = 2", { 1, 4, 83 } },
	{ "Apache", "flushpackets=on at its ProxyPass", { 0 } },
	{ "nginx/", NULL, { 0 } },
	{ "Caddy/", NULL, { 0 } },
	{ "h2o", NULL, { 0 } },
	/* By its source it passes on what comes; this was not tried. */
	{ "LiteSpeed", NULL, { 0 } },
	{ "", "what makes it pass on a response unbuffered", { 0 } },
};

const struct front *
front_find(const char *software, size_t len)
{
	const struct front *front = fronts;

	while (strlen(front->prefix) > len ||
	    (front->prefix[0] != '\0' &&
		memcmp(front->prefix, software, strlen(front->prefix)) != 0))
		front++;
	return front;
}

/* Read the number at ${*text} and what separates it from the next. */
static unsigned
next_number(const char **text, size_t *len)
{
	unsigned number = 0;

	while (*len > 0 && **text >= '0' && **text <= '9') {
		if (number < 100000)
			number = number * 10 + (unsigned)(**text - '0');
		(*text)++;
		(*len)--;
	}
	if (*len > 0 && **text == '.') {
		(*text)++;
		(*len)--;
	}
	return number;
}

bool
front_heeds_incremental(const char *software, size_t len)
{
	const struct front *front = front_find(software, len);
	size_t prefix_len = strlen(front->prefix);

	if (front->incremental[0] == 0)
		return false;
	software += prefix_len;
	len -= prefix_len;
	for (int i = 0; i < 3; i++) {
		unsigned number = next_number(&software, &len);

		if (number != front->incremental[i])
			return number > front->incremental[i];
	}
	return true;
}

bool
front_names_fcgid(const char *software, size_t len)
{
	static const char name[] = "mod_fcgid/";

	return software != NULL &&
	    memmem(software, len, name, sizeof(name) - 1) != NULL;
}
