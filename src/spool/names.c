#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "spool/names.h"

#define FIRST_PLACES 64
#define NAMES_MAX ((size_t)1 << 20)
/*
 * Names that are gone are thrown out when there are more than so many, and more
 * than half of all.
 */
#define GONE_MIN 1024

void
names_free(struct names *names)
{
	buf_free(&names->list);
	free(names->places);
	memset(names, 0, sizeof(*names));
}

static size_t
first_place(const struct names *names, const char *text)
{
	return hash_mix(hash_bytes(HASH_START, text, strlen(text))) &
	    (names->n_places - 1);
}

static char *
text_at(const struct names *names, uint32_t place)
{
	return (char *)names->list.data + place;
}

/* Return the place of ${text}, or the free one that it would get. */
static uint32_t *
find(const struct names *names, const char *text)
{
	size_t i = first_place(names, text);

	while (names->places[i] != 0 &&
	    strcmp(text_at(names, names->places[i]), text) != 0)
		i = (i + 1) & (names->n_places - 1);
	return &names->places[i];
}

/* Return the signs of the name that stands at ${place}. */
static uint8_t *
signs_at(const struct names *names, uint32_t place)
{
	return names->list.data + place - 1;
}

static int
append(struct names *names, const char *text, uint8_t signs)
{
	size_t place = names->list.len + 1;

	if (buf_append(&names->list, &signs, 1) != 0)
		return -1;
	if (buf_append(&names->list, text, strlen(text) + 1) != 0) {
		names->list.len--;
		return -1;
	}
	*find(names, text) = (uint32_t)place;
	names->n++;
	return 0;
}

/*
 * Make the list anew, without the names that are gone, and with room for as
 * many again.
 */
static int
rebuild(struct names *names)
{
	size_t left = names->n - names->n_gone;
	struct names other = { .n_places = FIRST_PLACES };

	while (other.n_places < 4 * left)
		other.n_places *= 2;
	other.places = calloc(other.n_places, sizeof(*other.places));
	if (other.places == NULL)
		return -1;
	for (size_t at = 0; at < names->list.len;) {
		uint32_t place = (uint32_t)at + 1;
		const char *text = text_at(names, place);

		/* Each name has its byte of signs, its text and a NUL. */
		at += strlen(text) + 2;
		if (*signs_at(names, place) == 0)
			continue;
		if (append(&other, text, *signs_at(names, place)) != 0) {
			names_free(&other);
			errno = ENOMEM;
			return -1;
		}
	}
	names_free(names);
	*names = other;
	return 0;
}

int
names_add(struct names *names, const char *text, unsigned sign)
{
	uint8_t bit = (uint8_t)(1U << sign);
	uint32_t *place;

	if (2 * names->n >= names->n_places && rebuild(names) != 0)
		return -1;
	place = find(names, text);
	if (*place != 0) {
		names->n_gone -= *signs_at(names, *place) == 0;
		*signs_at(names, *place) |= bit;
		return 0;
	}
	if (names->n == NAMES_MAX) {
		errno = E2BIG;
		return -1;
	}
	return append(names, text, bit);
}

void
names_remove(struct names *names, const char *text, unsigned sign)
{
	uint32_t *place = names->n_places == 0 ? NULL : find(names, text);

	if (place == NULL || *place == 0 || *signs_at(names, *place) == 0)
		return;
	*signs_at(names, *place) &= (uint8_t) ~(1U << sign);
	if (*signs_at(names, *place) != 0)
		return;
	names->n_gone++;
	/* If memory for that is short, they stay a little longer. */
	if (names->n_gone > GONE_MIN && names->n_gone > names->n / 2)
		(void)rebuild(names);
}

int
names_each(const struct names *names,
    int (*visit)(void *cookie, const char *name), void *cookie)
{
	int rc = 0;

	for (size_t at = 0; at < names->list.len && rc == 0;) {
		const char *text = text_at(names, (uint32_t)at + 1);

		at += strlen(text) + 2;
		if (*signs_at(names,
			(uint32_t)(text - (const char *)names->list.data)) != 0)
			rc = visit(cookie, text);
	}
	return rc;
}
