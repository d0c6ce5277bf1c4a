#include <stdio.h>
#include <string.h>

#include "base/shown.h"

/*
 * What nobody sees, or what changes how the rest is seen, in order of code
 * points.  From the Unicode Character Database (15.0): Cc beyond ASCII, Zl, Zp,
 * Zs beyond the blank, Bidi_Control, Default_Ignorable_Code_Point (which has
 * those that are reserved to be such, and the tags), Noncharacter_Code_Point,
 * and the annotation characters and the blank of Braille, which have no ink
 * either.
 */
static const struct range {
	uint32_t first, last;
} unseen[] = {
	{ 0x0080, 0x00a0 },   /* C1 controls; no-break space */
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x034f, 0x034f },   /* combining grapheme joiner */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x1680, 0x1680 },   /* Ogham space */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors and vowel separator */
	{ 0x2000, 0x200f },   /* spaces; zero width ones; directional marks */
	{ 0x2028, 0x202f },   /* line and paragraph separators; bidi controls */
	{ 0x205f, 0x206f },   /* spaces; word joiner; isolates; deprecated */
	{ 0x2800, 0x2800 },   /* Braille blank */
	{ 0x3000, 0x3000 },   /* ideographic space */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfdd0, 0xfdef },   /* noncharacters */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },   /* reserved; interlinear annotation */
	{ 0x1bca0, 0x1bca3 }, /* shorthand controls */
	{ 0x1d173, 0x1d17a }, /* musical controls */
	{ 0xe0000, 0xe0fff }, /* tags, more variation selectors, reserved */
};
#define N_UNSEEN (sizeof(unseen) / sizeof(unseen[0]))

/*
 * Return whether nobody can see ${code}.  The last two code points of each
 * plane are no characters.
 */
static int
is_unseen(uint32_t code)
{
	size_t i = 0;

	if ((code & 0xfffe) == 0xfffe)
		return 1;
	while (i < N_UNSEEN && unseen[i].last < code)
		i++;
	return i < N_UNSEEN && unseen[i].first <= code;
}

/* Return how many bytes a sequence has that begins with ${lead}, or 0. */
static size_t
length_of(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/*
 * Read a well-formed sequence (The Unicode Standard, table 3-7) into ${code}.
 * Return its length, or 0 if the bytes are none.
 */
static size_t
decode(const uint8_t *bytes, size_t len, uint32_t *code)
{
	/* A smaller code in a sequence of this length is an overlong form. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = length_of(bytes[0]);

	if (n == 0 || n > len)
		return 0;
	*code = n == 1 ? bytes[0] : bytes[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3fU);
	}
	if (*code < least[n] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

void
shown_next(const void *bytes, size_t len, struct shown *out)
{
	const uint8_t *at = bytes;

	out->used = decode(at, len, &out->code);
	if (out->used == 0) {
		out->used = 1;
		out->code = at[0];
		out->kind = SHOWN_BYTE;
	} else if (out->code < ' ' || out->code == 0x7f ||
	    is_unseen(out->code)) {
		out->kind = SHOWN_CODE;
	} else {
		out->kind = SHOWN_AS_IS;
	}
	if (out->kind == SHOWN_AS_IS) {
		out->len = out->used;
		memcpy(out->text, at, out->len);
		out->text[out->len] = '\0';
		return;
	}
	out->len = (size_t)snprintf(out->text, sizeof(out->text),
	    out->kind == SHOWN_BYTE || out->code < 0x80 ? "\\x%02x" :
							  "<U+%04X>",
	    (unsigned)out->code);
}
