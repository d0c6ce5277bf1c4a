#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "http/accept.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

/* Return whether ${params} hold a weight of zero, "q=0" or "q=0.000". */
static bool
is_excluded(const char *params, size_t len)
{
	const char *end = params + len;

	while (params < end) {
		const char *stop = memchr(params, ';', (size_t)(end - params));
		size_t n = (size_t)((stop == NULL ? end : stop) - params);
		const char *param = params;

		params += stop == NULL ? n : n + 1;
		trim(&param, &n);
		if (n < 3 || strncasecmp(param, "q=0", 3) != 0)
			continue;
		for (param += 3, n -= 3; n > 0; param++, n--) {
			if (*param != '.' && *param != '0')
				break;
		}
		if (n == 0)
			return true;
	}
	return false;
}

/*
 * Return how well the media range ${range} fits ${type}: 0 is not at all, more
 * is more specific.
 */
static int
specificity(const char *range, size_t len, const char *type)
{
	size_t main_len = strcspn(type, "/");

	if (len == strlen(type) && strncasecmp(range, type, len) == 0)
		return 3;
	if (len == main_len + 2 &&
	    strncasecmp(range, type, main_len + 1) == 0 &&
	    range[main_len + 1] == '*')
		return 2;
	return len == 3 && memcmp(range, "*/*", 3) == 0 ? 1 : 0;
}

enum accept_match
accept_match(const char *field, size_t len, const char *type)
{
	const char *end;
	int best = 0;
	bool excluded = false;

	/* Without the field everything is accepted (RFC 9110 12.5.1). */
	if (field == NULL)
		return ACCEPT_RANGE;
	trim(&field, &len);
	if (len == 0)
		return ACCEPT_RANGE;
	end = field + len;
	/*
	 * Of the ranges that fit, the most specific one counts, with its
	 * weight.
	 */
	while (field < end) {
		const char *comma = memchr(field, ',', (size_t)(end - field));
		const char *stop = comma == NULL ? end : comma;
		const char *semi = memchr(field, ';', (size_t)(stop - field));
		const char *range = field;
		size_t n = (size_t)((semi == NULL ? stop : semi) - field);
		int fit;

		field = comma == NULL ? end : comma + 1;
		trim(&range, &n);
		fit = specificity(range, n, type);
		if (fit <= best)
			continue;
		best = fit;
		excluded = semi != NULL &&
		    is_excluded(semi + 1, (size_t)(stop - semi) - 1);
	}
	if (best == 0 || excluded)
		return ACCEPT_NO;
	return best == 3 ? ACCEPT_NAMED : ACCEPT_RANGE;
}
