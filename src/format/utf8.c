#include <string.h>

#include "format/utf8.h"

/* U+FFFD in UTF-8. */
static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };

/* The lead bytes of Unicode table 3-7 and what may follow them first. */
static const struct lead {
	uint8_t first, last;  /* lead bytes from, to */
	uint8_t low, high;    /* second byte from, to */
	size_t continuations; /* bytes that follow in all */
} leads[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 1 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 2 },
	{ 0xe1, 0xec, 0x80, 0xbf, 2 },
	{ 0xed, 0xed, 0x80, 0x9f, 2 },
	{ 0xee, 0xef, 0x80, 0xbf, 2 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 3 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 3 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
};
#define N_LEADS (sizeof(leads) / sizeof(leads[0]))

/*
 * Look at the sequence that starts at ${bytes}.  Return its length; ${is_good}
 * says whether it is well-formed or to be replaced as a whole.
 */
static size_t
sequence(const uint8_t *bytes, size_t len, bool *is_good)
{
	const struct lead *lead = leads;
	size_t i = 1;

	*is_good = bytes[0] > 0 && bytes[0] < 0x80;
	if (bytes[0] < 0x80)
		return 1;
	while (lead < leads + N_LEADS &&
	    (bytes[0] < lead->first || bytes[0] > lead->last))
		lead++;
	if (lead == leads + N_LEADS)
		return 1;
	if (len > 1 && bytes[1] >= lead->low && bytes[1] <= lead->high) {
		i = 2;
		while (i < len && i <= lead->continuations &&
		    (bytes[i] & 0xc0) == 0x80)
			i++;
	}
	*is_good = i == lead->continuations + 1;
	return i;
}

/* Return the length of the plain ASCII that ${bytes} start with. */
static size_t
ascii_run(const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	/*
	 * Take eight at a time, up to any high bit or any zero byte (Mycroft).
	 */
	while (i + 8 <= len) {
		uint64_t word;

		memcpy(&word, bytes + i, 8);
		if (((word | (word - 0x0101010101010101U)) &
			0x8080808080808080U) != 0)
			break;
		i += 8;
	}
	while (i < len && bytes[i] > 0 && bytes[i] < 0x80)
		i++;
	return i;
}

bool
utf8_is_valid(const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	while ((i += ascii_run(bytes + i, len - i)) < len) {
		bool is_good;

		i += sequence(bytes + i, len - i, &is_good);
		if (!is_good)
			return false;
	}
	return true;
}

size_t
utf8_size(const uint8_t *bytes, size_t len)
{
	size_t i = 0, size = len;

	while ((i += ascii_run(bytes + i, len - i)) < len) {
		bool is_good;
		size_t n = sequence(bytes + i, len - i, &is_good);

		i += n;
		if (!is_good)
			size += sizeof(replacement) - n;
	}
	return size;
}

int
utf8_append(struct buf *out, const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t good = i + ascii_run(bytes + i, len - i);
		size_t bad = 0;

		/* Extend over well-formed text, then copy it at once. */
		while (good < len && bad == 0) {
			bool is_good;
			size_t n = sequence(bytes + good, len - good, &is_good);

			if (is_good)
				good += n;
			else
				bad = n;
		}
		if (buf_append(out, bytes + i, good - i) != 0)
			return -1;
		if (bad > 0 &&
		    buf_append(out, replacement, sizeof(replacement)) != 0)
			return -1;
		i = good + bad;
	}
	return 0;
}
