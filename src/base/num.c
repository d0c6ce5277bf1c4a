#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit durations[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ NULL, 0 },
};
static const struct unit sizes[] = {
	{ "G", 1 << 30 },
	{ "M", 1 << 20 },
	{ "K", 1 << 10 },
	{ NULL, 0 },
};

/* Read leading digits; *used says how many. */
static enum num_error
digits(const char *text, size_t len, uint64_t *out, size_t *used)
{
	uint64_t value = 0;
	size_t i;

	if (len == 0)
		return NUM_EMPTY;
	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (value > ((uint64_t)INT64_MAX - digit) / 10)
			return NUM_OVERFLOW;
		value = value * 10 + digit;
	}
	if (i == 0)
		return NUM_SYNTAX;
	*out = value;
	*used = i;
	return NUM_OK;
}

static enum num_error
scale(uint64_t value, const struct unit *units, const char *unit, size_t len,
    uint64_t *out)
{
	for (; units->name != NULL; units++) {
		if (strlen(units->name) != len ||
		    memcmp(units->name, unit, len) != 0)
			continue;
		if (value > (uint64_t)INT64_MAX / units->factor)
			return NUM_OVERFLOW;
		*out = value * units->factor;
		return NUM_OK;
	}
	return NUM_UNIT;
}

enum num_error
num_uint(const char *text, size_t len, uint64_t *out)
{
	enum num_error err;
	uint64_t value;
	size_t used;

	if ((err = digits(text, len, &value, &used)) != NUM_OK)
		return err;
	if (used != len)
		return NUM_SYNTAX;
	*out = value;
	return NUM_OK;
}

enum num_error
num_duration(const char *text, size_t len, int64_t *out)
{
	enum num_error err;
	uint64_t value;
	size_t used;

	if ((err = digits(text, len, &value, &used)) != NUM_OK)
		return err;
	if (used == len) {
		if (value != 0)
			return NUM_NO_UNIT;
	} else if ((err = scale(value, durations, text + used, len - used,
			&value)) != NUM_OK)
		return err;
	*out = (int64_t)value;
	return NUM_OK;
}

enum num_error
num_size(const char *text, size_t len, uint64_t *out)
{
	enum num_error err;
	uint64_t value;
	size_t used;

	if ((err = digits(text, len, &value, &used)) != NUM_OK)
		return err;
	if (used != len &&
	    (err = scale(value, sizes, text + used, len - used, &value)) !=
		NUM_OK)
		return err;
	*out = value;
	return NUM_OK;
}

enum num_error
num_percent(const char *text, size_t len, uint64_t *out)
{
	enum num_error err;
	uint64_t value;
	size_t used;

	if ((err = digits(text, len, &value, &used)) != NUM_OK)
		return err;
	if (used == len)
		return NUM_NO_UNIT;
	if (used + 1 != len || text[used] != '%')
		return NUM_UNIT;
	*out = value;
	return NUM_OK;
}

const char *
num_strerror(enum num_error err)
{
	switch (err) {
	case NUM_OK:
		return "no error";
	case NUM_EMPTY:
		return "empty value";
	case NUM_SYNTAX:
		return "not a number";
	case NUM_NO_UNIT:
		return "unit missing";
	case NUM_UNIT:
		return "unknown unit";
	case NUM_OVERFLOW:
		return "number too large";
	}
	return "unknown error";
}

static void
print_scaled(uint64_t value, const struct unit *units, char *buf, size_t size)
{
	for (; units->name != NULL; units++) {
		if (value != 0 && value % units->factor == 0) {
			snprintf(buf, size, "%" PRIu64 "%s",
			    value / units->factor, units->name);
			return;
		}
	}
	snprintf(buf, size, "%" PRIu64, value);
}

void
num_print_duration(int64_t ms, char *buf, size_t size)
{
	print_scaled((uint64_t)ms, durations, buf, size);
}

void
num_print_size(uint64_t bytes, char *buf, size_t size)
{
	print_scaled(bytes, sizes, buf, size);
}
