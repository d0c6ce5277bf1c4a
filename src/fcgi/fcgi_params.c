#include "fcgi/fcgi_params.h"

/* Lengths over 127 take four bytes, the first with its top bit set. */
#define LONG_FORM 0x80

/* Read one length; -1 if its own bytes are not all there. */
static int
read_length(const uint8_t *params, size_t len, size_t *at, size_t *out)
{
	const uint8_t *p;

	if (*at >= len)
		return -1;
	p = params + *at;
	if ((p[0] & LONG_FORM) == 0) {
		*out = p[0];
		*at += 1;
		return 0;
	}
	if (len - *at < 4)
		return -1;
	*out = (size_t)(p[0] & ~LONG_FORM) << 24 | (size_t)p[1] << 16 |
	    (size_t)p[2] << 8 | p[3];
	*at += 4;
	return 0;
}

int
fcgi_params_next(
    const uint8_t *params, size_t len, size_t *at, struct fcgi_param *out)
{
	size_t pos = *at;
	size_t name_len;
	size_t value_len;

	if (pos >= len)
		return 0;
	if (read_length(params, len, &pos, &name_len) != 0 ||
	    read_length(params, len, &pos, &value_len) != 0)
		return -1;
	/* Two steps, because the sum of both could wrap. */
	if (name_len > len - pos || value_len > len - pos - name_len)
		return -1;
	out->name = params + pos;
	out->name_len = name_len;
	out->value = params + pos + name_len;
	out->value_len = value_len;
	*at = pos + name_len + value_len;
	return 1;
}
